// The page of somebody who is signed in: what is chosen, what is shown, and how it is kept up to date.

import { openOrder } from "./agreement.js";
import * as api from "./api.js";
import { openBooking } from "./booking.js";
import * as data from "./data.js";
import { byId, choice, h, notice } from "./dom.js";
import { closed, zoneOf } from "./hours.js";
import { Bookings, Picker, askedRow, ownRow, waitingRow } from "./lists.js";
import { openBlock, openBlocked, openRequest, openTaken } from "./periods.js";
import { remember, remembered } from "./session.js";
import { settingsButtons } from "./settings.js";
import { Toolbar } from "./toolbar.js";
import { View, WORDS } from "./view.js";
import { HERE, HOUR, clock } from "./zones.js";

const POLL = 4_000;
const ALL_EVERY = 3; // polls in which times that have no version are read again, where one's own side sets them
const NOTHING = { bookings: new Map(), taken: new Map(), blocks: new Map(), free: new Map() };

export class App {
  constructor(me) {
    this.me = me;
    this.known = NOTHING;
    this.listed = [[], 0];
    this.asked = [[], 0];
    this.seen = new Map();
    this.polls = 0;
    this.loads = 0;
    this.shape = { length: innerWidth < 700 ? "day" : "week", rows: false, zone: "offering", ...remembered("shape") };
  }

  async start() {
    const [, provided] = await data.offerings("provide", "");
    const mode = remembered("mode") ?? (provided ? "provide" : "book");
    this.modes = Object.entries(data.MODES).filter(([name]) => name === "book" || provided);
    this.visible = () => document.visibilityState === "visible" && this.poll();
    document.addEventListener("visibilitychange", this.visible);
    await this.enter(mode);
    this.timer = setInterval(() => document.visibilityState === "visible" && this.poll(), POLL);
  }

  stop() {
    clearInterval(this.timer);
    document.removeEventListener("visibilitychange", this.visible);
    this.stopped = true;
  }

  /** Changes sides: providing, or booking. */
  async enter(mode) {
    this.mode = mode;
    remember("mode", mode);
    byId("modes").hidden = this.modes.length < 2;
    choice(byId("modes"), this.modes.map(([name, { label }]) => [name, label]), mode, (other) => this.enter(other));
    const provides = mode === "provide";
    this.known = NOTHING;
    this.list = provides
      ? new Bookings("Waiting for you", "Nothing waits for you.", waitingRow(() => this.zone, (one) => this.collisions(one)))
      : new Bookings("Your bookings", "You have booked nothing that is still to come.", ownRow(() => this.zone, this.me.username));
    this.agreeing = new Bookings("For you to agree to", "Nothing.", askedRow(() => this.zone), "agreeing");
    this.toolbar = new Toolbar(this);
    this.picker = new Picker(mode, [], (chosen) => this.choose(chosen));
    const [, ids] = await Promise.all([this.picker.find(), this.#remembered()]);
    await this.reloadList();
    this.#lay();
    this.choose(ids.length ? ids : this.#first());
  }

  /** The offerings that were chosen before, as far as they can still be seen. */
  async #remembered() {
    const uuids = remembered(`chosen.${this.mode}`) ?? [];
    const found = await Promise.all(uuids.map((uuid) => data.offering(this.mode, uuid).catch(() => null)));
    return found.filter(Boolean);
  }

  #first() {
    const waits = new Set(this.listed[0].map((booking) => booking.offering_uuid));
    const found = this.picker.found ?? [];
    const one = found.find((offering) => waits.has(offering.uuid)) ?? found[0];
    return one ? [one] : [];
  }

  #lay() {
    const calendar = h("div", { id: "calendar", class: "calendar", tabindex: "-1", role: "region", "aria-label": "Calendar of the chosen offerings" });
    const legend = h("ul", { class: "legend", "aria-label": "What the looks mean" }, this.#looks().map(([kind, label]) => h("li", { class: `is-${kind}` }, h("span", { "aria-hidden": "true" }), label)));
    const side = h("div", { class: "side" }, this.agreeing.element, this.list.element, this.picker.element);
    byId("main").replaceChildren(h("div", { class: "page" }, side, h("div", { class: "shown" }, this.toolbar.element, calendar, legend)));
    this.view = new View(calendar, { pick: (props) => this.open(props), select: (period) => this.chose(period), moved: () => this.load() });
  }

  #looks() {
    const own = this.mode === "provide" ? [["blocked", WORDS.blocked]] : [["free", "Free"], ["taken", WORDS.taken]];
    return [["accepted", WORDS.accepted], ["waiting", WORDS.waiting], ...own, ["closed", "Closed"]];
  }

