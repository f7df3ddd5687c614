// Editing an outline corner by corner, drawing a ring or a polygon: by keys, by fields and buttons, by mouse or finger.
import { Circle, Feature, Fill, MultiPolygon, Point, Stroke, Style, VectorLayer, VectorSource } from "../../vendor/ol.js";
import { make, stage, view } from "../stage.js";
import { metres } from "./reading.js";
import { corners, insert, moved, put, ring, take } from "./shapes.js";
import { panel, text } from "./store.js";

/** @typedef {import("./shapes.js").Place} Place @typedef {import("./shapes.js").Outline} Outline */

const ARROWS = /** @type {Record<string, Place>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });
/** An arrow key moves by so many pixels of the screen, with Shift by one. */
const COARSE = 10;
const HALO = [new Style({ stroke: new Stroke({ color: "#000000", width: 6 }), fill: new Fill({ color: "rgba(255,255,255,0.14)" }) }), new Style({ stroke: new Stroke({ color: "#ffffff", width: 2.5, lineDash: [8, 5] }) })];
const spot = (/** @type {number} */ radius, /** @type {string} */ color) => new Style({ image: new Circle({ radius, fill: new Fill({ color }), stroke: new Stroke({ color: "#000000", width: 2 }) }) });
const [CORNER, CHOSEN] = [spot(4, "#ffffff"), spot(8, "#ffd97a")];

