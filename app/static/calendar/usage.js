// How much an offering was used: bars over time, a heat map of the hours of the week, and the sums of all in words.

import { call, get } from "./api.js";
import { choice, dialog, h } from "./dom.js";
import { zoneOf } from "./hours.js";
import { DAY, clock, dayText, isZone } from "./zones.js";

const SVG = "http://www.w3.org/2000/svg"; // the name of a vocabulary, which nobody asks for
const SPANS = [[30, "30 days", "day"], [90, "90 days", "week"], [365, "A year", "month"]];
const WEEKDAYS = [[1, "Mon"], [2, "Tue"], [3, "Wed"], [4, "Thu"], [5, "Fri"], [6, "Sat"], [0, "Sun"]];
const MARK = "\uFEFF"; // by which spreadsheets know the encoding; whoever reads an answer as text loses it
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const [WIDTH, HEIGHT, GAP] = [10, 100, 1];

const number = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });
const format = (options) => new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
const [ofDay, ofMonth] = [format({ day: "numeric", month: "short" }), format({ month: "short", year: "numeric" })];
const hours = (count) => `${number.format(count)} h`;
const MOST = 10; // beyond which hours have become fewer since, and the figure says nothing
const percent = (share) => (share === null ? "–" : share > MOST ? `> ${number.format(MOST * 100)} %` : `${number.format(share * 100)} %`);
const hourText = (hour) => `${String(hour).padStart(2, "0")}:00`;

/** How long, in the unit that fits. */
function durationText(seconds) {
  if (seconds === null) return "–";
  const [unit, length] = [["days", 86_400], ["hours", 3600]].find(([, each]) => seconds >= 2 * each) ?? ["minutes", 60];
  return `${number.format(seconds / length)} ${unit}`;
}

/** An element of a picture. */
function drawn(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** How much is booked of what is open, all of it at most; also where something is booked while it is closed, null where nothing is. */
const level = (group) => (group.utilisation === null ? (group.booked_hours ? 1 : null) : Math.min(group.utilisation, 1));

const told = (label, group) => {
  const share = group.utilisation === null ? "closed" : percent(group.utilisation);
  return `${label}: ${share}, ${hours(group.booked_hours)} booked of ${hours(group.open_hours)} open`;
};

const nameOf = (key, by) => (by === "month" ? ofMonth : ofDay).format(Date.parse(key));
const longName = (key, by) => (by === "week" ? `Week of ${nameOf(key, by)}` : nameOf(key, by));

/** A picture that fills the width that there is, with its labels at the left and below. */
function plot(kind, label, [columns, height], marks, left, below) {
  const size = { viewBox: `0 0 ${columns * WIDTH} ${height}`, preserveAspectRatio: "none" };
  const picture = drawn("svg", { class: kind, role: "img", "aria-label": label, ...size }, ...marks);
  const labels = (where, texts) => h("div", { class: where, "aria-hidden": "true" }, texts.map((text) => h("span", {}, text)));
  return h("div", { class: `plot of-${kind}` }, labels("left", left), picture, labels("below", below));
}

/** The same figures as a table, for those who would rather read. */
function table(summary, heads, rows) {
  const cells = ([first, ...others]) => h("tr", {}, h("th", { scope: "row" }, first), others.map((text) => h("td", {}, text)));
  const made = h("table", {}, h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))), h("tbody", {}, rows.map(cells)));
  return h("details", {}, h("summary", {}, summary), h("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": summary }, made));
}

function bars({ groups, group_by: by }) {
  const bar = (group, place) => {
    const length = (level(group) ?? 0) * HEIGHT;
    const at = { x: place * WIDTH + GAP, width: WIDTH - 2 * GAP };
    const title = drawn("title", {}, told(longName(group.key, by), group));
    const ground = drawn("rect", { ...at, y: 0, height: HEIGHT, class: level(group) === null ? "closed" : "open" });
    return drawn("g", {}, title, ground, drawn("rect", { ...at, y: HEIGHT - length, height: length, class: "used" }));
  };
  const names = [groups[0], groups.at(-1)].map((group) => nameOf(group.key, by));
  const label = `Utilisation by ${by}, from ${names[0]} to ${names[1]}; the table below has the figures.`;
  const rows = groups.map((group) => [
    longName(group.key, by),
    ...[group.open_hours, group.booked_hours, group.blocked_hours].map((count) => number.format(count)),
    percent(group.utilisation),
    String(group.bookings),
  ]);
  return [
    h("h3", {}, `Utilisation by ${by}`),
    plot("bars", label, [groups.length, HEIGHT], groups.map(bar), [groups.some((group) => group.utilisation > 1) ? "≥ 100 %" : "100 %", "0 %"], names),
    table(`Utilisation by ${by} as a table`, [by[0].toUpperCase() + by.slice(1), "Open h", "Booked h", "Blocked h", "Utilisation", "Bookings"], rows),
  ];
}

