// The public API, over HTTP: what is asked, what is refused and why.

import { token } from "./session.js";

const ROOT = new URL("api/", document.baseURI);
const PAGE = 300;
const MOST_PAGES = 20;

/** An answer that is no success. */
export class Refused extends Error {
  constructor(status, body) {
    super(explained(body) || `The service answered ${status}.`);
    this.status = status;
    this.conflicts = Array.isArray(body) ? (body.find((part) => part?.conflicts)?.conflicts ?? []) : [];
  }
}

/** All that a refusal says, as text: messages, by the name of the member that they are about. */
function explained(body) {
  if (typeof body === "string") return body;
  if (Array.isArray(body)) return body.map(explained).filter(Boolean).join(" ");
  if (body === null || typeof body !== "object") return "";
  return Object.entries(body)
    .filter(([name]) => name !== "conflicts")
    .map(([name, told]) => (["detail", "non_field_errors", "attributes"].includes(name) ? "" : `${name}: `) + explained(told))
    .join(" ");
}

function address(path, query = {}) {
  const url = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) if (each !== undefined && each !== null && each !== "") url.searchParams.append(name, each);
  }
  return url;
}

let signedOut = () => {};
let lastAnswer = Date.now();

/** Says what happens when the token is no longer good. */
export const whenSignedOut = (act) => (signedOut = act);

/** What the service's clock said when it last answered. */
export const serverTime = () => lastAnswer;

/** One request; the answer, whatever it is, unless nobody is signed in. */
async function send(method, path, { query, body, headers } = {}) {
  const given = { Accept: "application/json", Authorization: `Token ${token()}`, ...headers };
  if (body !== undefined) given["Content-Type"] = "application/json";
  const sent = { method, headers: given, body: body === undefined ? undefined : JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(address(path, query), { ...sent, cache: "no-store", credentials: "omit", referrerPolicy: "no-referrer" });
  } catch {
    throw new Refused(0, "The service cannot be reached.");
  }
  if (answer.status === 401) signedOut();
  lastAnswer = Date.parse(answer.headers.get("Date")) || Date.now();
  return answer;
}

async function content(answer) {
  const text = await answer.text();
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return text;
  }
}

async function taken(answer) {
  const body = await content(answer);
  if (!answer.ok) throw new Refused(answer.status, body);
  return body;
}

/** What a request is answered with; raises Refused. */
export const call = async (method, path, options) => taken(await send(method, path, options));

export const get = (path, query) => call("GET", path, { query });

/** One row, and the tag by which a decision says what it is about. */
export async function retrieved(path) {
  const answer = await send("GET", path);
  return [await taken(answer), answer.headers.get("ETag")];
}

/** One page of a list, and how many rows there are in all. */
export async function page(path, query) {
  const answer = await send("GET", path, { query });
  return [await taken(answer), Number(answer.headers.get("X-Result-Count"))];
}

/** All rows of a list: its first page, then the others at once. */
export async function all(path, query) {
  const asked = { ...query, page_size: PAGE };
  const [rows, total] = await page(path, asked);
  const others = Math.min(Math.ceil(total / PAGE), MOST_PAGES) - 1;
  const pages = Array.from({ length: Math.max(others, 0) }, (_, index) => get(path, { ...asked, page: index + 2 }));
  return rows.concat(...(await Promise.all(pages)));
}

/** Whether there is such a route, which takes that method. */
export async function offers(path, method) {
  const answer = await send("OPTIONS", path);
  return answer.ok && (answer.headers.get("Allow") ?? "").split(", ").includes(method);
}
