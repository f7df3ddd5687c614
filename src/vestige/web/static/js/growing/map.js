// A map that grows: squares that are fetched anew when they changed, outlines over those that are finished.
import { GeoJSON, ImageLayer, ImageStatic, Map as GroundMap, Projection, ScaleLine, Stroke, Style, Fill, VectorLayer, VectorSource, View } from "../../vendor/ol.js";
import { json } from "../reach.js";
import { add, button, calm, failed, fullScreen, group, make, measured, ready, say, select, slider, told, view, word } from "../stage.js";

/** @typedef {{name: string, kind: string, bounds: number[], unit: string, count: number, finished: boolean, version: number}} Part */
/** @typedef {{home: string, state: string, version: number, frames: number, notes: string[], parts: Part[], looks: string[], result: string}} Told */

const OUTLINE = [
  new Style({ stroke: new Stroke({ color: "rgba(255,255,255,0.9)", width: 4 }), fill: new Fill({ color: "rgba(209,73,91,0.10)" }) }),
  new Style({ stroke: new Stroke({ color: "#d1495b", width: 2, lineDash: [6, 4] }) }),
];
const wish = { look: told.looks[0], low: -2, high: 2 };
/** @type {Map<string, {layer: any, version: number, bounds: number[]}>} */
const squares = new Map();
/** @type {Map<string, {version: number, features: any[]}>} */
const outlined = new Map();
const source = new VectorSource();
/** @type {any} */
let map = null;
/** @type {any} */
let projection = null;
/** @type {Told} */
let latest = told;
let touched = false;

const place = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const address = (/** @type {Part} */ part) => `${told.home}/grid/${part.name}?${new URLSearchParams({ v: String(part.version), look: wish.look, low: String(wish.low), high: String(wish.high) })}`;

function begin() {
  projection = new Projection({ code: "site", units: "m" });
  map = new GroundMap({
    target: view,
    controls: [new ScaleLine()],
    layers: [new VectorLayer({ source, style: OUTLINE, zIndex: 10 })],
    view: new View({ projection, center: [0, 0], resolution: 1, constrainResolution: false }),
  });
  view.tabIndex = 0;
  const nearer = (/** @type {number} */ step) => ((touched = true), map.getView().animate({ zoom: (map.getView().getZoom() ?? 0) + step, duration: 160 }));
  const whole = () => ((touched = false), fit());
  group(button("zoom_in", () => nearer(1)), button("zoom_out", () => nearer(-1)), button("fit", whole), fullScreen());
  map.on("pointerdrag", () => (touched = true));
  view.addEventListener("wheel", () => (touched = true), { passive: true });
  keys(nearer, whole);
  tools();
  ready();
  grown(told);
  const events = new EventSource(`${told.home}/events`);
  events.addEventListener("grown", (event) => grown(JSON.parse(event.data)));
  addEventListener("pagehide", () => events.close());
}

/** @param {(step: number) => void} nearer @param {() => void} whole */
function keys(nearer, whole) {
  /** @type {Record<string, () => void>} */
  const actions = { "+": () => nearer(0.5), "=": () => nearer(0.5), "-": () => nearer(-0.5), 0: whole };
  const arrows = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const arrow = arrows[event.key];
    if (arrow) {
      const [x, y] = map.getView().getCenter();
      const step = map.getView().getResolution() * 60;
      touched = true;
      map.getView().setCenter([x + arrow[0] * step, y + arrow[1] * step]);
    } else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  });
}

function tools() {
  const repaint = () => latest.parts.filter((part) => part.kind === "grid").forEach((part) => draw(part, true));
  const later = calm(repaint);
  const range = { min: -20, max: 20, step: 0.1, say: (/** @type {number} */ value) => measured(value, "nT") };
  add(
    select(word("look"), told.looks.map((/** @type {string} */ look) => ({ value: look, text: word(`look_${look}`) })), wish.look, (look) => ((wish.look = look), repaint())),
    slider(word("low"), { ...range, value: wish.low }, (value) => ((wish.low = Math.min(value, wish.high - 0.1)), later())).element,
    slider(word("high"), { ...range, value: wish.high }, (value) => ((wish.high = Math.max(value, wish.low + 0.1)), later())).element,
  );
}

/** @param {Part} part @param {boolean} anew */
function draw(part, anew = false) {
  const known = squares.get(part.name);
  if (known && known.version === part.version && !anew) return;
  const image = new ImageStatic({ url: address(part), imageExtent: part.bounds, projection, interpolate: false });
  if (known) {
    // The old picture stands until the new one is here: nothing flickers.
    image.once("imageloadend", () => known.layer.setSource(image));
    image.getImage(part.bounds, map.getView().getResolution(), 1, projection).load();
    squares.set(part.name, { ...known, version: part.version });
    return;
  }
  const layer = new ImageLayer({ source: image, zIndex: 1 });
  map.addLayer(layer);
  squares.set(part.name, { layer, version: part.version, bounds: part.bounds });
}

/** @param {Part} part */
async function outline(part) {
  const known = outlined.get(part.name);
  if (known && known.version === part.version) return;
  outlined.set(part.name, { version: part.version, features: known?.features ?? [] });
  const found = new GeoJSON().readFeatures(await json(`${told.home}/outlines/${part.name}?v=${part.version}`));
  for (const old of outlined.get(part.name)?.features ?? []) source.removeFeature(old);
  outlined.set(part.name, { version: part.version, features: found });
  source.addFeatures(found);
}

/** The map has grown. @param {Told} now */
function grown(now) {
  latest = now;
  const grids = now.parts.filter((part) => part.kind === "grid");
  const features = now.parts.filter((part) => part.kind === "features");
  grids.forEach((part) => draw(part));
  void Promise.all(features.map(outline)).catch(failed);
  if (!touched) fit();
  const finished = grids.filter((part) => part.finished).length;
  const count = features.reduce((sum, part) => sum + part.count, 0);
  place("lines").textContent = String(now.frames);
  place("squares").textContent = `${finished} / ${grids.length}`;
  place("outlines").textContent = String(count);
  place("provisional").hidden = now.state === "final";
  place("final").hidden = now.state !== "final";
  const result = /** @type {HTMLAnchorElement} */ (place("result"));
  result.hidden = now.result === "";
  if (now.result !== "") result.href = now.result;
  place("notes").replaceChildren(...now.notes.map((note) => make("li", {}, note)));
  view.dataset.version = String(now.version);
  say(`${word(`growing_${now.state}`)} · ${now.frames} ${word("growing_lines")} · ${count} ${word("features_count")}`);
}

function fit() {
  const every = latest.parts.filter((part) => part.kind === "grid").map((part) => part.bounds);
  if (every.length === 0) return;
  const extent = [Math.min(...every.map((e) => e[0])), Math.min(...every.map((e) => e[1])), Math.max(...every.map((e) => e[2])), Math.max(...every.map((e) => e[3]))];
  map.getView().fit(extent, { padding: [24, 24, 24, 24] });
}

try {
  begin();
} catch (error) {
  failed(error);
}
