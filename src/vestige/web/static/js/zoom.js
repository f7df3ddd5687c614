// Deep zoom: pictures, measured values through a colour map, bands, pages with their words.
import { add, button, calm, choice, failed, group, make, measured, ready, say, select, slider, stage, toggle, told, view, word } from "./stage.js";
import { deepZoom, followed, navigation, scaled, source } from "./looking/deepzoom.js";
import { Measures } from "./looking/measure.js";
import { Pick } from "./looking/pick.js";
import { recalled, recalledNumber, remember } from "./looking/place.js";
import { seen } from "./looking/seen.js";
import { Spectrum } from "./looking/spectrum.js";
import { json, served } from "./reach.js";
import { Reading } from "./reading.js";

/**
 * @typedef {import("./looking/deepzoom.js").Raster & {words?: string | null, ask?: string}} Item
 * @typedef {{message: string}} Fault
 */

/** @type {Item[]} */
const items = told.items;
let chosen = Math.min(items.length - 1, Math.max(0, recalledNumber("i") ?? 0));
/** How the values are shown, as it goes into the address of a tile. @type {Record<string, string | number>} */
let wish = {};

const viewer = deepZoom(view);
const reading = new Reading(viewer, document.querySelector(".reading"));

/** Show the item again with the present wish; the old picture stays until the new one is there. */
function repaint() {
  /** @type {any[]} */
  const old = [];
  for (let place = 0; place < viewer.world.getItemCount(); place++) old.push(viewer.world.getItemAt(place));
  viewer.addTiledImage({
    tileSource: source(items[chosen], wish),
    success: (/** @type {{item: any}} */ { item: fresh }) => {
      const swap = () => {
        for (const image of old) if (viewer.world.getIndexOfItem(image) >= 0) viewer.world.removeItem(image);
        ready();
      };
      if (fresh.getFullyLoaded()) swap();
      else fresh.addOnceHandler("fully-loaded-change", swap);
    },
    error: (/** @type {Fault} */ { message }) => failed(message),
  });
}

/** Open another picture of the product. @param {number} place */
async function open(place) {
  chosen = place;
  remember({ i: place || null });
  const item = items[place];
  if (item.ask && !item.tiles) {
    const raster = await json(item.ask).catch(() => null);
    if (!raster) return failed(word("failed"));
    Object.assign(item, raster, { label: item.label });
  }
  viewer.open(/** @type {any} */ (source(item, wish)));
  document.querySelectorAll(".strip.items button").forEach((element, number) => {
    if (number === place) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  });
  if (items.length > 1) say(`${item.label} · ${place + 1} / ${items.length}`);
  await reading.open(item.words ?? null, item.height / item.width);
}

const step = (/** @type {number} */ by) => void open((chosen + items.length + by) % items.length);

viewer.addHandler("tile-drawn", ready);
viewer.addHandler("open-failed", (/** @type {Fault} */ { message }) => failed(message));
viewer.addHandler("tile-load-failed", (/** @type {Fault} */ { message }) => failed(`${word("failed")} (${message})`));

/** The pictures of a product with several, to go through. */
function strip() {
  group(
    button("previous", () => step(-1)),
    button("next", () => step(1)),
  );
  const list = /** @type {HTMLElement} */ (document.querySelector(".strip.items"));
  list.hidden = false;
  items.forEach((item, place) => {
    const picture = make("img", { src: item.picture, alt: "", loading: "lazy" });
    const element = make("button", { type: "button" }, picture, make("span", { class: "name" }, item.label));
    element.addEventListener("click", () => void open(place));
    list.append(make("li", {}, element));
  });
}

/** Colour map and range of measured values. */
function values() {
  const { low, high, unit } = told.range;
  const span = high - low;
  const known = recalled("look");
  wish = { look: told.looks.includes(known) ? String(known) : told.looks[0], low: recalledNumber("low") ?? low, high: recalledNumber("high") ?? high };
  const later = calm(repaint);
  const changed = () => (remember({ look: wish.look, low: wish.low === low ? null : wish.low, high: wish.high === high ? null : wish.high }), later());
  const tell = (/** @type {number} */ value) => measured(value, unit);
  const options = told.looks.map((/** @type {string} */ look) => ({ value: look, text: word(`look_${look}`) }));
  add(select(word("look"), options, String(wish.look), (look) => ((wish.look = look), changed())));
  if (!served) return; // the range is the one the tiles were made with
  const range = { min: low - span * 0.25, max: high + span * 0.25, step: span / 200, say: tell };
  const lowest = slider(word("low"), { ...range, value: Number(wish.low) }, (value) => ((wish.low = Math.min(value, Number(wish.high) - span / 200)), changed()));
  const highest = slider(word("high"), { ...range, value: Number(wish.high) }, (value) => ((wish.high = Math.max(value, Number(wish.low) + span / 200)), changed()));
  add(lowest.element, highest.element);
}

