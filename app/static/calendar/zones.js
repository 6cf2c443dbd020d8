// Time zones. The calendar shows clock time, written YYYY-MM-DDTHH:MM:SS; all else on the page is milliseconds since 1970.

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const formats = new Map();

function format(zone, options) {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }));
  return formats.get(key);
}

export function isZone(zone) {
  try {
    return Boolean(format(zone, {}));
  } catch {
    return false;
  }
}

const PARTS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const offsets = new Map();

/** How far the clocks of the zone are ahead of UTC. They change at full quarters of an hour at the earliest. */
export function offset(zone, at) {
  const quarter = Math.floor(at / (15 * MINUTE));
  const key = `${zone} ${quarter}`;
  if (!offsets.has(key)) {
    if (offsets.size > 50_000) offsets.clear();
    const start = quarter * 15 * MINUTE;
    const told = Object.fromEntries(format(zone, PARTS).formatToParts(start).map((part) => [part.type, part.value]));
    offsets.set(key, Date.parse(`${told.year}-${told.month}-${told.day}T${told.hour}:${told.minute}:${told.second}Z`) - start);
  }
  return offsets.get(key);
}

/** What the clock of the zone says. */
export const clock = (zone, at) => new Date(at + offset(zone, at)).toISOString().slice(0, 19);

/** When the clock says so: the first time if it does twice, and after the gap if it never does. */
export function instant(zone, said) {
  const guess = Date.parse(`${said}${said.length === 16 ? ":00" : ""}Z`);
  const [before, after] = [offset(zone, guess - DAY), offset(zone, guess + DAY)];
  const found = [guess - before, guess - after].filter((at) => at + offset(zone, at) === guess);
  return found.length ? Math.min(...found) : guess - before;
}

/** Parts of a span within which the clock does not change. */
export function steady(zone, start, end) {
  const parts = [];
  for (let from = start; from < end; ) {
    const now = offset(zone, from);
    let to = from;
    while (to < end && offset(zone, to) === now) to = Math.min(to + DAY, end);
    for (let low = Math.max(from, to - DAY); offset(zone, to) !== now && to - low > 1; ) {
      const middle = Math.floor((low + to) / 2);
      if (offset(zone, middle) === now) low = middle;
      else to = middle;
    }
    parts.push({ start: from, end: to, offset: now });
    from = to;
  }
  return parts;
}

/** The offset as the calendar wants it, such as +02:00. */
export function offsetText(zone, at) {
  const minutes = Math.round(offset(zone, at) / MINUTE);
  const two = (number) => String(Math.abs(number)).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

const DATE = { weekday: "short", day: "numeric", month: "short" };
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export const dayText = (zone, at) => format(zone, { ...DATE, year: "numeric" }).format(at);

/** A period in words, such as Thu, 26 Nov, 10:00–12:00. */
export function spanText(zone, start, end) {
  const [first, last] = [format(zone, DATE).format(start), format(zone, DATE).format(end)];
  const [from, to] = [format(zone, TIME).format(start), format(zone, TIME).format(end)];
  return first === last ? `${first}, ${from}–${to}` : `${first}, ${from} – ${last}, ${to}`;
}

/** How long ago, in the largest unit that fits. */
export function ageText(since, now = Date.now()) {
  const units = [["day", DAY], ["hour", HOUR], ["minute", MINUTE]];
  const [name, length] = units.find(([, each]) => now - since >= each) ?? ["minute", MINUTE];
  const count = Math.max(Math.floor((now - since) / length), 0);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}

/** The days, by the clock of the zone, that touch a span: each YYYY-MM-DD. */
export function days(zone, start, end) {
  const found = [];
  for (let day = Date.parse(`${clock(zone, start).slice(0, 10)}T00:00Z`); day <= Date.parse(`${clock(zone, end - 1).slice(0, 10)}T00:00Z`); day += DAY) {
    found.push(new Date(day).toISOString().slice(0, 10));
  }
  return found;
}
