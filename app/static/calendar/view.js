// The calendar itself: what is known, as events of the library, in clock time of the zone that is shown.

import { h } from "./dom.js";
import { closed } from "./hours.js";
import { DAY, MINUTE, clock, dayText, days, instant, offsetText } from "./zones.js";

const STATES = { Creating: "waiting", Updating: "accepted", OK: "accepted" };
export const WORDS = { waiting: "Waiting", accepted: "Accepted", blocked: "Blocked", taken: "Taken", mine: "Mine" };

const DATE = { weekday: "short", day: "numeric", month: "short" };
const HEADS = { day: DATE, week: DATE, month: { weekday: "short" }, days: { weekday: "short", day: "numeric" } };

/** The library's name of a view: by its length, of one offering or of several, as columns or as rows. */
function viewName(length, several, rows) {
  const span = length[0].toUpperCase() + length.slice(1);
  if (!several) return length === "month" ? "dayGridMonth" : `timeGrid${span}`;
  return rows || length === "month" ? `resourceTimeline${span}` : `resourceTimeGrid${span}`;
}

function content({ event, timeText }) {
  const { kind, detail, mine, outside, heard } = event.extendedProps;
  if (!kind || event.display === "background") return event.display === "background" ? "" : undefined;
  const state = WORDS[kind] + (mine ? ", mine" : "") + (outside ? ", outside opening hours" : "");
  return {
    domNodes: [
      h("span", { class: "heard" }, `${heard}, `),
      h("span", { class: "event-time" }, timeText),
      h("strong", { class: "event-title" }, event.title),
      h("span", { class: "event-detail" }, h("span", { class: "event-state" }, state), detail ? ` · ${detail}` : ""),
    ],
  };
}

/** Roles of a table, which the library gives to some parts of what is none: each event says itself when it is. */
const TABLE = ["table", "rowgroup", "row", "columnheader", "rowheader", "cell"].map((role) => `[role="${role}"]`).join();

