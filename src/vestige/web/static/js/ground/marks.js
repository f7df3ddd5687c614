// Features on the map: outlines where they are large enough to be seen, points where not; states by line, sign and word.
import { Feature, Fill, ImageCanvas, ImageLayer, MultiPolygon, Stroke, Style, Text, VectorLayer, VectorSource } from "../../vendor/ol.js";
import { calm } from "../stage.js";
import { text } from "./store.js";

/** @typedef {import("./store.js").Store} Store */

const SIGNS = /** @type {Record<string, string>} */ ({ unreviewed: "", accepted: "✓", rejected: "✕", edited: "✎", added: "+" });
const COLOURS = /** @type {Record<string, string>} */ ({ unreviewed: "#ffb000", accepted: "#3ddc84", rejected: "#ff6b5e", edited: "#5ab4ff", added: "#d58cff" });
const DASHES = /** @type {Record<string, number[] | undefined>} */ ({ rejected: [3, 6], edited: [12, 4], added: [12, 4, 2, 4] });
/** An outline shorter than this on the screen is a point. */
const SMALL = 7;
/** More points than this are specks: their signs could not be told apart. */
const MANY = 3000;
/** More of them are specks of one pixel, so that the values are still seen. */
const CROWD = 15000;

/** Slanting lines, for what interpreters differ on. */
function hatching() {
  const sheet = document.createElement("canvas");
  sheet.width = sheet.height = 10;
  const pen = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
  for (const [colour, width] of /** @type {[string, number][]} */ ([["rgba(0,0,0,0.55)", 4], ["#ffffff", 1.6]])) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    for (const start of [-10, 0, 10]) {
      pen.moveTo(start, 10);
      pen.lineTo(start + 10, 0);
    }
    pen.stroke();
  }
  return pen.createPattern(sheet, "repeat");
}

/** @param {any} map @param {Store} store @param {() => Set<string>} shown which features the filter leaves */
export function marks(map, store, shown) {
  const pattern = hatching();
  const source = new VectorSource();
  /** @type {Set<string>} */
  let outlined = new Set();
  let chosen = "";
  let words = true;

  /** @param {any} shape */
  function style(shape) {
    const [name, who] = [shape.get("name"), shape.get("who")];
    if (!shown().has(name)) return [];
    if (who) return [line("#000000", 4, [2, 5]), line("#ffffff", 2, [2, 5])];
    const review = store.review(name);
    const differs = store.mark(name).differs;
    const lit = name === chosen;
    const found = [line("rgba(0,0,0,0.75)", lit ? 8 : 4.5), line(lit ? "#ffffff" : COLOURS[review], lit ? 4.5 : 2.2, DASHES[review])];
    if (lit) found.push(line(COLOURS[review], 2, DASHES[review]));
    found[0].setFill(new Fill({ color: differs.length ? pattern : lit ? "rgba(255,255,255,0.16)" : "rgba(0,0,0,0.01)" }));
    const said = [SIGNS[review], differs.length ? `≠ ${differs.map((kind) => text(`differs_${kind}`)).join(", ")}` : ""].filter(Boolean).join(" ");
    if (said && (words || lit)) found.push(new Style({ text: new Text({ text: said, font: "600 13px system-ui, sans-serif", overflow: true, fill: new Fill({ color: "#ffffff" }), stroke: new Stroke({ color: "#000000", width: 4 }) }) }));
    return found;
  }

  const outlines = new VectorLayer({ source, style, declutter: true });
  const points = new ImageLayer({ source: new ImageCanvas({ canvasFunction: dots, ratio: 1.2 }) });
  map.addLayer(points);
  map.addLayer(outlines);

  /** Features too small for an outline, each a sign of its state. @param {number[]} extent @param {number} resolution @param {number} ratio @param {number[]} size */
  function dots(extent, resolution, ratio, size) {
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = size.map(Math.round);
    const pen = /** @type {CanvasRenderingContext2D} */ (sheet.getContext("2d"));
    const left = shown();
    /** @type {[string, number, number][]} */
    const places = [];
    for (const { name, east, north } of store.features.values()) {
      if (east < extent[0] || east > extent[2] || north < extent[1] || north > extent[3] || outlined.has(name) || !left.has(name)) continue;
      places.push([name, ((east - extent[0]) / resolution) * ratio, ((extent[3] - north) / resolution) * ratio]);
    }
    const many = places.length > MANY;
    if (many) specks(pen, places, store);
    for (const [name, x, y] of places) {
      const differs = store.mark(name).differs.length > 0;
      if (!many || differs || name === chosen) dot(pen, x, y, (name === chosen ? 6 : 3) * ratio, store.review(name), differs);
    }
    return sheet;
  }

  let asked = 0;
  /** Fetch the outlines of what is seen. */
  async function fetchOutlines() {
    const mine = ++asked;
    const resolution = map.getView().getResolution();
    const box = map.getView().calculateExtent(map.getSize());
    const margin = (box[2] - box[0]) / 8;
    const wide = [box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin];
    const told = await store.outlines(wide, resolution / 2, resolution * SMALL);
    if (mine !== asked) return;
    source.clear(true);
    source.addFeatures(told.shapes.map((/** @type {any} */ shape) => new Feature({ geometry: new MultiPolygon(shape.outline), name: shape.name, who: shape.who })));
    outlined = new Set(told.shapes.map((/** @type {any} */ shape) => shape.name));
    words = outlined.size < 150;
    points.getSource().changed();
  }
  // Where the server is away the map keeps what it has; what a person says meanwhile is refused aloud.
  const later = calm(() => void fetchOutlines().catch(() => {}), 120);
  map.on("moveend", later);

  return {
    /** Draw anew: states or the filter have changed. */
    paint() {
      outlines.changed();
      points.getSource().changed();
    },
    /** Outlines have changed. */
    renew: later,
    /** @param {string} name */
    light(name) {
      chosen = name;
      outlines.changed();
      points.getSource().changed();
    },
    /** The feature under a place on the screen; the smallest where several lie there. @param {number[]} pixel */
    at(pixel) {
      /** @type {[number, string][]} */
      const found = [];
      map.forEachFeatureAtPixel(pixel, (/** @type {any} */ shape) => void found.push([shape.getGeometry().getArea(), shape.get("name")]), { hitTolerance: 6, layerFilter: (/** @type {any} */ layer) => layer === outlines });
      if (found.length) return found.sort((a, b) => a[0] - b[0])[0][1];
      const [east, north] = map.getCoordinateFromPixel(pixel);
      const reach = map.getView().getResolution() * 14;
      const left = shown();
      let [nearest, name] = [reach, ""];
      for (const feature of store.features.values()) {
        const far = Math.hypot(feature.east - east, feature.north - north);
        if (far < nearest && left.has(feature.name)) [nearest, name] = [far, feature.name];
      }
      return name;
    },
    /** Show the features, or the values without them. @param {boolean} on */
    show(on) {
      outlines.setVisible(on);
      points.setVisible(on);
    },
    /** While an outline is drawn or edited, the others keep in the background. @param {boolean} on */
    dim: (on) => outlines.setOpacity(on ? 0.35 : 1),
  };
}

