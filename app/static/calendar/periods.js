// Periods of time that one chooses: to block as a provider, to request as a consumer.

import { all, call } from "./api.js";
import { dialog, field, form, h, notice } from "./dom.js";
import { remember, remembered } from "./session.js";
import { clock, instant, spanText } from "./zones.js";

function times({ start, end }, zone) {
  const control = (at) => h("input", { type: "datetime-local", required: true, step: 60, value: clock(zone, at).slice(0, 16) });
  return [control(start), control(end)];
}

const iso = (zone, control) => new Date(instant(zone, control.value)).toISOString().replace(".000", "");

const pick = (offerings, chosen) =>
  h("select", {}, offerings.map((one) => h("option", { value: one.uuid, selected: one.uuid === chosen }, one.name)));

const buttons = (label) => h("button", { type: "submit", class: "main" }, label);

/** A refusal, with what is in the way by the clock of the zone. */
function explaining(work, zone) {
  return async () => {
    try {
      await work();
    } catch (error) {
      error.shown = () => [
        h("p", {}, error.message),
        error.conflicts?.length ? h("p", {}, "In the way:") : "",
        h("ul", {}, (error.conflicts ?? []).map((each) => h("li", {}, conflictText(each, zone)))),
      ];
      throw error;
    }
  };
}

const keptText = (zone, until) => (until ? `, kept free until ${clock(zone, Date.parse(until)).slice(11, 16)}` : "");

const conflictText = ({ start, end, state, held_until }, zone) =>
  `${spanText(zone, Date.parse(start), Date.parse(end))}${keptText(zone, held_until)}${{ Creating: ": another request", Updating: ": an accepted booking", OK: ": an accepted booking" }[state] ?? ": taken"}`;

/** Asks what to block. */
export function openBlock(chosen, { offerings, zone, act, done }) {
  const [start, end] = times(chosen, zone);
  const offering = pick(offerings, chosen.offering);
  const comment = h("input", { type: "text", maxlength: 500, placeholder: "Maintenance" });
  const submit = explaining(async () => {
    const body = { start: iso(zone, start), end: iso(zone, end), comment: comment.value.trim() };
    await call("POST", `booking-offerings/${offering.value}/busy-slots/`, { body });
    opened.close();
    notice("Blocked. Nobody can book this time.");
    await act();
  }, zone);
  const fields = [field("Offering", offering), field("From", start, `By the clock of ${zone}`), field("Until", end), field("What for", comment, "Shown to your side alone")];
  const opened = dialog("Block time", form(fields, submit, buttons("Block")));
  opened.addEventListener("close", done);
}

/** Shows a block, and removes it. */
export function openBlocked({ block, offering }, { zone, act }) {
  const submit = async () => {
    await call("DELETE", `booking-offerings/${offering.uuid}/busy-slots/${block.uuid}/`);
    opened.close();
    notice("Removed. This time can be booked again.");
    await act();
  };
  const told = h("dl", { class: "details" }, h("dt", {}, "Offering"), h("dd", {}, offering.name), h("dt", {}, "When"), h("dd", {}, spanText(zone, block.start, block.end)));
  const opened = dialog(block.comment || "Blocked", told, form([], submit, h("button", { type: "submit", class: "danger" }, "Remove this block")));
}

/** Shows time that is taken by what one may not see. */
export function openTaken({ taken, offering }, { zone }) {
  const by = taken.created_by_full_name ? [h("dt", {}, "By"), h("dd", {}, taken.created_by_full_name)] : [];
  dialog("Taken", h("dl", { class: "details" }, h("dt", {}, "Offering"), h("dd", {}, offering.name), h("dt", {}, "When"), h("dd", {}, spanText(zone, taken.start, taken.end)), by));
}

const PLACED = {
  "pending-consumer": "Requested. Your organisation has to agree before the provider decides.",
  done: "Booked: your request was accepted at once.",
};

function planField(offerings) {
  const select = h("select", {});
  const made = field("Price", select);
  const fill = (uuid) => {
    const plans = offerings.find((one) => one.uuid === uuid)?.plans ?? [];
    select.replaceChildren(...plans.map((plan) => h("option", { value: plan.url }, `${plan.name}: ${Number(plan.unit_price)} per ${plan.unit}`)));
    made.hidden = plans.length === 0;
  };
  return { made, select, fill };
}

async function projectField() {
  const projects = await all("projects/", { is_removed: false, field: ["uuid", "url", "name", "customer_name"] });
  const last = remembered("project");
  return h("select", { required: true }, projects.map((one) => h("option", { value: one.url, selected: one.url === last }, `${one.name} (${one.customer_name})`)));
}

/** Asks for what a period is requested. */
export async function openRequest(chosen, { offerings, zone, act, done }) {
  const [start, end] = times(chosen, zone);
  const [offering, project, plan] = [pick(offerings, chosen.offering), await projectField(), planField(offerings)];
  const name = h("input", { type: "text", maxlength: 150, required: true });
  const purpose = h("textarea", { rows: 2, maxlength: 2000 });
  const terms = h("input", { type: "checkbox" });
  const termsField = field("I accept the terms of service of this offering", terms);
  termsField.hidden = true;
  offering.addEventListener("change", () => plan.fill(offering.value));
  plan.fill(offering.value);
  const key = crypto.randomUUID?.() ?? String(Math.random());
  let attempt = 0;
  const submit = explaining(async () => {
    const schedules = [{ start: iso(zone, start), end: iso(zone, end) }];
    const asked = `/api/marketplace-public-offerings/${offering.value}/`;
    const body = { offering: asked, project: project.value, attributes: { name: name.value.trim(), description: purpose.value.trim(), schedules } };
    if (plan.select.value) body.plan = plan.select.value;
    if (terms.checked) body.accepting_terms_of_service = true;
    remember("project", project.value);
    let placed;
    try {
      placed = await call("POST", "marketplace-orders/", { body, headers: { "Idempotency-Key": `${key}-${attempt}` } });
    } catch (error) {
      if (error.status) attempt += 1; // answered: what is sent next is another request
      if (/terms of service/i.test(error.message)) termsField.hidden = false;
      throw error;
    }
    opened.close();
    notice(PLACED[placed.state] ?? "Requested. The provider decides.");
    await act();
  }, zone);
  const fields = [field("Offering", offering), field("From", start, `By the clock of ${zone}`), field("Until", end), field("Name", name), field("For the project", project), plan.made, field("Purpose", purpose), termsField];
  const opened = dialog("Request time", form(fields, submit, buttons("Request")));
  opened.addEventListener("close", done);
  name.focus();
}
