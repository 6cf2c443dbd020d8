// When an offering is open: within its windows, and in each window within its weekly hours. Rule: contract, 9.2.

import { DAY, MINUTE, isZone, steady } from "./zones.js";

export const windowsOf = (offering) => (Array.isArray(offering.attributes?.schedules) ? offering.attributes.schedules : []);

const configOf = (window) => window?.extendedProps?.config ?? {};

/** The time zone that the offering's hours are in; UTC where it says none that is known. */
export function zoneOf(offering) {
  const said = windowsOf(offering).map((window) => configOf(window).timeZone);
  return said.find((zone) => typeof zone === "string" && isZone(zone)) ?? "UTC";
}

const USUAL = { daysOfWeek: [1, 2, 3, 4, 5], startTime: "09:00", endTime: "17:00" };

/** Minutes after midnight; beyond 24:00 is the next day. */
export function minutes(text) {
  const found = /^(\d\d?):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,3})?)?$/.exec(text);
  return found ? Number(found[1]) * 60 + Number(found[2]) + Number(found[3] ?? 0) / 60 : NaN;
}

/** Weekly hours of a window, always a list, with all members; null where it is open all the time. */
export function weeklyOf(window) {
  const given = configOf(window).businessHours;
  if (given === undefined || given === null || given === false) return null;
  const { daysOfWeek, ...usual } = USUAL;
  const hours = Array.isArray(given) ? given.map((each) => ({ ...usual, ...each })) : [{ daysOfWeek, ...usual, ...(given === true ? {} : given) }];
  const good = hours.every((each) => Array.isArray(each.daysOfWeek) && minutes(each.startTime) <= 2880 && minutes(each.endTime) <= 2880);
  return good ? hours : []; // what are no hours opens nothing
}

/** Merges spans that touch or overlap, earliest first. */
export function merged(spans) {
  const result = [];
  for (const span of [...spans].sort((one, other) => one.start - other.start)) {
    const last = result.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else if (span.start < span.end) result.push({ ...span });
  }
  return result;
}

/** What is left of a span without others, which are merged. */
export function without(start, end, others) {
  const left = [];
  let from = start;
  for (const other of others) {
    if (other.start > from) left.push({ start: from, end: Math.min(other.start, end) });
    from = Math.max(from, other.end);
    if (from >= end) break;
  }
  if (from < end) left.push({ start: from, end });
  return left.filter((span) => span.start < span.end);
}

/** What hours open, on each day of a span whose clock they are read from. */
function* weekly(hours, zone, start, end) {
  for (const part of steady(zone, start, end)) {
    const first = Math.floor((part.start + part.offset) / DAY) - 2; // whose hours may reach over midnight
    for (let day = first * DAY; day < part.end + part.offset; day += DAY) {
      const weekday = new Date(day).getUTCDay();
      for (const { daysOfWeek, startTime, endTime } of hours) {
        if (!daysOfWeek.includes(weekday)) continue;
        const opens = Math.max(day + minutes(startTime) * MINUTE - part.offset, part.start);
        const closes = Math.min(day + minutes(endTime) * MINUTE - part.offset, part.end);
        if (opens < closes) yield { start: opens, end: closes };
      }
    }
  }
}

/** When a window begins; of one that has begun the service does not tell, so it counts as open all along. */
function begins(window) {
  const start = Date.parse(window?.start);
  return start < Date.now() + 5 * MINUTE ? -Infinity : start;
}

/** When the offering is open within a span, by its windows and hours. */
export function open(offering, start, end) {
  const found = [];
  for (const window of windowsOf(offering)) {
    const [from, to] = [Math.max(begins(window), start), Math.min(Date.parse(window?.end), end)];
    if (!(from < to)) continue;
    const hours = weeklyOf(window);
    const zone = configOf(window).timeZone ?? "UTC";
    if (hours === null) found.push({ start: from, end: to });
    else if (isZone(zone)) found.push(...weekly(hours, zone, from, to));
  }
  return merged(found);
}

export const closed = (offering, start, end) => without(start, end, open(offering, start, end));
