// Beside the calendar: which offerings are shown, what waits for the provider, what the consumer has asked for.

import * as data from "./data.js";
import { byId, h } from "./dom.js";
import { DAY, ageText, spanText } from "./zones.js";

export const MOST_CHOSEN = 8;

/** The search for offerings, and those that are chosen. */
export class Picker {
  constructor(mode, chosen, choose) {
    this.mode = mode;
    this.chosen = new Map(chosen.map((one) => [one.uuid, one]));
    this.choose = choose;
    this.list = h("ul", { class: "offerings" });
    this.told = h("p", { class: "quiet", role: "status" });
    this.search = h("input", { type: "search", id: "search", autocomplete: "off", oninput: () => this.#soon() });
    const label = h("label", { for: "search" }, "Search offerings");
    this.element = h("section", { class: "card", "aria-labelledby": "offerings" }, h("h2", { id: "offerings" }, "Offerings"), label, this.search, this.list, this.told);
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.find(), 250);
  }

  async find() {
    const text = this.search.value.trim();
    const [rows, total] = await data.offerings(this.mode, text);
    if (text !== this.search.value.trim()) return;
    this.found = rows;
    this.total = total;
    this.draw();
  }

  draw() {
    const others = (this.found ?? []).filter((one) => !this.chosen.has(one.uuid));
    this.list.replaceChildren(...[...this.chosen.values(), ...others].map((one) => this.#row(one)));
    const left = this.total - (this.found?.length ?? 0);
    this.told.textContent = left > 0 ? `and ${left} more: search for them` : this.total === 0 && !this.chosen.size ? "None here." : "";
  }

  #row(one) {
    const box = h("input", { type: "checkbox", id: `offering-${one.uuid}`, checked: this.chosen.has(one.uuid), onchange: () => this.#toggle(one, box.checked) });
    const about = [one.customer_name, one.state === "Active" ? "" : one.state].filter(Boolean).join(" · ");
    return h("li", {}, box, h("label", { for: box.id }, one.name, h("small", {}, about)));
  }

  #toggle(one, on) {
    if (on && this.chosen.size >= MOST_CHOSEN) this.chosen.delete(this.chosen.keys().next().value);
    if (on) this.chosen.set(one.uuid, one);
    else this.chosen.delete(one.uuid);
    const focused = document.activeElement?.id;
    this.draw();
    byId(focused)?.focus();
    this.choose([...this.chosen.values()]);
  }
}

/** A list of bookings, each a button that opens it. */
export class Bookings {
  constructor(heading, none, describe, id = "list") {
    this.describe = describe;
    this.none = none;
    this.count = h("span", { class: "count" });
    this.list = h("ol", { class: "bookings" });
    const title = h("h2", { id }, heading, " ", this.count);
    this.element = h("section", { class: "card", "aria-labelledby": id }, title, this.list);
  }

  draw(bookings, total, open) {
    const focused = document.activeElement?.dataset?.booking;
    this.count.textContent = total ? String(total) : "";
    const rows = bookings.map((one) =>
      h("li", {}, h("button", { type: "button", "data-booking": one.uuid, onclick: () => open(one) }, this.describe(one))),
    );
    const more = total > bookings.length ? h("li", { class: "quiet" }, `and ${total - bookings.length} more`) : null;
    this.list.replaceChildren(...(rows.length ? [...rows, more].filter(Boolean) : [h("li", { class: "quiet" }, this.none)]));
    if (focused) this.list.querySelector(`[data-booking="${focused}"]`)?.focus();
  }
}

const first = (booking, zone) => {
  const [slot, ...others] = booking.slots;
  return slot ? spanText(zone, slot.start, slot.end) + (others.length ? ` and ${others.length} more` : "") : "no time";
};

/** A request that waits: what, when, for whom, how long already, and what it collides with as far as that is known. */
export const waitingRow = (zone, collisions) => (booking) => {
  const created = Date.parse(booking.created);
  const against = collisions(booking);
  return [
    h("strong", {}, booking.name || "Booking"),
    h("span", { class: Date.now() - created > 3 * DAY ? "age late" : "age" }, `waits ${ageText(created)}`),
    h("span", { class: "line" }, `${booking.offering_name}, ${first(booking, zone())}`),
    h("span", { class: "line" }, [booking.created_by_full_name, booking.customer_name].filter(Boolean).join(", ")),
    against.length ? h("span", { class: "line against" }, `Collides with ${against.join(", ")}`) : null,
  ];
};

/** A request that waits for one's agreement. */
export const askedRow = (zone) => (order) => [
  h("strong", {}, order.name),
  h("span", { class: "age" }, `waits ${ageText(Date.parse(order.created))}`),
  h("span", { class: "line" }, `${order.offering_name}, ${first(order, zone())}`),
  h("span", { class: "line" }, [order.created_by_full_name, order.project_name].filter(Boolean).join(", ")),
];

export const ownRow = (zone, username) => (booking) => [
  h("strong", {}, booking.name || "Booking"),
  h("span", { class: booking.state === "Creating" ? "tag waiting" : "tag accepted" }, booking.state === "Creating" ? "waiting" : "accepted"),
  h("span", { class: "line" }, `${booking.offering_name}, ${first(booking, zone())}`),
  h("span", { class: "line" }, booking.created_by_username === username ? booking.project_name : `${booking.created_by_full_name ?? ""}, ${booking.project_name}`),
];