/** One band by a slider, or three as red, green and blue. */
function bands() {
  const rows = told.bands;
  const last = rows.length - 1;
  const asked = (recalled("bands") ?? "").split(",").map(Number);
  const fits = asked.every((band) => Number.isInteger(band) && band >= 0 && band <= last) && recalled("bands");
  let single = fits && asked.length === 1 ? asked[0] : Math.floor(rows.length / 2);
  const mixture = fits && asked.length === 3 && served ? asked : [...told.mixture];
  const mode = fits && asked.length === 3 ? "mixture" : "single";
  const later = calm(repaint, 60);
  const set = (/** @type {string} */ now) => {
    wish = { bands: now === "single" ? String(single) : mixture.join(",") };
    one.element.hidden = now !== "single";
    for (const part of three) part.hidden = now === "single" || !served;
  };
  const paint = (/** @type {string} */ now) => (set(now), remember(wish), later());
  const name = (/** @type {number} */ band) => rows[band].label;
  choice(rows.length > 1 ? ["single", "mixture"] : ["single"], mode, paint);
  const one = slider(word("band"), { min: 0, max: last, step: 1, value: single, wide: true, say: name }, (value) => {
    single = value;
    paint("single");
  });
  const options = rows.map((/** @type {{label: string}} */ row, /** @type {number} */ band) => ({ value: String(band), text: row.label }));
  const three = ["red", "green", "blue"].map((key, place) => {
    const element = select(word(key), options, String(mixture[place]), (value) => {
      mixture[place] = Number(value);
      paint("mixture");
    });
    element.prepend(make("span", { class: `swatch ${key}`, "aria-hidden": "true" }));
    return element;
  });
  add(one.element, ...three);
  set(mode);
}

/** What is asked about the values of the picture shown. @param {string} what */
const about = (what) => () => items[chosen].tiles.replace(/^\/tiles\//, `/${what}/`);
/** @type {() => number | null | undefined} */
const pixelMm = () => items[chosen].pixel_mm ?? told.pixel_mm;

if (items.length > 0) {
  const pick = new Pick(viewer);
  const measures = new Measures(pick, pixelMm, told.range && served ? about("profile") : null);
  const spectrum = told.bands && served ? new Spectrum(pick, about("spectrum")) : null;
  navigation(viewer, {
    keys: [
      ["Enter", "key_pick", () => pick.here()],
      [" ", "", () => pick.here()],
      ["Backspace", "key_back", () => measures.back()],
      ["Escape", "key_stop", () => (measures.choose(null), spectrum?.choose(false))],
      ["m", "measure_distance", () => measures.choose("distance")],
      ...(items.length > 1 ? /** @type {[string, string, () => void][]} */ ([["[", "previous", () => step(-1)], ["]", "next", () => step(1)]]) : []),
      ...(spectrum ? /** @type {[string, string, () => void][]} */ ([["s", "spectrum", () => spectrum.choose(true)]]) : []),
    ],
  });
  if (items.length > 1) strip();
  if (told.range) values();
  if (told.bands) bands();
  if (items.some((item) => item.words)) {
    group(
      toggle("words", Boolean(told.reading), (on) => reading.boxes(on)),
      ...(told.reading ? [] : [toggle("reading", false, (on) => reading.panel(on))]),
    );
    reading.boxes(Boolean(told.reading));
    if (told.reading) reading.panel(true);
  }
  // One thing is pointed at a time.
  measures.toggles?.forEach((element) => element.addEventListener("click", () => spectrum?.toggle.setAttribute("aria-pressed", "false")));
  spectrum?.toggle.addEventListener("click", () => measures.toggles?.forEach((element) => element.setAttribute("aria-pressed", "false")));
  stage.parentElement?.querySelector(".tools")?.after(measures.panel, ...(spectrum ? [spectrum.panel] : []));
  followed(viewer);
  scaled(viewer, pixelMm);
  seen(viewer, () => ({ name: chosen, wish }));
  // Others may mark places in the picture (remarks).
  const pointing = { viewer, pick, shown: () => items[chosen] };
  stage.dispatchEvent(new CustomEvent("pointing", { detail: pointing }));
  Object.assign(stage, { pointing });
  open(chosen).catch(failed);
}
