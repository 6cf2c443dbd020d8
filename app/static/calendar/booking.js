// One booking: what it is, what it collides with, who did what; and the decisions about it.

import { Refused, call, get, retrieved } from "./api.js";
import { rivals } from "./data.js";
import { dialog, field, form, h, notice, row } from "./dom.js";
import { closed } from "./hours.js";
import { ageText, spanText } from "./zones.js";

const STATES = { Creating: "Waiting", Updating: "Accepted, being changed", OK: "Accepted", Terminated: "Ended", Terminating: "Ending", Erred: "Failed" };

const period = ({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) });

async function read(uuid) {
  const [found, tag] = await retrieved(`booking-resources/${uuid}/`);
  const [changes, others] = await Promise.all([
    get(`booking-resources/${uuid}/history/`, { page_size: 100 }),
    rivals({ ...found, slots: found.slots.map(period) }).catch(() => []), // whoever may not see the calendar
  ]);
  return { booking: { ...found, slots: found.slots.map(period) }, tag, changes, others };
}

const changeText = (change) => {
  const who = change.user_full_name || change.user_username || "The service";
  const why = change.comment ? `: “${change.comment}”` : "";
  return `${STATES[change.to_state] ?? change.to_state} by ${who}, ${ageText(Date.parse(change.created))} ago${why}`;
};

/** What stands in the way of a booking, in words, by the clock of the zone. */
function collisions({ booking, others }, offering, zone) {
  const found = others.map((other) => `${spanText(zone, other.start, other.end)}: ${other.created_by_full_name ?? "taken"}`);
  for (const slot of booking.slots) {
    const shut = offering ? closed(offering, slot.start, slot.end) : [];
    found.push(...shut.map((span) => `${spanText(zone, span.start, span.end)}: outside opening hours`));
  }
  return found;
}

function details(known, offering, zone) {
  const { booking, changes } = known;
  const against = collisions(known, offering, zone);
  const list = (texts) => h("ul", {}, texts.map((text) => h("li", {}, text)));
  const asked = [booking.created_by_full_name, booking.project_name, booking.customer_name].filter(Boolean).join(", ");
  return h(
    "dl",
    { class: "details" },
    row("State", h("span", { class: `state ${booking.state}` }, STATES[booking.state] ?? booking.state)),
    row("Offering", booking.offering_name),
    row("When", list(booking.slots.map((slot) => spanText(zone, slot.start, slot.end)))),
    row("For", asked),
    row("Asked", `${ageText(Date.parse(booking.created))} ago`),
    booking.description ? row("Purpose", booking.description) : [],
    booking.creation_order?.request_comment ? row("Word", booking.creation_order.request_comment) : [],
    row("Collides with", against.length ? list(against) : "nothing"),
    changes.length ? row("Changes", list(changes.map(changeText))) : [],
  );
}

/** Buttons for what the caller may do now, and the text that goes with it. */
function decisions(booking, mode) {
  const may = (name) => booking.available_actions.includes(name);
  const button = (value, label, kind = "") => h("button", { type: "submit", value, class: kind }, label);
  const asProvider = mode === "provide";
  return [
    asProvider && may("accept") && button("accept", "Accept", "main"),
    may("reject") && button("reject", asProvider ? "Reject" : "Withdraw", asProvider ? "danger" : "main"),
    booking.can_terminate && button("terminate", "End this booking", "danger"),
  ].filter(Boolean);
}

const DONE = { accept: "Accepted", reject: "Rejected", terminate: "Ended" };

async function decide(action, uuid, tag, reason) {
  const path = action === "terminate" ? `marketplace-resources/${uuid}/terminate/` : `booking-resources/${uuid}/${action}/`;
  const bodies = { reject: { provider_rejection_comment: reason }, terminate: { attributes: { termination_comment: reason } } };
  await call("POST", path, { body: reason ? bodies[action] : undefined, headers: action === "terminate" ? {} : { "If-Match": tag } });
}

/** Opens a booking. `told` is what has just been learnt about it; `act` is called after each change. */
export async function openBooking(uuid, context, told = "") {
  const { mode, offering, zone, act, find } = context;
  let known;
  try {
    known = await read(uuid);
  } catch (error) {
    notice(`This booking cannot be shown. ${error.message}`, "error");
    return act();
  }
  const { booking, tag, changes } = known;
  const buttons = decisions(booking, mode);
  const reason = h("textarea", { rows: 2, maxlength: 1000, name: "reason" });
  const label = mode === "provide" ? "Reason, if you reject or end it" : "Reason, if you want to say one";
  const submit = async (action) => {
    try {
      await decide(action, uuid, tag, reason.value.trim());
    } catch (error) {
      if (!(error instanceof Refused) || ![409, 412].includes(error.status)) throw error;
      opened.close();
      await act();
      return openBooking(uuid, context, meanwhile(error, booking));
    }
    opened.close();
    notice(`${mode === "book" && action === "reject" ? "Withdrawn" : DONE[action]}: ${booking.name || "booking"}.`);
    await act();
  };
  const warning = told && h("p", { class: "problem", role: "alert" }, typeof told === "function" ? told(known) : told);
  const asked = buttons.some((each) => each.value !== "accept");
  const show = async () => {
    opened.close();
    await find(booking);
  };
  const opened = dialog(
    booking.name || "Booking",
    warning,
    details(known, offering, zone),
    h("p", {}, h("button", { type: "button", class: "plain link", onclick: show }, "Show it in the calendar")),
    buttons.length ? form([asked && field(label, reason)].filter(Boolean), submit, ...buttons) : null,
  );
  opened.dataset.changes = changes.length;
}

/** Why a decision was not taken: the booking has changed since it was looked at. */
function meanwhile(error, before) {
  return ({ booking, changes }) => {
    const last = changes.at(-1);
    const what = last && booking.state !== before.state ? ` ${changeText(last)}.` : " Somebody has changed it.";
    const next = error.status === 412 ? " Nothing was done. Look at it as it is now, and decide again if you can." : " Nothing was done.";
    return `This booking has changed since you opened it.${what}${next}`;
  };
}