function heatMap({ groups }) {
  const at = new Map(groups.map((group) => [`${group.weekday} ${group.hour}`, group]));
  const cell = (group, day, row, hour) => {
    const share = level(group);
    const place = { x: hour * WIDTH + GAP / 2, y: row * WIDTH + GAP / 2, width: WIDTH - GAP, height: WIDTH - GAP };
    const look = share === null ? { class: "closed" } : { class: "open" };
    const used = drawn("rect", { ...place, class: "used", "fill-opacity": (share ?? 0).toFixed(3) });
    const title = drawn("title", {}, told(`${day} ${hourText(hour)}`, group));
    return drawn("g", { class: "cell" }, title, drawn("rect", { ...place, ...look }), used);
  };
  const all = WEEKDAYS.flatMap(([weekday, day], row) => HOURS.map((hour) => [at.get(`${weekday} ${hour}`), day, row, hour]));
  const cells = all.filter(([group]) => group).map((each) => cell(...each));
  const label = "Utilisation by weekday and hour, the darker or brighter the more; the table below has the figures.";
  const shares = (hour) => WEEKDAYS.map(([weekday]) => percent(at.get(`${weekday} ${hour}`)?.utilisation ?? null));
  const key = [["closed", "Closed"], ["open", "0 %"], ["half", "50 %"], ["full", "100 % or more, or booked while closed"]];
  return [
    h("h3", {}, "Utilisation by weekday and hour"),
    plot("heat", label, [HOURS.length, WEEKDAYS.length * WIDTH], cells, WEEKDAYS.map(([, day]) => day), HOURS.filter((hour) => hour % 6 === 0).map(hourText)),
    h("ul", { class: "legend shades", "aria-label": "What the shades mean" }, key.map(([kind, text]) => h("li", { class: kind }, h("span", { "aria-hidden": "true" }), text))),
    table("Utilisation by weekday and hour as a table", ["Hour", ...WEEKDAYS.map(([, day]) => day)], HOURS.map((hour) => [hourText(hour), ...shares(hour)])),
  ];
}

function sums(total) {
  const rows = [
    ["Open", hours(total.open_hours)],
    ["Booked", hours(total.booked_hours)],
    ["Blocked", hours(total.blocked_hours)],
    ["Utilisation", percent(total.utilisation)],
    ["Bookings", String(total.bookings)],
    ["Rejections", String(total.rejections)],
    ["Expired", String(total.expired)],
    ["Median time to a decision", durationText(total.median_decision_seconds)],
  ];
  return h("dl", { class: "sums" }, rows.map(([name, text]) => h("div", {}, h("dt", {}, name), h("dd", {}, text))));
}

/** Has the browser keep a text as a file. */
function save(text, name) {
  const address = URL.createObjectURL(new Blob([MARK, text], { type: "text/csv" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Shows how much an offering was used, up to now. */
export async function openUsage(offering, path) {
  const spans = h("div", { class: "switch", role: "group", "aria-label": "How far back" });
  const said = h("p", { class: "quiet", role: "status" });
  const [problem, body] = [h("div", { class: "problem", role: "alert" }), h("div", { class: "usage" })];
  let query = {};
  const download = async () => {
    try {
      problem.replaceChildren();
      const text = await call("GET", path, { query, headers: { Accept: "text/csv" } });
      save(text, `usage-${offering.slug || offering.uuid}-by-${query.group_by}.csv`);
    } catch (error) {
      problem.replaceChildren(error.message);
    }
  };
  const show = async (days) => {
    const now = Date.now();
    const [, , by] = SPANS.find(([each]) => each === days);
    const start = clock(zoneOf(offering), now - days * DAY).slice(0, 10);
    const asked = (query = { start, end: new Date(now).toISOString(), group_by: by });
    choice(spans, SPANS, days, (other) => {
      show(other);
      spans.querySelector("[aria-pressed=true]").focus();
    });
    problem.replaceChildren();
    try {
      const [byTime, byHour] = await Promise.all([get(path, asked), get(path, { ...asked, group_by: "weekday_hour" })]);
      if (asked !== query) return;
      const zone = isZone(byTime.time_zone) ? byTime.time_zone : "UTC";
      said.textContent = `${dayText(zone, Date.parse(byTime.start))} – ${dayText(zone, Date.parse(byTime.end))}, by the clock of ${byTime.time_zone}`;
      body.replaceChildren(sums(byTime.total), ...bars(byTime), ...heatMap(byHour));
    } catch (error) {
      if (asked === query) problem.replaceChildren(error.message);
    }
  };
  const kept = h("button", { type: "button", class: "plain link", onclick: download }, "Download as CSV");
  const opened = dialog(`Usage of ${offering.name}`, h("div", { class: "toolbar" }, h("div", { class: "line" }, spans, kept)), said, problem, body);
  opened.classList.add("wide");
  await show(SPANS[0][0]);
}
