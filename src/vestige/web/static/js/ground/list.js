// The features as a table, in the order of reading: a sheet of rows at a time, one of them chosen.
import { make, short } from "../stage.js";
import { label, panel, text } from "./store.js";

/** @typedef {import("./store.js").Store} Store @typedef {import("./store.js").Feature} Feature */

/** So many rows stand in the table at once. */
const SHEET = 40;
/** Features whose centres lie in one band of so many metres are read from west to east. */
const BAND = 20;
/** @param {Feature} a @param {Feature} b */
const reading = (a, b) => Math.floor(b.north / BAND) - Math.floor(a.north / BAND) || a.east - b.east;
const ORDERS = /** @type {Record<string, (a: Feature, b: Feature) => number>} */ ({ reading, confidence: (a, b) => (b.confidence ?? 2) - (a.confidence ?? 2) || reading(a, b), unsure: (a, b) => (a.confidence ?? 2) - (b.confidence ?? 2) || reading(a, b), diameter: (a, b) => (b.diameter ?? 0) - (a.diameter ?? 0) || reading(a, b) });

/** @param {string} selector */
const part = (selector) => /** @type {HTMLElement} */ (panel.querySelector(selector));

/** @param {Store} store @param {(name: string, moves: boolean) => void} chose @param {() => void} filtered */
export function list(store, chose, filtered) {
  const body = part("tbody");
  /** @type {string[]} */
  let names = [];
  /** @type {Set<string>} */
  let left = new Set();
  let at = 0;
  const wish = { review: "", confidence: 0, least: 0, most: Infinity, complete: 0, order: "reading" };

  /** @param {Feature} feature */
  function fits(feature) {
    const mark = store.mark(feature.name);
    if (wish.review === "differs" ? !mark.differs.length : wish.review && store.review(feature.name) !== wish.review) return false;
    if (feature.who) return true; // a person drew it: it has no confidence, and is never hidden for its size
    return (feature.confidence ?? 1) >= wish.confidence && (feature.complete ?? 1) >= wish.complete && (feature.diameter ?? 0) >= wish.least && (feature.diameter ?? 0) <= wish.most;
  }

  function sift() {
    const kept = names[at];
    const found = [...store.features.values()].filter(fits).sort(ORDERS[wish.order]);
    names = found.map((feature) => feature.name);
    left = new Set(names);
    at = Math.max(0, names.indexOf(kept));
    part("#filtered").textContent = text("of", { n: names.length, all: store.features.size });
    draw();
    filtered();
  }

  /** The words for what others say and where they differ. @param {string} name */
  function othersOf(name) {
    const mark = store.mark(name);
    const said = store.others(name).map(([who, said]) => `${who}: ${text(`review_${said.review}`)}`);
    if (mark.differs.length) said.push(`≠ ${mark.differs.map((kind) => text(`differs_${kind}`)).join(", ")}${mark.differs.includes("outline") ? ` (IoU ${short(mark.overlap ?? 0)})` : ""}`);
    return said;
  }

  /** @param {string} name */
  function row(name) {
    const feature = /** @type {Feature} */ (store.features.get(name));
    const [review, others, chosen] = [store.review(name), othersOf(name), name === names[at]];
    const remark = store.mark(name).said[store.who]?.remark;
    const pick = make("button", { type: "button", class: "pick", tabindex: chosen ? "0" : "-1", "aria-current": String(chosen), "data-name": name }, title(feature));
    const figure = (/** @type {number | null} */ value, /** @type {string} */ unit) => make("td", { class: "number" }, value === null || value === undefined ? "–" : `${short(value)}${unit}`);
    const differs = store.mark(name).differs.length > 0;
    const seen = make("td", {}, ...others.map((line) => make("span", { class: line.startsWith("≠") ? "chip warn" : "quiet line" }, line)));
    return make("tr", { "aria-selected": String(chosen), class: differs ? "differs" : "" }, make("th", { scope: "row" }, pick), make("td", {}, make("span", { class: `state ${review}` }, text(`review_${review}`)), ...(remark ? [make("span", { class: "quiet line" }, remark)] : [])), figure(feature.confidence, ""), figure(feature.diameter, " m"), seen);
  }

  /** @param {Feature} feature */
  const title = (feature) => `${label(feature.name)} ${store.classOf(feature)}`;

  function draw() {
    const first = Math.floor(at / SHEET) * SHEET;
    const focused = body.contains(document.activeElement);
    body.replaceChildren(...names.slice(first, first + SHEET).map(row));
    if (names.length === 0) body.append(make("tr", {}, make("td", { colspan: "5" }, text("none"))));
    part("#range").textContent = names.length ? text("range", { first: first + 1, last: Math.min(first + SHEET, names.length), all: names.length }) : "";
    if (focused) focus();
  }

  function focus() {
    /** @type {HTMLElement | null} */ (body.querySelector('[tabindex="0"]'))?.focus({ preventScroll: false });
  }

  /** Choose the feature at a place of the list. @param {number} place @param {boolean} moves whether the map goes there */
  function go(place, moves = true) {
    if (names.length === 0) return;
    const before = at;
    at = Math.min(names.length - 1, Math.max(0, place));
    if (Math.floor(before / SHEET) !== Math.floor(at / SHEET) || before === at) draw();
    else for (const name of [names[before], names[at]]) renew(name);
    body.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
    chose(names[at], moves);
  }

  /** Write the row of a feature anew, where it is on the sheet. @param {string} name */
  function renew(name) {
    const old = body.querySelector(`[data-name="${name}"]`)?.closest("tr");
    if (!old || !store.features.has(name)) return;
    const focused = old.contains(document.activeElement);
    const fresh = row(name);
    old.replaceWith(fresh);
    if (focused) /** @type {HTMLElement} */ (fresh.querySelector(".pick")).focus();
  }

  body.addEventListener("click", (event) => {
    const pick = event.target instanceof Element ? event.target.closest("tr")?.querySelector(".pick") : null;
    if (!(pick instanceof HTMLElement)) return;
    go(names.indexOf(pick.dataset.name ?? ""));
    focus();
  });
  const turning = part(".turning");
  const turn = (/** @type {string} */ key, /** @type {number} */ by) => {
    const element = make("button", { type: "button", class: "button" }, text(key));
    element.addEventListener("click", () => go((Math.floor(at / SHEET) + by) * SHEET));
    return element;
  };
  turning.append(turn("sheet_before", -1), make("span", { id: "range", class: "quiet" }), turn("sheet_after", 1));
  fields(part(".filter-fields"), wish, sift);

  return {
    sift,
    renew,
    go,
    draw,
    focus,
    title,
    left: () => left,
    has: (/** @type {string} */ name) => left.has(name),
    chosen: () => names[at] ?? "",
    place: (/** @type {string} */ name) => names.indexOf(name),
    at: () => at,
    othersOf,
    page: SHEET,
    size: () => names.length,
  };
}