export class View {
  constructor(element, { pick, select, moved }) {
    this.element = element;
    this.moved = moved;
    this.pick = pick;
    this.select = select;
    new MutationObserver(() => this.#mend()).observe(element, { childList: true, subtree: true });
  }

  /** Shows a span anew, around a day (YYYY-MM-DD) of the zone. */
  show({ length, rows, offerings, zone, day, selectable }) {
    this.zone = zone;
    this.offerings = offerings;
    this.names = new Map(offerings.map(({ uuid, name }) => [uuid, name]));
    this.length = length;
    if (this.made) EventCalendar.destroy(this.made);
    const several = offerings.length > 1;
    this.made = EventCalendar.create(this.element, {
      view: viewName(length, several, rows),
      date: day,
      timeZone: offsetText(zone, Date.now()), // of this moment alone, for the line that shows it; all else is clock time
      resources: offerings.map(({ uuid, name }) => ({ id: uuid, title: name })),
      locale: "en-GB",
      firstDay: 1,
      headerToolbar: { start: "", center: "", end: "" },
      allDaySlot: false,
      nowIndicator: true,
      selectable,
      editable: false,
      eventStartEditable: false,
      eventDurationEditable: false,
      unselectAuto: false,
      ...(length === "month" ? {} : { slotDuration: rows && several ? "02:00" : "00:30", snapDuration: "00:15", slotWidth: 44 }),
      slotHeight: 22,
      ...(rows && several ? {} : { columnWidth: several ? "minmax(7rem, 1fr)" : "minmax(4.8rem, 1fr)" }),
      scrollTime: "07:30",
      dayMaxEvents: true,
      datesAboveResources: true,
      slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
      eventTimeFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
      dayHeaderFormat: HEADS[length === "month" && several ? "days" : length],
      eventContent: content,
      eventDidMount: ({ el, event }) => (el.dataset.event = event.id),
      eventClick: ({ event }) => this.pick(event.extendedProps),
      select: (chosen) => this.#selected(chosen),
      datesSet: () => queueMicrotask(this.moved),
      events: [],
    });
  }

  /** What is shown: from the first day until after the last. */
  get span() {
    const { activeStart, activeEnd, currentStart, currentEnd } = this.made.getView();
    const local = (date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}T00:00:00`;
    const [start, end] = [activeStart ?? currentStart, activeEnd ?? currentEnd].map((date) => instant(this.zone, local(date)));
    const first = instant(this.zone, local(currentStart));
    return { start, end, first: local(currentStart).slice(0, 10), after: local(currentEnd).slice(0, 10), title: this.#title(first, instant(this.zone, local(currentEnd))) };
  }

  #title(start, end) {
    if (this.length === "month") return new Date(start + DAY).toLocaleDateString("en-GB", { month: "long", year: "numeric" });
    return this.length === "day" ? dayText(this.zone, start) : `${dayText(this.zone, start)} – ${dayText(this.zone, end - 1)}`;
  }

  step(by) {
    if (by > 0) this.made.next();
    else this.made.prev();
  }

  goto(day) {
    this.made.gotoDate(day);
  }

  unselect() {
    this.made?.unselect();
  }

  #selected({ startStr, endStr, resource }) {
    const uuid = resource?.id ?? this.offerings[0]?.uuid;
    this.select({ start: instant(this.zone, startStr), end: instant(this.zone, endStr), offering: uuid });
  }

  #event(id, uuid, { start, end }, more) {
    const [from, to] = [clock(this.zone, start), clock(this.zone, end)];
    const heard = more.extendedProps && { ...more.extendedProps, heard: `${dayText(this.zone, start)}, ${this.names.get(uuid)}` };
    const until = to > from ? to : clock("UTC", Date.parse(`${from}Z`) + 15 * MINUTE); // clocks were put back meanwhile
    return { id, resourceIds: [uuid], start: from, end: until, ...more, extendedProps: heard };
  }

  /** Puts what is known on the calendar. */
  draw({ bookings, taken, blocks, free }, username) {
    const { start, end } = this.span;
    const events = [];
    for (const offering of this.offerings) {
      const shut = closed(offering, start, end);
      events.push(...this.#background(offering, shut, "closed"), ...this.#background(offering, free.get(offering.uuid) ?? [], "free"));
      for (const block of blocks.get(offering.uuid) ?? []) {
        if (block.start < end && block.end > start) {
          const props = { kind: "blocked", block, offering, detail: "" };
          events.push(this.#event(block.uuid, offering.uuid, block, { title: block.comment || "No reason given", classNames: ["is-blocked"], extendedProps: props }));
        }
      }
      events.push(...this.#booked(offering, bookings, shut, username), ...this.#others(offering, bookings, taken, blocks));
    }
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.event : null;
    this.made.setOption("events", events);
    if (focused) requestAnimationFrame(() => this.#focus(focused)); // on what has taken its place
  }

  #focus(id) {
    const lost = document.activeElement === document.body;
    if (lost) [...this.element.querySelectorAll("[data-event]")].find((each) => each.dataset.event === id)?.focus({ preventScroll: true });
  }

  #booked(offering, bookings, shut, username) {
    const own = [...bookings.values()].filter((booking) => booking.offering_uuid === offering.uuid);
    return own.flatMap((booking) =>
      booking.slots.map((slot, index) => {
        const kind = STATES[booking.state];
        const mine = booking.created_by_username === username;
        const outside = shut.some((span) => span.start < slot.end && slot.start < span.end);
        const classNames = [`is-${kind}`, mine && "is-mine", outside && "is-outside"].filter(Boolean);
        const props = { kind, booking, offering, mine, outside, detail: [booking.created_by_full_name, booking.project_name].filter(Boolean).join(", ") };
        return this.#event(`${booking.uuid} ${index}`, offering.uuid, slot, { title: booking.name || "Booking", classNames, extendedProps: props });
      }),
    );
  }

  /** Time that is taken by what one does not see. */
  #others(offering, bookings, taken, blocks) {
    const key = ({ start, end }) => `${start} ${end}`;
    const seen = new Set((blocks.get(offering.uuid) ?? []).map(key));
    for (const booking of bookings.values()) {
      if (booking.offering_uuid === offering.uuid) booking.slots.forEach((slot) => seen.add(key(slot)));
    }
    const others = (taken.get(offering.uuid) ?? []).filter((each) => !seen.has(key(each)));
    return others.map((each) => {
      const props = { kind: "taken", taken: each, offering, detail: "" };
      const title = each.created_by_full_name ?? "Somebody";
      return this.#event(`taken ${key(each)} ${offering.uuid}`, offering.uuid, each, { title, classNames: ["is-taken"], extendedProps: props });
    });
  }

  #background(offering, spans, kind) {
    const look = { display: "background", classNames: [`is-${kind}`], extendedProps: { kind } };
    if (this.length !== "month") return spans.map((span, index) => this.#event(`${kind} ${index} ${offering.uuid}`, offering.uuid, span, look));
    const { start, end } = this.span;
    const within = (day) => {
      const [from, to] = [instant(this.zone, `${day}T00:00:00`), instant(this.zone, `${day}T23:59:59`)];
      return kind === "closed" ? spans.some((span) => span.start <= from && span.end >= to) : spans.some((span) => span.start < to && span.end > from);
    };
    const found = days(this.zone, start, end).filter(within);
    return found.map((day) => ({ id: `${kind} ${day} ${offering.uuid}`, resourceIds: [offering.uuid], allDay: true, start: day, end: day, ...look }));
  }

  /** What the library leaves out for those who do not see, or do not point. */
  #mend() {
    this.element.querySelectorAll(TABLE).forEach((part) => {
      ["role", "aria-colindex", "aria-colspan"].forEach((name) => part.removeAttribute(name));
    });
    this.element.querySelectorAll("aside:not([role]), .ec-main > header:not([role])").forEach((part) => part.setAttribute("role", "presentation"));
    const scrolled = this.element.querySelector(".ec-main:not([tabindex])");
    scrolled?.setAttribute("tabindex", "0");
    scrolled?.setAttribute("aria-label", "Bookings");
  }
}
