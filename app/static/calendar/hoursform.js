// Opening hours: windows of time, and in each the hours of the week, by the clock of a place.

import { call } from "./api.js";
import { dialog, field, form, h, notice } from "./dom.js";
import { minutes, weeklyOf, windowsOf } from "./hours.js";
import { HERE, clock, instant, isZone, spanText } from "./zones.js";

const WEEKDAYS = [[1, "Mon"], [2, "Tue"], [3, "Wed"], [4, "Thu"], [5, "Fri"], [6, "Sat"], [0, "Sun"]];
const WORKING = { daysOfWeek: [1, 2, 3, 4, 5], startTime: "08:00", endTime: "18:00" };

const remove = (row, what) => h("button", { type: "button", class: "plain", "aria-label": `Remove ${what}`, onclick: () => row.remove() }, "×");

const two = (number) => String(number).padStart(2, "0");

/** A time of the day for a control; what is beyond midnight is of the next day. */
const shown = (text) => two(Math.floor(minutes(text) / 60) % 24) + `:${two(minutes(text) % 60)}`;

/** When hours close, counted from the day on which they open. */
function closing(from, until) {
  if (until > from) return until;
  return two(Number(until.slice(0, 2)) + 24) + until.slice(2);
}

/** One line of weekly hours: days, from, until. */
function hoursRow(hours) {
  const boxes = WEEKDAYS.map(([day, label]) => h("label", { class: "weekday" }, h("input", { type: "checkbox", value: day, checked: hours.daysOfWeek.includes(day) }), label));
  const time = (label, value) => h("input", { type: "time", "aria-label": label, required: true, value });
  const [from, until] = [time("Opens", shown(hours.startTime)), time("Closes; of the next day, if it is not after the opening", shown(hours.endTime))];
  const row = h("div", { class: "hours-row", role: "group", "aria-label": "Weekly hours" }, h("div", { class: "weekdays" }, boxes), from, "–", until);
  row.append(remove(row, "these hours"));
  row.read = () => {
    const chosen = boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => Number(box.value));
    if (!chosen.length) throw new Error("Weekly hours need a day.");
    return { ...hours, daysOfWeek: chosen, startTime: from.value, endTime: closing(from.value, until.value) };
  };
  return row;
}

/** A window with its hours; what else it has stays as it is. */
function windowPart(window, zoneShown) {
  const config = window.extendedProps?.config ?? {};
  const zone = h("input", { type: "text", list: "zones", required: true, value: config.timeZone ?? zoneShown, autocomplete: "off" });
  const at = (text) => (Number.isNaN(Date.parse(text)) ? "" : clock(zone.value, Date.parse(text)).slice(0, 16));
  const limit = (text) => h("input", { type: "datetime-local", required: true, value: at(text), max: "9998-12-31T00:00" });
  const [start, end] = [limit(window.start), limit(window.end)];
  const before = [start.value, end.value];
  const rows = h("div", { class: "hours" }, (weeklyOf(window) ?? []).map(hoursRow));
  const add = h("button", { type: "button", onclick: () => rows.append(hoursRow(WORKING)) }, "Add weekly hours");
  const limits = h("div", { class: "grid" }, field("From", start), field("Until", end), field("Clock of", zone));
  const part = h("fieldset", {}, h("legend", {}, "Open"), limits, rows, h("p", { class: "quiet" }, "Without weekly hours it is open all the time in between."));
  part.append(h("div", { class: "buttons" }, add, h("button", { type: "button", onclick: () => part.remove() }, "Remove this window")));
  part.read = () => {
    if (!isZone(zone.value)) throw new Error(`There is no time zone ${zone.value}.`);
    const hours = [...rows.children].map((row) => row.read());
    const { businessHours: _, ...kept } = config;
    const set = { ...kept, timeZone: zone.value, ...(hours.length ? { businessHours: hours.length === 1 ? hours[0] : hours } : {}) };
    const moment = (control, text, old) => (control.value === old ? text : new Date(instant(zone.value, control.value)).toISOString());
    const props = { ...window.extendedProps, config: set };
    return { ...window, start: moment(start, window.start, before[0]), end: moment(end, window.end, before[1]), extendedProps: props };
  };
  return part;
}

const outsideText = ({ name, start, end, uuid }, zone) => `${name || uuid || "A booking"}${start && end ? `, ${spanText(zone, Date.parse(start), Date.parse(end))}` : ""}`;

/** Asks for the hours of an offering; what the answer lists as left outside of them is told. */
export function openHours(offering, attributes, path, { zone, changed }) {
  const now = Date.now();
  const fresh = () => ({ start: new Date(now).toISOString(), end: new Date(now + 366 * 86_400_000).toISOString(), extendedProps: { config: { businessHours: WORKING, timeZone: HERE } } });
  const parts = h("div", {}, windowsOf({ attributes }).map((window) => windowPart(window, "UTC")));
  const add = h("button", { type: "button", onclick: () => parts.append(windowPart(fresh(), HERE)) }, "Add a window");
  const zones = h("datalist", { id: "zones" }, ["UTC", ...(Intl.supportedValuesOf?.("timeZone") ?? [])].map((name) => h("option", { value: name })));
  const submit = async () => {
    const schedules = [...parts.children].map((part) => part.read());
    const answer = await call("POST", path, { body: { ...attributes, schedules } });
    opened.close();
    const outside = answer?.outside ?? [];
    notice("The new hours hold from now on.");
    if (outside.length) notice(`These bookings stand, though they are outside the new hours: ${outside.map((one) => outsideText(one, zone())).join("; ")}.`, "warning");
    await changed();
  };
  const opened = dialog(`Opening hours of ${offering.name}`, form([parts, add, zones], submit, h("button", { type: "submit", class: "main" }, "Save")));
  opened.classList.add("wide");
}
