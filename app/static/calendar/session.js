// The token: typed in, or from the fragment of a link; kept for this tab alone, and never part of a request's address.

const KEY = "booking.token";

/** Takes the token out of the address, so that neither history nor a bookmark keeps it; whether there was one. */
export function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return false;
  sessionStorage.clear();
  sessionStorage.setItem(KEY, given.trim());
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

export const token = () => sessionStorage.getItem(KEY);

export const signIn = (given) => sessionStorage.setItem(KEY, given.trim());

export const signOut = () => sessionStorage.clear();

/** What this tab remembers of its user beside the token, such as the offerings that were chosen. */
export const remembered = (name) => JSON.parse(sessionStorage.getItem(`booking.${name}`) ?? "null");

export const remember = (name, value) => sessionStorage.setItem(`booking.${name}`, JSON.stringify(value));