  choose(chosen) {
    this.chosen = chosen;
    this.picker.chosen = new Map(chosen.map((one) => [one.uuid, one]));
    this.picker.draw();
    remember(`chosen.${this.mode}`, chosen.map((one) => one.uuid));
    this.show();
    this.settings();
  }

  get zone() {
    return this.shape.zone === "offering" && this.chosen?.length ? zoneOf(this.chosen[0]) : HERE;
  }

  /** Shows the chosen offerings in the chosen shape, around the same day as before. */
  show(change = {}) {
    const day = this.day ?? clock(this.zone, Date.now()).slice(0, 10);
    this.shape = { ...this.shape, ...change };
    remember("shape", this.shape);
    this.view.show({ ...this.shape, offerings: this.chosen, zone: this.zone, day, selectable: this.chosen.length > 0 });
    this.toolbar.draw();
  }

  /** Buttons for what can be set of the offering, where it is one's own and the service can do it. */
  async settings() {
    const one = this.mode === "provide" && this.chosen.length === 1 ? this.chosen[0] : null;
    this.toolbar.settings([]);
    if (!one) return;
    const changed = async () => {
      this.choose([await data.offering(this.mode, one.uuid)]);
    };
    const buttons = await settingsButtons(one, { zone: () => this.zone, changed }).catch(() => []);
    if (this.chosen[0] === one) this.toolbar.settings(buttons);
  }

  today() {
    this.day = clock(this.zone, Date.now()).slice(0, 10);
    this.view.goto(this.day);
  }

  /** Reads all that is shown anew. */
  async load() {
    if (this.stopped || !this.view.made) return;
    const load = ++this.loads;
    const { start, end, title, first, after } = this.view.span;
    if (!this.day || this.day < first || this.day >= after) this.day = first;
    this.toolbar.title(title);
    this.range = { start, end };
    try {
      const known = await data.shown(this.mode, this.chosen, start, end);
      if (load !== this.loads) return;
      this.known = known;
      this.since = api.serverTime();
      this.draw();
    } catch (error) {
      if (load === this.loads && !this.stopped) this.toolbar.stale(error.message);
    }
  }