/** What may be filtered by. @param {HTMLElement} into @param {Record<string, any>} wish @param {() => void} changed */
function fields(into, wish, changed) {
  /** @param {string} key @param {HTMLElement} input */
  const field = (key, input) => into.append(make("label", { class: "field" }, make("span", {}, text(key)), input));
  const choose = (/** @type {string} */ key, /** @type {string} */ label, /** @type {[string, string][]} */ options) => {
    const input = make("select", {}, ...options.map(([value, said]) => make("option", { value }, text(said))));
    input.addEventListener("change", () => ((wish[key] = input.value), changed()));
    field(label, input);
  };
  const number = (/** @type {string} */ key, /** @type {string} */ label, /** @type {number} */ empty, /** @type {string} */ step) => {
    const input = make("input", { type: "number", min: "0", step, inputmode: "decimal" });
    input.addEventListener("input", () => ((wish[key] = input.value === "" ? empty : Number(input.value)), changed()));
    field(label, input);
  };
  choose("review", "review", [["", "any"], ...["unreviewed", "accepted", "rejected", "edited", "added"].map((name) => /** @type {[string, string]} */ ([name, `review_${name}`])), ["differs", "differing"]]);
  choose("order", "order", Object.keys(ORDERS).map((name) => [name, `order_${name}`]));
  number("confidence", "least_confidence", 0, "0.05");
  number("complete", "least_complete", 0, "0.1");
  number("least", "least_diameter", 0, "1");
  number("most", "most_diameter", Infinity, "1");
}
