// The view in the address: what stands behind the '#' says what a person sees, so that a link restores it.
import { make, say, word } from "../stage.js";

// A place on the page ('#content') says nothing of the view.
const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
let waiting = 0;
/** Whether this viewer stands within a page, beside others. */
const alone = parent !== window && document.body.classList.contains("alone");

/** What the address says of a thing, or null. @param {string} key */
export const recalled = (key) => state.get(key);

/** What the address says of a number, or null where it says none. @param {string} key */
export function recalledNumber(key) {
  const text = state.get(key);
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** Put values into the address; null takes one out. @param {Record<string, string | number | null>} values */
export function remember(values) {
  for (const [key, value] of Object.entries(values)) {
    if (value === null || value === "") state.delete(key);
    else state.set(key, typeof value === "number" ? String(Number(value.toPrecision(6))) : value);
  }
  if (alone) parent.postMessage({ view: values }, location.origin);
  clearTimeout(waiting);
  waiting = window.setTimeout(settle, 200);
}

/** Look as the viewer beside this one is looked through. @param {(values: Record<string, string | number | null>) => void} show */
export function beside(show) {
  if (!alone) return;
  addEventListener("message", (event) => {
    if (event.origin === location.origin && event.data?.view) show(event.data.view);
  });
}

function settle() {
  clearTimeout(waiting);
  history.replaceState(history.state, "", `${location.pathname}${location.search}${state.size > 0 ? `#${state}` : ""}`);
}

/** The link to what is seen now, on the clipboard, or in a field to copy it from. */
export async function copyLink() {
  settle();
  try {
    await navigator.clipboard.writeText(location.href);
    say(word("link_copied"));
    setTimeout(() => say(""), 4000);
  } catch {
    const field = make("input", { type: "text", readonly: "", "aria-label": word("copy_link") });
    field.value = location.href;
    const shut = make("button", { type: "button", class: "button" }, word("close"));
    const dialog = make("dialog", { class: "sheet", "aria-label": word("copy_link") }, field, shut);
    shut.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    field.select();
  }
}

// A link to another view of the same page, put into the address by hand, is followed.
addEventListener("hashchange", () => location.hash.includes("=") && location.reload());
