// What a provider sets of an offering: its weekly hours, and the rules by which it is booked; and how much it was used.

import { Refused, get, offers } from "./api.js";
import { h } from "./dom.js";
import { openHours } from "./hoursform.js";
import { openRules } from "./rulesform.js";
import { openUsage } from "./usage.js";

const ONE_DAY = { start: "2000-01-01", end: "2000-01-02" }; // of which there is little to add up

async function found(path, query) {
  try {
    return await get(path, query);
  } catch (error) {
    if (error instanceof Refused && [403, 404, 405].includes(error.status)) return null;
    throw error;
  }
}

/** Buttons that open what can be set or seen; none for what the service, or the caller's role, does not have. */
export async function settingsButtons(offering, context) {
  const update = `marketplace-provider-offerings/${offering.uuid}/update_attributes/`;
  const rules = `booking-offerings/${offering.uuid}/rules/`;
  const usage = `booking-offerings/${offering.uuid}/usage/`;
  const [hasHours, hasRules, hasUsage] = await Promise.all([offers(update, "POST"), found(rules), found(usage, ONE_DAY)]);
  const button = (label, open) => h("button", { type: "button", onclick: open }, label);
  return [
    hasHours && button("Opening hours", async () => openHours(offering, await whole(offering), update, context)),
    hasRules && button("Rules", async () => openRules(offering, await get(rules), rules, context)),
    hasUsage && button("Usage", () => openUsage(offering, usage)),
  ].filter(Boolean);
}

/** The attributes as they are stored, if there is a route that shows them whole; else as far as they are still to come. */
async function whole(offering) {
  const stored = await found(`marketplace-provider-offerings/${offering.uuid}/`);
  return stored?.attributes ?? (await get(`booking-offerings/${offering.uuid}/`, { field: "attributes" })).attributes;
}
