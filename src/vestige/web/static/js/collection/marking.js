// Remarks over the picture: drawn where they belong, made by two corners or an outline, by hand or by keyboard.
import { make, stage, view } from "../stage.js";
import { drawing } from "../looking/plot.js";

/**
 * @typedef {{number: number, text: string, file: string, region: [number, number, number, number] | null, svg: string}} Mark
 * @typedef {[number, number]} Point
 * @typedef {{viewer: any, pick: any, shown: () => {label: string}}} Pointing
 */

/** The panel beside the viewer; it comes anew after each change. */
const panel = () => /** @type {HTMLElement | null} */ (document.getElementById("marking"));
/** @type {Pointing | null} */
let pointing = null;
/** Corners of what is being drawn. @type {Point[]} */
let drawn = [];
/** "" where nothing is drawn, else "box" or "outline". */
let mode = "";

/** @returns {Mark[]} */
const marks = () => JSON.parse(panel()?.dataset.marks ?? "[]");
/** @returns {Record<string, string>} */
const files = () => JSON.parse(panel()?.dataset.files ?? "{}");
/** The file of the picture that is shown, as the archive names it. */
const file = () => (pointing && (files()[pointing.shown().label] ?? Object.values(files())[0])) ?? "";
const here = () => marks().filter((mark) => mark.file === file() && mark.region);

