// A request that waits for the consumer: what it is; to agree to it, or to decline it. It holds its time already.

import { Refused, call } from "./api.js";
import { dialog, form, h, notice, row } from "./dom.js";
import { ageText, spanText } from "./zones.js";

const DONE = { approve: "Agreed to", reject: "Declined" };

const list = (texts) => h("ul", {}, texts.map((text) => h("li", {}, text)));

function details(order, zone) {
  return h(
    "dl",
    { class: "details" },
    row("Offering", order.offering_name),
    row("When", order.slots.length ? list(order.slots.map((slot) => spanText(zone, slot.start, slot.end))) : "no time"),
    row("For", [order.created_by_full_name, order.project_name, order.customer_name].filter(Boolean).join(", ")),
    row("Asked", `${ageText(Date.parse(order.created))} ago`),
    order.attributes.description ? row("Purpose", order.attributes.description) : [],
    order.request_comment ? row("Word", order.request_comment) : [],
    order.cost === null ? [] : row("Costs", String(Number(order.cost))),
  );
}

/** Opens an order on which one may decide for the consumer; `act` is called after each change. */
export function openOrder(order, { zone, act, find }) {
  const submit = async (action) => {
    try {
      await call("POST", `marketplace-orders/${order.uuid}/${action}_by_consumer/`);
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 409) throw error;
      opened.close();
      notice(`Nothing was done: somebody has decided on “${order.name}” meanwhile.`, "warning");
      return act();
    }
    opened.close();
    notice(`${DONE[action]}: ${order.name}.${action === "approve" ? " The provider decides next." : ""}`);
    await act();
  };
  const show = async () => {
    opened.close();
    await find(order);
  };
  const agree = h("button", { type: "submit", value: "approve", class: "main" }, "Agree");
  const decline = h("button", { type: "submit", value: "reject", class: "danger" }, "Decline");
  const opened = dialog(
    order.name,
    details(order, zone),
    h("p", {}, h("button", { type: "button", class: "plain link", onclick: show }, "Show it in the calendar")),
    form([], submit, agree, decline),
  );
}
