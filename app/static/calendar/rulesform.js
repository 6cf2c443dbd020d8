// Rules of booking: durations, limits, and whose requests are accepted at once. What is left empty does not hold.

import { call } from "./api.js";
import { dialog, field, form, h, notice } from "./dom.js";

const UNITS = [["PT#M", "minutes", 1], ["PT#H", "hours", 60], ["P#D", "days", 1440], ["P#W", "weeks", 10_080]];
const DURATIONS = [
  ["slot", "Starts and lengths in steps of", "From when it opens on"],
  ["min", "At least"],
  ["max", "At most"],
  ["lead", "Not sooner than", "From the request to the start"],
  ["horizon", "Not later than", "From the request to the end"],
  ["turnaround", "Kept free after each booking"],
  ["pending_expires", "Requests are rejected after", "If nobody decides"],
];
const LIMITS = [["max_open_per_user", "Bookings of one person at a time"], ["max_open_per_project", "Bookings of one project at a time"]];
const ROLES = [
  ["PROJECT.MEMBER", "Members of the project"],
  ["PROJECT.MANAGER", "Managers of the project"],
  ["PROJECT.ADMIN", "Administrators of the project"],
  ["CUSTOMER.MANAGER", "Managers of the organisation"],
  ["CUSTOMER.OWNER", "Owners of the organisation"],
];

const ISO = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/;

/** Minutes of an ISO 8601 duration; null of none, undefined of one that the form cannot show. */
function minutes(text) {
  if (text === null || text === undefined) return null;
  const found = ISO.exec(text);
  if (!found || Number(found[5] ?? 0) % 60) return undefined;
  const [weeks, days, hours, left, seconds] = found.slice(1).map((part) => Number(part ?? 0));
  return weeks * 10_080 + days * 1440 + hours * 60 + left + seconds / 60;
}

function durationField([name, label, hint], rules) {
  const total = minutes(rules[name]);
  if (total === undefined) {
    const text = h("input", { type: "text", value: rules[name] });
    return { name, element: field(label, text, "An ISO 8601 duration"), read: () => text.value.trim() || null };
  }
  const [pattern, , length] = UNITS.findLast(([, , each]) => total && total % each === 0) ?? UNITS[1];
  const count = h("input", { type: "number", min: 0, step: 1, value: total === null ? "" : total / length });
  const unit = h("select", { "aria-label": `${label}: unit` }, UNITS.map(([value, text]) => h("option", { value, selected: value === pattern }, text)));
  const element = field(label, count, hint);
  element.querySelector("input").after(unit);
  element.classList.add("duration");
  return { name, element, read: () => (count.value === "" ? null : unit.value.replace("#", String(Number(count.value)))) };
}

function limitField([name, label], rules) {
  const count = h("input", { type: "number", min: 1, step: 1, value: rules[name] ?? "" });
  return { name, element: field(label, count), read: () => (count.value === "" ? null : Number(count.value)) };
}

function rolesField(rules) {
  const chosen = Array.isArray(rules.auto_accept) ? rules.auto_accept : [];
  const all = [...ROLES, ...chosen.filter((role) => !ROLES.some(([known]) => known === role)).map((role) => [role, role])];
  const boxes = all.map(([role, label]) => h("label", { class: "role" }, h("input", { type: "checkbox", value: role, checked: chosen.includes(role) }), label));
  const element = h("fieldset", {}, h("legend", {}, "Accept at once what is requested by"), boxes);
  const read = () => {
    const roles = boxes.map((box) => box.firstChild).filter((box) => box.checked).map((box) => box.value);
    return roles.length ? roles : null;
  };
  return { name: "auto_accept", element, read };
}

/** Asks for the rules of an offering. */
export function openRules(offering, rules, path, { changed }) {
  const fields = [...DURATIONS.map((one) => durationField(one, rules)), ...LIMITS.map((one) => limitField(one, rules)), rolesField(rules)];
  const submit = async () => {
    await call("PUT", path, { body: { ...rules, ...Object.fromEntries(fields.map(({ name, read }) => [name, read()])) } });
    opened.close();
    notice("The new rules hold for new requests.");
    await changed();
  };
  const opened = dialog(`Rules of ${offering.name}`, form([h("div", { class: "grid" }, fields.map(({ element }) => element))], submit, h("button", { type: "submit", class: "main" }, "Save")));
  opened.classList.add("wide");
}
