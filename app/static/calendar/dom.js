// Elements, made in one expression. Text is always text: nothing here, or anywhere on the page, takes HTML.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "value" || key === "checked") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** A term of a list of details, and what is told of it. */
export const row = (term, ...told) => [h("dt", {}, term), h("dd", {}, ...told)];

let numbered = 0;

/** A label with its control, and a hint that is read with it. */
export function field(label, control, hint = "") {
  control.id ||= `control-${++numbered}`;
  const told = hint && h("small", { id: `${control.id}-hint` }, hint);
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, told);
}

/** A choice between a few things, all of them seen: buttons of which one is pressed. */
export function choice(container, options, chosen, choose) {
  container.replaceChildren(
    ...options.map(([value, label]) =>
      h("button", { type: "button", "aria-pressed": String(value === chosen), "data-value": value, onclick: () => choose(value) }, label),
    ),
  );
}

/** A message at the top of the page, which goes by itself unless it is an error. */
export function notice(text, kind = "done") {
  const close = h("button", { type: "button", class: "plain", "aria-label": "Close this message", onclick: () => shown.remove() }, "×");
  const shown = h("div", { class: `notice ${kind}` }, h("p", {}, text), close);
  byId("notices").append(shown);
  if (kind === "done") setTimeout(() => shown.remove(), 8000);
  return shown;
}

/** A dialog with a heading; Escape and × close it, and the focus goes back to where it was. */
export function dialog(heading, ...content) {
  const title = h("h2", { id: `heading-${++numbered}` }, heading);
  const close = h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: () => opened.close() }, "×");
  const opened = h("dialog", { "aria-labelledby": title.id }, h("div", { class: "heading" }, title, close), ...content);
  opened.addEventListener("close", () => opened.remove());
  document.body.append(opened);
  opened.showModal();
  return opened;
}

/** A form that says what went wrong in its own place, and does nothing twice. */
export function form(fields, submit, ...buttons) {
  const problem = h("div", { class: "problem", role: "alert" });
  const made = h("form", { novalidate: true }, ...fields, problem, h("div", { class: "buttons" }, ...buttons));
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = [...made.elements].find((control) => control.willValidate && !control.checkValidity());
    if (missing) {
      const label = made.querySelector(`label[for="${missing.id}"]`)?.textContent ?? "";
      problem.replaceChildren(`${label}: ${missing.validationMessage}`);
      missing.focus();
      return;
    }
    await during(made, async () => {
      problem.replaceChildren();
      try {
        await submit(event.submitter?.value);
      } catch (error) {
        problem.replaceChildren(...(error.shown?.() ?? [error.message]));
      }
    });
  });
  return made;
}

/** Does something with all buttons within off. */
export async function during(element, work) {
  const buttons = [...element.querySelectorAll("button:not(:disabled)")];
  buttons.forEach((button) => (button.disabled = true));
  try {
    await work();
  } finally {
    buttons.forEach((button) => (button.disabled = false));
  }
}
