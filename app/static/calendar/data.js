// What the page knows: read from the API for the offerings and the time that are shown, and kept up to date.

import { all, get, page } from "./api.js";
import { DAY } from "./zones.js";

export const LIVE = ["Creating", "Updating", "OK"];
const FIELDS = [
  ...["uuid", "name", "state", "created", "modified", "slots", "offering_uuid", "offering_name"],
  ...["project_name", "customer_name", "created_by_full_name", "created_by_username"],
];
const OFFERING_FIELDS = [
  ...["uuid", "name", "slug", "customer_name", "category_title", "attributes", "state", "paused_reason", "plans", "plugin_options"],
];
const ORDER_FIELDS = [
  ...["uuid", "created", "resource_name", "attributes", "offering_uuid", "offering_name", "cost", "request_comment"],
  ...["project_name", "customer_name", "created_by_full_name"],
];
const SECONDS_BACK = 10_000; // a change that was committed after one with a later time
const WAITING_SHOWN = 50;

const iso = (at) => new Date(at).toISOString();

const period = ({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) });

const booking = (row) => ({ ...row, slots: row.slots.map(period) });

const order = (row) => ({ ...row, name: row.resource_name || "Booking", slots: (row.attributes.schedules ?? []).map(period) });

export const MODES = {
  provide: { path: "booking-offerings/", label: "My offerings" },
  book: { path: "marketplace-public-offerings/", label: "Book" },
};

/** Offerings by a part of their names, and how many there are. */
export const offerings = (mode, text) =>
  page(MODES[mode].path, { query: text, page_size: 30, o: "name", field: OFFERING_FIELDS });

export const offering = (mode, uuid) => get(`${MODES[mode].path}${uuid}/`, { field: OFFERING_FIELDS });

async function startedEarlier(query, taken, start) {
  const earlier = taken.flat().filter((each) => each.start < start);
  if (!earlier.length) return [];
  const from = Math.min(...earlier.map((each) => each.start));
  return all("booking-resources/", { ...query, slot_start_after: iso(from), slot_start_before: iso(start) });
}

async function takenBy(offering, start, end) {
  const rows = await get(`marketplace-bookings/${offering.uuid}/`, { start: iso(start), end: iso(end) });
  return rows.map((row) => ({ ...row, ...period(row) }));
}

async function blocksOf(offering) {
  const rows = await all(`booking-offerings/${offering.uuid}/busy-slots/`, {});
  return rows.map((row) => ({ ...row, ...period(row) }));
}

async function freeIn(offering, start, end) {
  if (end <= Date.now()) return [];
  const rows = await get(`booking-offerings/${offering.uuid}/free/`, { start: iso(start), end: iso(Math.min(end, start + 366 * DAY)) });
  return rows.map(period);
}

/** Of each offering, by its UUID. */
async function each(chosen, read) {
  const found = await Promise.all(chosen.map((one) => read(one)));
  return new Map(chosen.map((one, index) => [one.uuid, found[index]]));
}

/** When offerings are taken, blocked and free; what of it is there depends on the side. */
export async function times(mode, chosen, start, end) {
  const none = new Map();
  const [taken, blocks, free] = await Promise.all([
    each(chosen, (one) => takenBy(one, start, end)),
    mode === "provide" ? each(chosen, blocksOf) : none,
    mode === "book" ? each(chosen, (one) => freeIn(one, start, end)) : none,
  ]);
  return { taken, blocks, free };
}

/** All that is shown of offerings in a span: bookings by their UUIDs, and times. */
export async function shown(mode, chosen, start, end) {
  if (!chosen.length) return { bookings: new Map(), taken: new Map(), blocks: new Map(), free: new Map() };
  const query = { offering_uuid: chosen.map((one) => one.uuid), state: LIVE, field: FIELDS };
  const [rows, found] = await Promise.all([
    all("booking-resources/", { ...query, slot_start_after: iso(start), slot_start_before: iso(end) }),
    times(mode, chosen, start, end),
  ]);
  const earlier = await startedEarlier(query, [...found.taken.values()], start);
  return { bookings: new Map([...rows, ...earlier].map((row) => [row.uuid, booking(row)])), ...found };
}

/** Requests that wait for the provider, oldest first; those of which nobody but the provider's side can decide. */
export async function waiting(offeringUuids) {
  const asked = { state: "Creating", order_state: "executing", o: "created", page_size: WAITING_SHOWN };
  const query = { ...asked, offering_uuid: offeringUuids, field: [...FIELDS, "available_actions"] };
  const [rows, total] = await page("booking-resources/", query);
  return [rows.filter((row) => row.available_actions.includes("accept")).map(booking), total];
}

/** Requests on which one may decide for the consumer, oldest first. */
export async function toAgree() {
  const query = { can_approve_as_consumer: true, o: "created", page_size: WAITING_SHOWN, field: ORDER_FIELDS };
  const [rows, total] = await page("marketplace-orders/", query);
  return [rows.map(order), total];
}

/** What one has asked for, or has had asked for in one's projects, and what is still to come. */
export async function own(username) {
  const query = { state: LIVE, o: "schedules", slot_start_after: iso(Date.now() - DAY), visible_to_username: username };
  const [rows, total] = await page("booking-resources/", { ...query, page_size: WAITING_SHOWN, field: FIELDS });
  return [rows.map(booking), total];
}

/** Bookings that have changed since then, of all that one sees, and how many there are. */
export async function changed(since) {
  const [rows, total] = await page("booking-resources/", { modified: iso(since - SECONDS_BACK), page_size: 100, field: FIELDS });
  return [rows.map(booking), total];
}

/** What takes the same time as a booking: other bookings, blocks, and hours at which the offering is closed. */
export function overlapping(one, others) {
  return others.filter((other) => one.slots.some((slot) => slot.start < other.end && other.start < slot.end));
}

/** When a booking's offering is taken around it, but for the booking itself. */
export async function rivals(one) {
  const start = Math.min(...one.slots.map((slot) => slot.start));
  const end = Math.max(...one.slots.map((slot) => slot.end));
  const taken = await takenBy({ uuid: one.offering_uuid }, start, end);
  const own = (period) => one.slots.some((slot) => slot.start === period.start && slot.end === period.end);
  const first = taken.findIndex(own);
  const others = taken.filter((each, index) => index !== first && !(own(each) && one.slots.length > 1));
  return overlapping(one, others);
}
