// What is seen goes into the downloads: the picture opened, how it is shown, and the part in view.
import { ground } from "./deepzoom.js";

/**
 * Fill the form of the downloads as it is sent.
 * @param {any} viewer @param {() => {name: number, wish: Record<string, string | number>}} shown
 */
export function seen(viewer, shown) {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form.download"));
  if (!form) return;
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form.querySelector(`[name="${name}"]`));
  form.querySelectorAll("[data-needs-script]").forEach((element) => element.removeAttribute("hidden"));
  form.addEventListener("submit", () => {
    const { name, wish } = shown();
    form.action = form.action.replace(/\d+$/, String((form.dataset.items ?? "").split(" ")[name] ?? name));
    for (const key of ["look", "low", "high", "bands"]) {
      const input = field(key);
      if (input) Object.assign(input, { value: String(wish[key] ?? ""), disabled: wish[key] === undefined });
    }
    const part = field("part");
    const only = /** @type {HTMLInputElement | null} */ (form.querySelector("[data-seen]"));
    if (part) Object.assign(part, { value: only?.checked ? inView(viewer) : "", disabled: !only?.checked });
  });
}

/** The part of the picture in view as left, top, width, height in pixels. @param {any} viewer */
function inView(viewer) {
  const image = ground(viewer);
  const box = image.viewportToImageRectangle(viewer.viewport.getBounds(true)).getBoundingBox();
  const size = image.getContentSize();
  const [left, top] = [Math.max(0, Math.round(box.x)), Math.max(0, Math.round(box.y))];
  const [right, bottom] = [Math.min(size.x, Math.round(box.x + box.width)), Math.min(size.y, Math.round(box.y + box.height))];
  return [left, top, Math.max(1, right - left), Math.max(1, bottom - top)].join(",");
}