/** @param {string} color @param {number} width @param {number[]} [lineDash] */
const line = (color, width, lineDash) => new Style({ stroke: new Stroke({ color, width, lineDash }) });

/** Points as specks: as fast as they may come, for there may be 50,000 of them. @param {CanvasRenderingContext2D} pen @param {[string, number, number][]} places @param {Store} store */
function specks(pen, places, store) {
  const { width, height } = pen.canvas;
  const sheet = pen.createImageData(width, height);
  const pixels = new Uint32Array(sheet.data.buffer);
  const colours = Object.fromEntries(Object.entries(COLOURS).map(([review, colour]) => [review, (0xff000000 | (parseInt(colour.slice(5, 7), 16) << 16) | (parseInt(colour.slice(3, 5), 16) << 8) | parseInt(colour.slice(1, 3), 16)) >>> 0]));
  const reach = places.length > CROWD ? 0 : 1;
  for (const [name, x, y] of places) {
    const colour = colours[store.review(name)];
    const [left, top] = [Math.max(1, Math.min(width - 2, Math.round(x))), Math.max(1, Math.min(height - 2, Math.round(y)))];
    for (let row = -reach; row <= reach; row++) pixels.fill(colour, (top + row) * width + left - reach, (top + row) * width + left + reach + 1);
  }
  pen.putImageData(sheet, 0, 0);
}

/** A ring, a filled circle, a cross or a plus: a sign for each state. @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} r @param {string} review @param {boolean} differs */
function dot(pen, x, y, r, review, differs) {
  const path = new Path2D();
  if (review === "rejected" || review === "added") {
    const turn = review === "added" ? [r, 0, 0, r] : [r, r, r, -r];
    path.moveTo(x - turn[0], y - turn[1]);
    path.lineTo(x + turn[0], y + turn[1]);
    path.moveTo(x - turn[2], y - turn[3]);
    path.lineTo(x + turn[2], y + turn[3]);
  } else path.arc(x, y, r, 0, 7);
  pen.strokeStyle = "rgba(0,0,0,0.75)";
  pen.lineWidth = 3.5;
  pen.stroke(path);
  pen.strokeStyle = pen.fillStyle = COLOURS[review];
  pen.lineWidth = 1.6;
  pen.stroke(path);
  if (review === "accepted" || review === "edited") pen.fill(path);
  if (!differs) return;
  pen.strokeStyle = "#ffffff";
  pen.strokeRect(x - 1.8 * r, y - 1.8 * r, 3.6 * r, 3.6 * r);
}
