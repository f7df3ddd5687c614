// The keys of a viewer, in a dialog.
import { button, make, word } from "../stage.js";

/** The keys of every picture: the key, and the word for what it does. */
export const KEYS = /** @type {Row[]} */ ([
  ["← → ↑ ↓", "key_pan"],
  ["⇧ ← → ↑ ↓", "key_nudge"],
  ["+  −", "key_zoom"],
  ["0", "fit"],
  ["1", "exact"],
  ["r  R", "rotate"],
  ["f", "full"],
  ["?", "help"],
]);

/** @typedef {[string, string, ...any[]]} Row */

/** @param {Row[]} keys those without a word are left out */
export function help(keys) {
  const named = /** @type {Record<string, string>} */ ({ Enter: "↵", Escape: "Esc", Backspace: "⌫", " ": "␣" });
  const rows = keys.filter(([, what]) => what).map(([key, what]) => [named[key] ?? key, what]);
  const list = make("dl", { class: "keys" }, ...rows.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, word(what))]));
  const shut = make("button", { type: "button", class: "button" }, word("close"));
  const title = make("h2", { id: "keys-title" }, word("help"));
  const dialog = make("dialog", { class: "sheet", "aria-labelledby": "keys-title" }, title, make("p", { class: "quiet" }, word("help_text")), list, shut);
  shut.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  const open = () => dialog.showModal();
  return { open, button: button("help", open) };
}