  draw() {
    this.view.draw(this.known, this.me.username);
    this.list.draw(...this.listed, (booking) => this.open({ booking }));
    this.#drawAsked();
    this.toolbar.fresh();
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn ?? 0) + 1);
    requestAnimationFrame(() => setTimeout(() => performance.mark("shown"))); // painted by then
  }

  #drawAsked() {
    this.agreeing.element.hidden = this.asked[1] === 0;
    this.agreeing.draw(...this.asked, (order) => openOrder(order, this.#context()));
  }

  async reloadList() {
    const provides = this.mode === "provide";
    const lists = [provides ? data.waiting(this.#provided()) : data.own(this.me.username), this.#toAgree()];
    [this.listed, this.asked] = await Promise.all(lists);
  }

  /** What one may agree to for the consumer; the provider's side decides on bookings. */
  #toAgree() {
    return this.mode === "book" ? data.toAgree() : [[], 0];
  }

  /** Those that the caller provides, where they are few enough to be named; else whatever the caller sees. */
  #provided() {
    const { found = [], total } = this.picker;
    this.ownOfferings ??= total <= found.length ? found.map((one) => one.uuid) : [];
    return this.ownOfferings;
  }

  /** Asks what has changed since the last time, so that what a colleague does shows. */
  async poll() {
    if (this.polling || this.stopped || !this.since) return;
    this.polling = true;
    const load = this.loads;
    try {
      const [rows, total] = await data.changed(this.since);
      const timesToo = this.mode === "book" || ++this.polls % ALL_EVERY === 0;
      const times = timesToo && this.chosen.length ? await data.times(this.mode, this.chosen, this.range.start, this.range.end) : null;
      this.since = api.serverTime();
      const asked = await this.#toAgree();
      const others = JSON.stringify(asked) !== JSON.stringify(this.asked);
      this.asked = asked;
      const news = rows.filter((row) => this.seen.get(row.uuid) !== row.modified);
      news.forEach((row) => this.seen.set(row.uuid, row.modified));
      if (news.length) await this.reloadList();
      if (load !== this.loads || this.stopped) return;
      if (total > rows.length) return await this.load();
      if (others) this.#drawAsked();
      this.#merge(news, times);
    } catch (error) {
      if (!this.stopped) this.toolbar.stale(error.message);
    } finally {
      this.polling = false;
    }
  }

  #merge(news, times) {
    const uuids = new Set(this.chosen.map((one) => one.uuid));
    for (const row of news) {
      const shows = uuids.has(row.offering_uuid) && data.LIVE.includes(row.state) && data.overlapping(row, [this.range]).length;
      if (shows) this.known.bookings.set(row.uuid, row);
      else this.known.bookings.delete(row.uuid);
    }
    const text = (known) => JSON.stringify([known.taken, known.blocks, known.free].map((map) => [...map]));
    const other = times && text(times) !== text(this.known);
    if (other) this.known = { ...this.known, ...times };
    if (news.length || other) this.draw();
    else this.toolbar.fresh();
  }

  /** After a change of one's own: all is read again. */
  async act() {
    await Promise.all([this.reloadList(), this.load()]);
    this.draw();
  }

  collisions(booking) {
    const offering = this.chosen.find((one) => one.uuid === booking.offering_uuid);
    if (!offering) return [];
    const others = [...this.known.bookings.values()].filter((one) => one.uuid !== booking.uuid && one.offering_uuid === offering.uuid);
    const against = others.filter((one) => data.overlapping(booking, one.slots).length).map((one) => one.name || "a booking");
    const blocks = data.overlapping(booking, this.known.blocks.get(offering.uuid) ?? []).map((block) => block.comment || "a block");
    const shut = booking.slots.some((slot) => closed(offering, slot.start, slot.end).length);
    return [...against, ...blocks, ...(shut ? ["closed hours"] : [])];
  }

  #context() {
    return { mode: this.mode, zone: this.zone, offerings: this.chosen, act: () => this.act(), done: () => this.view.unselect(), find: (booking) => this.find(booking) };
  }

  /** Goes to where a booking is. */
  async find(booking) {
    const at = booking.slots[0]?.start;
    if (!this.chosen.some((one) => one.uuid === booking.offering_uuid)) this.choose([await data.offering(this.mode, booking.offering_uuid)]);
    if (at === undefined) return;
    this.day = clock(this.zone, at).slice(0, 10);
    this.view.goto(this.day);
  }

  /** Opens what was clicked on. */
  open({ booking, block, taken, offering }) {
    const known = offering ?? this.chosen.find((one) => one.uuid === booking?.offering_uuid);
    if (booking) return openBooking(booking.uuid, { ...this.#context(), offering: known });
    if (block) return openBlocked({ block, offering }, this.#context());
    return taken && openTaken({ taken, offering }, this.#context());
  }

  /** Asks what to do with a period: block it, or request it. */
  chose(period) {
    const opening = this.mode === "provide" ? openBlock(period, this.#context()) : openRequest(period, this.#context());
    Promise.resolve(opening).catch((error) => notice(error.message, "error"));
  }

  /** The same without a pointer: a period to begin with, which one sets. */
  choseNone() {
    if (!this.chosen.length) return notice("Choose an offering first.", "error");
    const next = Math.ceil(Math.max(Date.now() + HOUR, this.range.start) / HOUR) * HOUR;
    return this.chose({ start: next, end: next + HOUR, offering: this.chosen[0].uuid });
  }
}
