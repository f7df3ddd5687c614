// A map: measured values, classes and outlines on the ground, in the metres of the site.
import { Fill, GeoJSON, ImageLayer, ImageStatic, Map, Projection, ScaleLine, Stroke, Style, VectorLayer, VectorSource, View } from "../vendor/ol.js";
import { help } from "./looking/help.js";
import { copyLink, recalled, recalledNumber, remember } from "./looking/place.js";
import { json, overview, served } from "./reach.js";
import { add, button, calm, failed, fullScreen, group, make, measured, ready, say, select, short, slider, stage, toggle, told, view, word } from "./stage.js";

const chosen = /** @type {HTMLElement} */ (document.querySelector(".chosen"));
const line = (/** @type {string} */ colour, /** @type {number} */ width, /** @type {string} */ ground) =>
  new Style({ stroke: new Stroke({ color: colour, width }), fill: new Fill({ color: ground }) });
const CALM = [line("rgba(255,255,255,0.9)", 4, "rgba(209,73,91,0.10)"), line("#d1495b", 2, "rgba(0,0,0,0)")];
const LIT = [line("#ffffff", 6, "rgba(237,174,73,0.25)"), line("#b07d1e", 3, "rgba(0,0,0,0)")];

async function begin() {
  const outlines = told.features ? await features(told.features) : null;
  const extent = told.extent ?? outlines?.source.getExtent() ?? [0, 0, 1, 1];
  const projection = new Projection({ code: "site", units: "m", extent });
  const map = new Map({
    target: view,
    controls: [new ScaleLine()],
    layers: [],
    view: new View({ projection, center: [(extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2], resolution: 1, constrainResolution: false, showFullExtent: true }),
  });
  view.tabIndex = 0;
  const fit = () => map.getView().fit(extent, { padding: [24, 24, 24, 24] });
  const nearer = (/** @type {number} */ step) => map.getView().animate({ zoom: (map.getView().getZoom() ?? 0) + step, duration: 160 });
  group(button("zoom_in", () => nearer(1)), button("zoom_out", () => nearer(-1)), button("fit", fit), fullScreen());
  keys(map, nearer, fit);

  /** @param {string} address @param {number[]} where */
  const picture = (address, where) => {
    const source = new ImageStatic({ url: address, imageExtent: where, projection, interpolate: false });
    source.on("imageloaderror", () => failed(word("failed")));
    return new ImageLayer({ source });
  };
  const switches = [];
  if (told.under) {
    const ground = picture(overview(told.under.picture, {}), told.under.extent);
    map.addLayer(ground);
    switches.push(toggle("ground", true, (on) => ground.setVisible(on)));
  }
  if (told.picture && told.range) map.addLayer(values(picture, projection));
  else if (told.picture) {
    const classes = picture(overview(told.picture, {}), told.extent);
    if (told.under) classes.setOpacity(0.7);
    map.addLayer(classes);
    if (told.under) switches.push(toggle("class_layer", true, (on) => classes.setVisible(on)));
  }
  if (outlines) {
    map.addLayer(outlines.layer);
    switches.push(toggle("outlines", true, (on) => outlines.layer.setVisible(on)));
    say(`${outlines.total} ${word("features_count")}`);
    pointing(map, outlines);
  }
  if (switches.length > 0) group(...switches);
  fit();
  followed(map);
  map.once("rendercomplete", () => {
    const text = outlines ? `${outlines.total} ${word("features_count")}` : "";
    ready();
    say(text);
  });
}

/** The keys of a map, and the help that names them. @param {any} map @param {(step: number) => void} nearer @param {() => void} fit */
function keys(map, nearer, fit) {
  const helped = help([
    ["← → ↑ ↓", "key_pan"],
    ["+  −", "key_zoom"],
    ["0", "fit"],
    ["f", "full"],
    ["?", "help"],
  ]);
  group(button("copy_link", () => void copyLink()), helped.button);
  /** @type {Record<string, () => void>} */
  const actions = { "+": () => nearer(0.5), "=": () => nearer(0.5), "-": () => nearer(-0.5), 0: fit, "?": helped.open, h: helped.open, f: () => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.()) };
  const arrows = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const arrow = arrows[event.key];
    const [x, y] = map.getView().getCenter();
    const step = map.getView().getResolution() * 60;
    if (arrow) map.getView().setCenter([x + arrow[0] * step, y + arrow[1] * step]);
    else if (actions[event.key]) actions[event.key]();
    else return;
    event.preventDefault();
  });
}

