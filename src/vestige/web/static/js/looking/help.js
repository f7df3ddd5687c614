// The keys of a viewer, in a dialog.
import { button, make, word } from "../stage.js";

const KEYS = /** @type {[string, string][]} */ ([
  ["← → ↑ ↓", "key_pan"],
  ["⇧ ← → ↑ ↓", "key_nudge"],
  ["+  −", "key_zoom"],
  ["0", "fit"],
  ["1", "exact"],
  ["r  R", "rotate"],
  ["f", "full"],
  ["?", "help"],
]);

/** @param {[string, string, () => void][]} more other keys: key, its word, what it does */
export function help(more) {
  const named = /** @type {Record<string, string>} */ ({ Enter: "↵", Escape: "Esc", Backspace: "⌫", " ": "␣" });
  const rows = [...KEYS, ...more.filter(([, key]) => key).map(([key, what]) => [named[key] ?? key, what])];
  const list = make("dl", { class: "keys" }, ...rows.flatMap(([key, what]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, word(what))]));
  const shut = make("button", { type: "button", class: "button" }, word("close"));
  const title = make("h2", { id: "keys-title" }, word("help"));
  const dialog = make("dialog", { class: "sheet", "aria-labelledby": "keys-title" }, title, make("p", { class: "quiet" }, word("help_text")), list, shut);
  shut.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  const open = () => dialog.showModal();
  return { open, button: button("help", open) };
}
