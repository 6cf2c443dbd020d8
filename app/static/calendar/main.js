// Where it begins: whoever has a token gets the calendar, whoever has none is asked for it.

import { get, whenSignedOut } from "./api.js";
import { App } from "./app.js";
import { byId, field, form, h, notice } from "./dom.js";
import { signIn, signOut, takeFromAddress, token } from "./session.js";

let app = null;

function leave(told) {
  app?.stop();
  app = null;
  signOut();
  document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
  ask(told);
}

function ask(told = "") {
  byId("who").replaceChildren();
  byId("modes").hidden = true;
  const control = h("input", { type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  const submit = async () => {
    signIn(control.value);
    await start();
  };
  const hint = "It stays in this tab, and is forgotten when you sign out or close it.";
  const made = form([field("Token", control, hint)], submit, h("button", { type: "submit", class: "main" }, "Sign in"));
  if (told) made.querySelector(".problem").append(told);
  byId("main").replaceChildren(h("section", { class: "card sign-in", "aria-labelledby": "sign-in" }, h("h2", { id: "sign-in" }, "Sign in"), made));
  control.focus();
}

async function start() {
  const me = await get("users/me/", { field: ["uuid", "username", "full_name", "first_name", "last_name"] });
  const name = me.full_name || [me.first_name, me.last_name].filter(Boolean).join(" ") || me.username;
  const out = h("button", { type: "button", class: "plain", onclick: () => leave() }, "Sign out");
  byId("who").replaceChildren(h("span", { title: me.username }, name), out);
  app?.stop();
  app = new App(me);
  await app.start();
}

async function begin() {
  takeFromAddress();
  if (!token()) return ask();
  try {
    await start();
  } catch (error) {
    if (token()) notice(error.message, "error");
  }
}

whenSignedOut(() => token() && leave("This token is not, or no longer, good."));
addEventListener("hashchange", () => takeFromAddress() && begin());
begin();