/** Keep the view in the address, and take it from there. @param {any} map */
function followed(map) {
  const [x, y, resolution] = ["x", "y", "z"].map(recalledNumber);
  if (x !== null && y !== null) map.getView().setCenter([x, y]);
  if (resolution !== null && resolution > 0) map.getView().setResolution(resolution);
  map.on("moveend", () => {
    const [east, north] = map.getView().getCenter();
    // Coordinates of a site have more figures than a link rounds to.
    remember({ x: east.toFixed(2), y: north.toFixed(2), z: map.getView().getResolution() });
  });
}

/** The layer of measured values, with its colour map and range. @param {any} picture @param {any} projection */
function values(picture, projection) {
  const { low, high, unit } = told.range;
  const reach = Math.max(Math.abs(low), Math.abs(high));
  const known = recalled("look");
  const wish = { look: told.looks.includes(known) ? String(known) : told.looks[0], low: recalledNumber("low") ?? low, high: recalledNumber("high") ?? high };
  const address = () => overview(told.picture, wish);
  const layer = picture(address(), told.extent);
  const kept = () => remember({ look: wish.look, low: wish.low === low ? null : wish.low, high: wish.high === high ? null : wish.high });
  const repaint = () => layer.setSource(new ImageStatic({ url: address(), imageExtent: told.extent, projection, interpolate: false }));
  const later = calm(repaint);
  const options = told.looks.map((/** @type {string} */ look) => ({ value: look, text: word(`look_${look}`) }));
  const sayValue = (/** @type {number} */ value) => measured(value, unit);
  const step = (high - low) / 200;
  const [least, most] = low < 0 && high > 0 ? [-reach * 2, reach * 2] : [low - (high - low) / 2, high + (high - low) / 2];
  const range = { min: least, max: most, step, say: sayValue };
  add(select(word("look"), options, wish.look, (look) => ((wish.look = look), kept(), repaint())));
  if (!served) return layer; // the range is the one the picture was made with
  add(
    slider(word("low"), { ...range, value: wish.low }, (value) => ((wish.low = Math.min(value, wish.high - step)), kept(), later())).element,
    slider(word("high"), { ...range, value: wish.high }, (value) => ((wish.high = Math.max(value, wish.low + step)), kept(), later())).element,
  );
  return layer;
}

/** @param {string} address */
async function features(address) {
  const collection = await json(address);
  const source = new VectorSource({ features: new GeoJSON().readFeatures(collection) });
  const layer = new VectorLayer({ source, style: CALM });
  return { source, layer, total: collection.total };
}

/** Point at an outline to read its attributes; with the keyboard, go from one to the next. @param {any} map @param {any} outlines */
function pointing(map, outlines) {
  /** @type {any} */
  let lit = null;
  const all = outlines.source.getFeatures();
  const light = (/** @type {any} */ feature) => {
    lit?.setStyle(undefined);
    lit = feature;
    chosen.hidden = feature === null;
    if (feature === null) return;
    feature.setStyle(LIT);
    const rows = Object.entries(feature.getProperties()).filter(([key]) => key !== feature.getGeometryName());
    chosen.replaceChildren(make("dl", { class: "figures" }, ...rows.flatMap(([key, value]) => [make("dt", {}, key.replaceAll("_", " ")), make("dd", {}, typeof value === "number" ? short(value) : String(value ?? "–"))])));
  };
  map.on("click", (/** @type {any} */ event) => light(map.forEachFeatureAtPixel(event.pixel, (/** @type {any} */ feature) => feature) ?? null));
  if (all.length === 0) return;
  const step = (/** @type {number} */ by) => {
    const next = all[(all.indexOf(lit) + by + all.length) % all.length];
    light(next);
    map.getView().fit(next.getGeometry().getExtent(), { padding: [80, 80, 80, 80], maxZoom: (map.getView().getZoom() ?? 0) + 2, duration: 250 });
  };
  group(button("previous", () => step(-1)), button("next", () => step(1)));
}

begin().catch(failed);
