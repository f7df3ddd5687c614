// A map: measured values, classes and outlines on the ground, in the metres of the site.
import { Fill, GeoJSON, Map, Projection, ScaleLine, Stroke, Style, VectorLayer, VectorSource, View } from "../vendor/ol.js";
import { help } from "./looking/help.js";
import { rasterLayer } from "./ground/raster.js";
import { readings } from "./ground/reading.js";
import { overlays, values } from "./ground/values.js";
import { copyLink, recalledNumber, remember } from "./looking/place.js";
import { json, served } from "./reach.js";
import { button, failed, fullScreen, group, make, ready, say, short, stage, toggle, told, view, word } from "./stage.js";

const chosen = /** @type {HTMLElement} */ (document.querySelector(".chosen"));
const line = (/** @type {string} */ colour, /** @type {number} */ width, /** @type {string} */ ground) =>
  new Style({ stroke: new Stroke({ color: colour, width }), fill: new Fill({ color: ground }) });
const CALM = [line("rgba(255,255,255,0.9)", 4, "rgba(209,73,91,0.10)"), line("#d1495b", 2, "rgba(0,0,0,0)")];
const LIT = [line("#ffffff", 6, "rgba(237,174,73,0.25)"), line("#b07d1e", 3, "rgba(0,0,0,0)")];

async function begin() {
  const closer = told.closer ?? {};
  const interpreted = served && Boolean(closer.interpretation) && document.getElementById("interpretation") !== null;
  const outlines = told.features && !interpreted ? await features(told.features) : null;
  const extent = told.extent ?? outlines?.source.getExtent() ?? [0, 0, 1, 1];
  const projection = new Projection({ code: "site", units: "m", extent });
  const map = new Map({
    target: view,
    controls: [new ScaleLine()],
    layers: [],
    view: new View({ projection, center: [(extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2], resolution: 1, constrainResolution: false, showFullExtent: true }),
  });
  view.tabIndex = 0;
  view.setAttribute("role", "application");
  view.setAttribute("aria-label", word("canvas_map"));
  const fit = () => map.getView().fit(extent, { padding: [24, 24, 24, 24] });
  const nearer = (/** @type {number} */ step) => map.getView().animate({ zoom: (map.getView().getZoom() ?? 0) + step, duration: 160 });
  group(button("zoom_in", () => nearer(1)), button("zoom_out", () => nearer(-1)), button("fit", fit), fullScreen());
  keys(map, nearer, fit, readings(map));

  const wrong = (/** @type {string} */ key) => failed(word(key));
  const switches = [];
  if (told.under) {
    const ground = rasterLayer(projection, told.under.extent, { picture: told.under.picture }, {}, wrong).layer;
    map.addLayer(ground);
    switches.push(toggle("ground", true, (on) => ground.setVisible(on)));
  }
  if (told.picture && told.range) {
    map.addLayer(values(projection));
    overlays(map, projection);
  } else if (told.picture) {
    const classes = rasterLayer(projection, told.extent, { raster: closer.raster, picture: told.picture }, {}, wrong).layer;
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
  if (interpreted) {
    const { interpret } = await import("./ground/interpreting.js");
    await interpret(map);
  }
  map.once("rendercomplete", () => {
    const text = outlines ? `${outlines.total} ${word("features_count")}` : "";
    ready();
    say(text);
  });
  map.render();
}

/** The keys of a map, and the help that names them. @param {any} map @param {(step: number) => void} nearer @param {() => void} fit @param {() => void} read */
function keys(map, nearer, fit, read) {
  const helped = help([
    ["← → ↑ ↓", "key_pan"],
    ["+  −", "key_zoom"],
    ["0", "fit"],
    ["v", "key_read"],
    ["f", "full"],
    ["?", "help"],
  ]);
  group(button("copy_link", () => void copyLink()), helped.button);
  /** @type {Record<string, () => void>} */
  const actions = { "+": () => nearer(0.5), "=": () => nearer(0.5), "-": () => nearer(-0.5), 0: fit, v: read, "?": helped.open, h: helped.open, f: () => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.()) };
  const arrows = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
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