/** @param {any} map @param {(words: string) => void} say */
export function pen(map, say) {
  const box = /** @type {HTMLElement} */ (panel.querySelector(".pen"));
  const source = new VectorSource();
  const layer = new VectorLayer({ source, zIndex: 10 });
  map.addLayer(layer);
  /** "" while nothing is drawn, else "edit", "ring" or "polygon". */
  let mode = "";
  /** @type {Outline} */
  let outline = [];
  let at = 0;
  let whole = false;
  let fine = false;
  const round = { diameter: 20, width: 2 };
  /** The centre of a ring, or where the next corner of a polygon would be. @type {Place} */
  let cursor = [0, 0];
  /** @type {Place[]} */
  let points = [];
  /** @type {(outline: Outline | null) => void} */
  let done = () => {};

  const corner = () => corners(outline)[at];
  /** @returns {Place} */
  const place = () => (mode === "edit" ? outline[corner().part][corner().number][corner().corner] : cursor);
  const shape = () => (mode === "ring" ? ring(cursor, round.diameter, round.width) : mode === "polygon" ? (points.length > 2 ? [[[...points, points[0]]]] : []) : outline);

  function paint() {
    source.clear(true);
    if (!mode) return;
    const put = (/** @type {any} */ geometry, /** @type {any} */ style) => {
      const made = new Feature({ geometry });
      made.setStyle(style);
      source.addFeature(made);
    };
    put(new MultiPolygon(mode === "polygon" && points.length === 2 ? [[[...points, points[0]]]] : shape()), HALO);
    if (mode === "edit") corners(outline).forEach((one, number) => number !== at && put(new Point(outline[one.part][one.number][one.corner]), CORNER));
    for (const point of mode === "polygon" ? points : []) put(new Point(point), CORNER);
    put(new Point(place()), CHOSEN);
    for (const [name, value] of Object.entries({ east: cursor[0], north: cursor[1], ...round })) {
      const field = box.querySelector(`[name=${name}]`);
      if (field instanceof HTMLInputElement && field !== document.activeElement) field.value = metres(value);
    }
  }

  /** Say where one is, and keep it in sight. */
  function tell() {
    paint();
    const [east, north] = place();
    const where = { east: metres(east), north: metres(north) };
    if (mode === "edit") say(whole ? text("pen_whole", where) : text("pen_corner", { n: at + 1, all: corners(outline).length, ...where }));
    else if (mode === "ring") say(text("pen_ring", { ...where, diameter: metres(round.diameter) }));
    else say(text("pen_point", { n: points.length, ...where }));
    const [x, y] = map.getPixelFromCoordinate(place()) ?? [0, 0];
    const [width, height] = map.getSize();
    if (x < 30 || y < 30 || x > width - 30 || y > height - 30) map.getView().setCenter(place());
  }

  /** @param {Place} by @param {boolean} little */
  function move([east, north], little) {
    const step = map.getView().getResolution() * (little || fine ? 1 : COARSE);
    if (mode === "edit" && whole) outline = moved(outline, east * step, north * step);
    else if (mode === "edit") put(outline, corner(), [place()[0] + east * step, place()[1] + north * step]);
    else cursor = [cursor[0] + east * step, cursor[1] + north * step];
    tell();
  }

  const actions = /** @type {Record<string, (event?: KeyboardEvent) => void>} */ ({
    next: () => ((at = (at + 1) % corners(outline).length), tell()),
    before: () => ((at = (at - 1 + corners(outline).length) % corners(outline).length), tell()),
    insert: () => (insert(outline, corner()), actions.next()),
    remove: () => (take(outline, corner()) ? ((at = Math.min(at, corners(outline).length - 1)), tell()) : say(text("pen_three"))),
    whole: () => ((whole = !whole), tell()),
    larger: (event) => resize(event?.shiftKey || fine ? 0.1 : 1, 0),
    smaller: (event) => resize(event?.shiftKey || fine ? -0.1 : -1, 0),
    wider: () => resize(0, 0.5),
    narrower: () => resize(0, -0.5),
    set: () => (points.push([...cursor]), tell()),
    unset: () => (points.pop(), tell()),
    ring: () => begin("ring"),
    polygon: () => begin("polygon"),
    keep: () => (mode === "polygon" && points.length < 3 ? say(text("pen_three")) : end(shape())),
    discard: () => end(null),
  });
  const KEYS = /** @type {Record<string, Record<string, string>>} */ ({
    edit: { n: "next", p: "before", i: "insert", Delete: "remove", Backspace: "remove", m: "whole" },
    ring: { "+": "larger", "*": "larger", "=": "larger", "-": "smaller", _: "smaller", w: "wider", W: "narrower", p: "polygon" },
    polygon: { " ": "set", Backspace: "unset", r: "ring" },
  });

  /** @param {number} more @param {number} wider */
  function resize(more, wider) {
    round.diameter = Math.max(1, round.diameter + more);
    round.width = Math.max(0, Math.min(round.diameter / 2, round.width + wider));
    tell();
  }

  /** @param {string} next */
  function begin(next) {
    mode = next;
    controls();
    tell();
  }

  /** @param {Outline | null} result */
  function end(result) {
    mode = "";
    box.hidden = true;
    box.replaceChildren();
    paint();
    done(result);
  }

  /** Buttons for what the keys do, and fields for a ring. */
  function controls() {
    const button = (/** @type {string} */ key, /** @type {() => void} */ pressed, kind = "button") => {
      const element = make("button", { type: "button", class: kind }, text(`pen_${["whole", "ring"].includes(key) ? `${key}_toggle` : key}`));
      element.addEventListener("click", pressed);
      return element;
    };
    const arrow = (/** @type {string} */ key, /** @type {string} */ sign) => {
      const element = make("button", { type: "button", class: "button", "aria-label": text(`pen_${key}`) }, sign);
      element.addEventListener("click", () => move(ARROWS[key], false));
      return element;
    };
    const small = button("fine", () => small.setAttribute("aria-pressed", String((fine = !fine))));
    small.setAttribute("aria-pressed", String(fine));
    const named = { edit: ["before", "next", "insert", "remove", "whole"], ring: ["smaller", "larger", "polygon"], polygon: ["set", "unset", "ring"] }[mode] ?? [];
    box.replaceChildren(
      make("p", { class: "help" }, text(`pen_help_${mode}`)),
      ...(mode === "ring" ? [make("div", { class: "pen-fields" }, ...["east", "north", "diameter", "width"].map(field))] : []),
      make("div", { class: "buttons" }, arrow("ArrowLeft", "←"), arrow("ArrowUp", "↑"), arrow("ArrowDown", "↓"), arrow("ArrowRight", "→"), small, ...named.map((key) => button(key, () => actions[key]()))),
      make("div", { class: "buttons" }, button("keep", actions.keep, "button primary"), button("discard", actions.discard)),
    );
    box.hidden = false;
  }

  /** @param {string} name */
  function field(name) {
    const input = make("input", { type: "number", step: "any", name, inputmode: "decimal" });
    input.addEventListener("input", () => {
      const value = Number(input.value);
      if (input.value === "" || !Number.isFinite(value)) return;
      if (name === "east") cursor = [value, cursor[1]];
      else if (name === "north") cursor = [cursor[0], value];
      else round[/** @type {"diameter" | "width"} */ (name)] = Math.max(name === "width" ? 0 : 1, value);
      paint();
    });
    return make("label", { class: "field" }, make("span", {}, text(`pen_${name}`)), input);
  }

  stage.addEventListener(
    "keydown",
    (event) => {
      if (!mode || event.ctrlKey || event.altKey || event.metaKey || !(event.target instanceof Node) || !view.contains(event.target)) return;
      const arrow = ARROWS[event.key];
      const action = event.key === "Enter" ? "keep" : event.key === "Escape" ? "discard" : KEYS[mode][event.key];
      if (arrow) move(arrow, event.shiftKey);
      else if (action) actions[action](event);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") actions.discard();
    else if (event.key === "Enter" && event.target instanceof HTMLInputElement) actions.keep();
    else return;
    event.preventDefault();
  });

  // A corner is dragged; a press elsewhere still moves the map.
  let dragged = false;
  const pixel = (/** @type {PointerEvent} */ event) => map.getEventPixel(event);
  view.addEventListener(
    "pointerdown",
    (event) => {
      if (mode !== "edit" || event.button !== 0) return;
      const [x, y] = pixel(event);
      const far = corners(outline).map((one) => {
        const [left, top] = map.getPixelFromCoordinate(outline[one.part][one.number][one.corner]);
        return Math.hypot(left - x, top - y);
      });
      const nearest = far.indexOf(Math.min(...far));
      if (far[nearest] > (event.pointerType === "touch" ? 24 : 12)) return;
      [at, whole, dragged] = [nearest, false, true];
      view.setPointerCapture(event.pointerId);
      event.stopPropagation();
      paint();
    },
    true,
  );
  view.addEventListener(
    "pointermove",
    (event) => {
      if (!dragged) return;
      put(outline, corner(), map.getCoordinateFromPixel(pixel(event)));
      event.stopPropagation();
      paint();
    },
    true,
  );
  for (const name of ["pointerup", "pointercancel"]) view.addEventListener(name, () => dragged && ((dragged = false), tell()), true);
  map.on("click", (/** @type {any} */ event) => {
    if (mode !== "ring" && mode !== "polygon") return;
    cursor = event.coordinate;
    if (mode === "polygon") points.push([...cursor]);
    tell();
  });

  /** @param {string} next @returns {Promise<Outline | null>} */
  function start(next) {
    [at, whole, points] = [0, false, []];
    return new Promise((resolve) => {
      done = resolve;
      view.focus();
      begin(next);
    });
  }
  return {
    busy: () => mode !== "",
    /** Edit an outline; null where it is left as it was. @param {Outline} given */
    edit(given) {
      outline = structuredClone(given);
      for (const line of outline.flat()) line[line.length - 1] = line[0];
      return start("edit");
    },
    /** Draw a feature, at first a ring in the middle of the map. */
    draw() {
      cursor = map.getView().getCenter();
      return start("ring");
    },
  };
}
