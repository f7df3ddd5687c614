// Deep zoom: pictures, measured values through a colour map, bands, pages with their words.
import OpenSeadragon from "../vendor/openseadragon.js";
import { add, button, calm, choice, failed, fullScreen, group, make, measured, ready, say, select, slider, stage, toggle, told, view, word } from "./stage.js";
import { Reading } from "./reading.js";

/**
 * @typedef {{label: string, picture: string, words?: string | null, ask?: string, width: number, height: number,
 *   deepest: number, tile: number, tiles: string, version: string}} Item
 * @typedef {{message: string}} Fault
 */

/** @type {Item[]} */
const items = told.items;
let chosen = 0;
/** How the values are shown, as it goes into the address of a tile. @type {Record<string, string | number>} */
let wish = {};

const viewer = new OpenSeadragon({
  element: view,
  prefixUrl: "",
  showNavigationControl: false,
  drawer: "canvas",
  animationTime: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 0.6,
  maxZoomPixelRatio: 6,
  minZoomImageRatio: 0.7,
  visibilityRatio: 0.4,
  gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  placeholderFillStyle: "#191816",
});

/** What OpenSeadragon must know to fetch tiles. @param {Item} item */
function source(item) {
  const query = new URLSearchParams({ v: item.version });
  for (const [key, value] of Object.entries(wish)) query.set(key, String(value));
  const tail = `?${query}`;
  return {
    width: item.width,
    height: item.height,
    tileSize: item.tile,
    minLevel: 0,
    maxLevel: item.deepest,
    getTileUrl: (/** @type {number} */ level, /** @type {number} */ x, /** @type {number} */ y) => `${item.tiles}/${level}/${x}/${y}${tail}`,
  };
}

/** Show the item again with the present wish; the old picture stays until the new one is there. */
function repaint() {
  /** @type {any[]} */
  const old = [];
  for (let place = 0; place < viewer.world.getItemCount(); place++) old.push(viewer.world.getItemAt(place));
  viewer.addTiledImage({
    tileSource: source(items[chosen]),
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

const reading = new Reading(viewer, document.querySelector(".reading"));

/** Open another picture of the product. @param {number} place */
async function open(place) {
  chosen = place;
  const item = items[place];
  if (item.ask && !item.tiles) {
    const answer = await fetch(item.ask);
    if (!answer.ok) return failed(word("failed"));
    Object.assign(item, { ...(await answer.json()), label: item.label });
  }
  viewer.open(/** @type {any} */ (source(item)));
  document.querySelectorAll(".strip.items button").forEach((element, number) => {
    if (number === place) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  });
  if (items.length > 1) say(`${item.label} · ${place + 1} / ${items.length}`);
  await reading.open(item.words ?? null, item.height / item.width);
}

viewer.addHandler("tile-drawn", ready);
viewer.addHandler("open-failed", (/** @type {Fault} */ { message }) => failed(message));
viewer.addHandler("tile-load-failed", (/** @type {Fault} */ { message }) => failed(`${word("failed")} (${message})`));

function navigation() {
  group(
    button("zoom_in", () => viewer.viewport.zoomBy(1.6).applyConstraints()),
    button("zoom_out", () => viewer.viewport.zoomBy(1 / 1.6).applyConstraints()),
    button("fit", () => viewer.viewport.goHome()),
    fullScreen(),
  );
  if (items.length < 2) return;
  group(
    button("previous", () => void open((chosen + items.length - 1) % items.length)),
    button("next", () => void open((chosen + 1) % items.length)),
  );
  const strip = /** @type {HTMLElement} */ (document.querySelector(".strip.items"));
  strip.hidden = false;
  items.forEach((item, place) => {
    const picture = make("img", { src: item.picture, alt: "", loading: "lazy" });
    const element = make("button", { type: "button" }, picture, make("span", { class: "name" }, item.label));
    element.addEventListener("click", () => void open(place));
    strip.append(make("li", {}, element));
  });
}

/** Colour map and range of measured values. */
function values() {
  const { low, high, unit } = told.range;
  const span = high - low;
  wish = { look: told.looks[0], low, high };
  const later = calm(repaint);
  const say = (/** @type {number} */ value) => measured(value, unit);
  const options = told.looks.map((/** @type {string} */ look) => ({ value: look, text: word(`look_${look}`) }));
  add(select(word("look"), options, told.looks[0], (look) => ((wish.look = look), repaint())));
  const range = { min: low - span * 0.25, max: high + span * 0.25, step: span / 200, say };
  const lowest = slider(word("low"), { ...range, value: low }, (value) => ((wish.low = Math.min(value, Number(wish.high) - span / 200)), later()));
  const highest = slider(word("high"), { ...range, value: high }, (value) => ((wish.high = Math.max(value, Number(wish.low) + span / 200)), later()));
  add(lowest.element, highest.element);
}

/** One band by a slider, or three as red, green and blue. */
function bands() {
  const rows = told.bands;
  const last = rows.length - 1;
  let single = Math.floor(rows.length / 2);
  const mixture = [...told.mixture];
  const later = calm(repaint, 60);
  const paint = (/** @type {string} */ mode) => {
    wish = { bands: mode === "single" ? String(single) : mixture.join(",") };
    one.element.hidden = mode !== "single";
    for (const part of three) part.hidden = mode === "single";
    later();
  };
  const name = (/** @type {number} */ band) => rows[band].label;
  choice(rows.length > 1 ? ["single", "mixture"] : ["single"], "single", paint);
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
  wish = { bands: String(single) };
  for (const part of three) part.hidden = true;
}

if (items.length > 0) {
  navigation();
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
  open(0).catch(failed);
  stage.addEventListener("fullscreenchange", () => viewer.viewport?.goHome());
}
