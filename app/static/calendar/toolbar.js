// Above the calendar: which time, in which shape, by whose clock; and what can be done.

import { choice, h } from "./dom.js";
import { zoneOf } from "./hours.js";
import { HERE } from "./zones.js";

const LENGTHS = [["day", "Day"], ["week", "Week"], ["month", "Month"]];

export class Toolbar {
  constructor(app) {
    this.app = app;
    const button = (label, text, act) => h("button", { type: "button", "aria-label": label, onclick: act }, text);
    this.heading = h("h2", { id: "period", "aria-live": "polite" });
    this.lengths = h("div", { class: "switch", role: "group", "aria-label": "How much is shown" });
    this.sides = h("div", { class: "switch", role: "group", "aria-label": "Several offerings as" });
    this.zones = h("select", { id: "zone", onchange: () => app.show({ zone: this.zones.value }) });
    this.state = h("span", { class: "quiet state-line", role: "status" });
    this.made = h("button", { type: "button", class: "main", onclick: () => app.choseNone() }, app.mode === "provide" ? "Block time" : "Request time");
    this.set = h("span", { class: "set" });
    const hint = app.mode === "provide" ? "or drag over the calendar" : "or drag over what is free";
    const moves = h("div", { class: "moves" }, button("Earlier", "‹", () => app.view.step(-1)), button("Go to today", "Today", () => app.today()), button("Later", "›", () => app.view.step(1)));
    this.element = h(
      "div",
      { class: "toolbar" },
      h("div", { class: "line" }, moves, this.heading, this.lengths, this.sides),
      h("div", { class: "line" }, this.made, h("span", { class: "quiet hint" }, hint), this.set, h("span", { class: "zone" }, h("label", { for: "zone" }, "Times in"), this.zones), this.state),
    );
  }

  draw() {
    const { app } = this;
    const { length, rows, zone } = app.shape;
    choice(this.lengths, LENGTHS, length, (other) => app.show({ length: other }));
    choice(this.sides, [[false, "Columns"], [true, "Rows"]], rows || length === "month", (other) => app.show({ rows: other }));
    this.sides.hidden = app.chosen.length < 2 || length === "month";
    const theirs = app.chosen.length ? zoneOf(app.chosen[0]) : HERE;
    const several = new Set(app.chosen.map(zoneOf)).size > 1;
    const options = [["offering", `${theirs} (${several ? "the first offering’s" : "the offering’s"})`], ["mine", `${HERE} (yours)`]];
    this.zones.replaceChildren(...options.map(([value, label]) => h("option", { value, selected: value === zone }, label)));
    this.made.disabled = app.chosen.length === 0;
  }

  title(text) {
    if (this.heading.textContent !== text) this.heading.textContent = text;
  }

  settings(buttons) {
    this.set.replaceChildren(...buttons);
  }

  fresh() {
    this.state.className = "quiet state-line";
    this.state.textContent = "";
  }

  stale(why) {
    this.state.className = "state-line stale";
    this.state.textContent = `Not up to date. ${why}`;
  }
}