/** Points as the path of an outline. @param {Point[]} points @param {boolean} closed */
const path = (points, closed) => points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)},${y.toFixed(1)}`).join(" ") + (closed ? " Z" : "");

/** The points of an outline. @param {string} text @returns {Point[]} */
const points = (text) => [...text.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);

/** The corners of a region. @param {[number, number, number, number]} region @returns {Point[]} */
const corners = ([x, y, w, h]) => [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];

/** Draw every remark of this picture, and what is being drawn. @param {SVGElement} over */
function paint(over) {
  if (!pointing) return;
  const screen = (/** @type {Point[]} */ places) => places.map((place) => /** @type {Point} */ (pointing?.pick.screen(place)));
  for (const mark of here()) {
    const shape = mark.svg ? points(mark.svg) : corners(/** @type {any} */ (mark.region));
    over.append(drawing("path", { class: "remark-mark", d: path(screen(shape), true), "data-mark": String(mark.number) }));
  }
  if (drawn.length) over.append(drawing("path", { class: "remark-mark drawn", d: path(screen(drawn), mode === "outline" && drawn.length > 2) }));
  place();
}

/** Buttons over the picture, one a remark: they lead to its words. */
function place() {
  const layer = view.querySelector(".remark-buttons") ?? make("div", { class: "remark-buttons" });
  if (!layer.isConnected) view.append(layer);
  const found = here();
  while (layer.children.length > found.length) layer.lastElementChild?.remove();
  while (layer.children.length < found.length) layer.append(make("button", { type: "button", class: "remark-button" }));
  found.forEach((mark, number) => {
    const element = /** @type {HTMLElement} */ (layer.children[number]);
    const [x, y] = pointing?.pick.screen(/** @type {any} */ (mark.region).slice(0, 2));
    element.style.left = `${x}px`;
    element.style.top = `${y}px`;
    if (element.dataset.mark === String(mark.number)) return;
    element.dataset.mark = String(mark.number);
    element.textContent = String(number + 1);
    element.setAttribute("aria-label", `${number + 1}: ${mark.text}`);
    element.title = mark.text;
  });
}

/** Put what was drawn into the fields of the form. */
function fill() {
  const form = /** @type {HTMLFormElement | null} */ (panel()?.querySelector("form.new"));
  if (!form) return;
  const [xs, ys] = [drawn.map(([x]) => x), drawn.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const told = { x: left, y: top, w: Math.max(1, Math.max(...xs) - left), h: Math.max(1, Math.max(...ys) - top) };
  for (const [name, value] of Object.entries(told)) /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value = String(Math.round(value));
  const outline = /** @type {HTMLInputElement} */ (form.elements.namedItem("svg"));
  outline.value = mode === "outline" && drawn.length > 2 ? path(drawn, true) : "";
}

/** Begin or end drawing. @param {string} next */
function draw(next) {
  const filled = Boolean(mode) && drawn.length > 1;
  mode = next;
  for (const element of panel()?.querySelectorAll("[data-draw]") ?? []) element.setAttribute("aria-pressed", String(element instanceof HTMLElement && element.dataset.draw === mode));
  if (!pointing) return;
  if (!mode) {
    pointing.pick.end();
    if (filled) /** @type {HTMLElement | null} */ (panel()?.querySelector("form.new textarea"))?.focus();
    return;
  }
  drawn = [];
  pointing.pick.begin((/** @type {Point} */ at) => {
    drawn.push(at);
    if (drawn.length > 1) fill();
    if (mode === "box" && drawn.length === 2) {
      const [[a, b], [c, d]] = drawn;
      drawn = corners([Math.min(a, c), Math.min(b, d), Math.abs(a - c), Math.abs(b - d)]);
      draw("");
    }
  });
}

/** Look at a remark in the picture. @param {number} number */
function look(number) {
  const mark = marks().find((item) => item.number === number);
  if (!mark?.region || !pointing || mark.file !== file()) return;
  const [x, y, w, h] = mark.region;
  const ground = pointing.viewer.world.getItemAt(0);
  pointing.viewer.viewport.fitBounds(ground.imageToViewportRectangle(x - w, y - h, 3 * w, 3 * h));
}

/** The form belongs to the picture that is shown. */
function belong() {
  const field = panel()?.querySelector("form.new [name=target]");
  if (field instanceof HTMLInputElement) field.value = `${panel()?.dataset.capture}:${file()}`;
}

/** @param {Pointing} given */
function begin(given) {
  if (pointing) return;
  pointing = given;
  given.pick.painters.push(paint);
  given.viewer.addHandler("open", belong);
  belong();
  given.pick.paint();
}

/** Keep a remark: answer, then the panel anew. @param {HTMLFormElement} form @param {HTMLElement | null} pressed */
async function keep(form, pressed) {
  const said = /** @type {HTMLElement} */ (panel()?.querySelector(".said-here"));
  const body = new URLSearchParams(/** @type {any} */ (new FormData(form, pressed)));
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (!answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      said.textContent = page.querySelector('[role="alert"]')?.textContent ?? said.dataset.away ?? "";
      return;
    }
  } catch {
    said.textContent = said.dataset.away ?? ""; // the words stay in the form
    return;
  }
  drawn = [];
  const fresh = new DOMParser().parseFromString(await (await fetch(panel()?.dataset.again ?? "")).text(), "text/html").getElementById("marking");
  if (fresh) panel()?.replaceWith(fresh);
  const told = /** @type {HTMLElement | null} */ (panel()?.querySelector(".said-here"));
  if (told) told.textContent = told.dataset.kept ?? "";
  belong();
  pointing?.pick.paint();
}

document.addEventListener("submit", (event) => {
  if (!(event instanceof SubmitEvent) || !(event.target instanceof HTMLFormElement) || !event.target.closest("#marking")) return;
  event.preventDefault();
  if (event.target.matches(".new")) belong();
  void keep(event.target, event.submitter);
});
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const button = event.target.closest("[data-draw]");
  if (button instanceof HTMLElement) draw(mode === button.dataset.draw ? "" : (button.dataset.draw ?? ""));
  const shown = event.target.closest("[data-look]");
  if (shown instanceof HTMLElement) look(Number(shown.dataset.look));
  const over = event.target.closest(".remark-button");
  if (over instanceof HTMLElement) /** @type {HTMLElement | null} */ (document.querySelector(`#mark-${over.dataset.mark} button`))?.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && mode) draw("");
});
document.addEventListener("htmx:afterSettle", () => (belong(), pointing?.pick.paint()));
stage.addEventListener("pointing", (event) => begin(/** @type {CustomEvent} */ (event).detail));
if (/** @type {any} */ (stage).pointing) begin(/** @type {any} */ (stage).pointing);
