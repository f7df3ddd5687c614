// Measuring on the picture: distances, angles, areas, and on a surface the profile along a line.
import { button, make, say, short, toggle, word } from "../stage.js";
import { distance, NEEDED, size } from "./geometry.js";
import { recalled, remember } from "./place.js";
import { drawing, plotted } from "./plot.js";

/**
 * @typedef {import("./geometry.js").Point} Point
 * @typedef {import("./geometry.js").Shape} Shape
 * @typedef {{shape: Shape, places: Point[], height?: {difference: number | null, unit: string}}} Measure
 */

const SHAPES = /** @type {Shape[]} */ (["distance", "angle", "area"]);
/** A link carries no more measures than this. */
const MOST_IN_LINK = 24;

export class Measures {
  /**
   * @param {import("./pick.js").Pick} pick @param {() => number | null | undefined} pixelMm
   * @param {(() => string) | null} profile where the values along a line are asked for
   */
  constructor(pick, pixelMm, profile) {
    this.pick = pick;
    this.pixelMm = pixelMm;
    this.profile = profile;
    /** @type {Measure[]} */
    this.done = [];
    /** @type {Shape | null} */
    this.shape = null;
    /** @type {Point[]} */
    this.places = [];
    this.rows = make("tbody");
    this.status = make("p", { class: "quiet", role: "status" });
    this.line = make("div");
    this.finish = button("close_area", () => this.close());
    this.finish.hidden = true;
    this.panel = this.build();
    pick.painters.push((marks) => this.paint(marks));
    this.recall();
  }

  build() {
    this.toggles = SHAPES.map((shape) => toggle(`measure_${shape}`, false, (on) => this.choose(on ? shape : null)));
    const head = make("tr", {}, ...["measure", "value", "height"].map((key) => make("th", { scope: "col" }, word(`column_${key}`))), make("td"));
    this.table = make("table", { hidden: "" }, make("thead", {}, head), this.rows);
    this.after = make("div", { class: "group", hidden: "" }, button("copy_csv", () => void this.copy()), button("remove_all", () => this.clear()));
    const shapes = make("div", { class: "group", role: "group", "aria-label": word("measure") }, ...this.toggles, this.finish);
    return make("div", { class: "measures" }, shapes, this.status, make("div", { class: "across" }, this.table), this.line, this.after);
  }

  /** @param {Shape | null} shape */
  choose(shape) {
    this.shape = shape;
    this.places = [];
    SHAPES.forEach((each, n) => this.toggles?.[n].setAttribute("aria-pressed", String(each === shape)));
    this.finish.hidden = shape !== "area";
    if (shape) this.pick.begin((place) => this.take(place));
    else this.pick.end();
    this.status.textContent = shape ? word(`hint_${shape}`) : "";
    this.pick.paint();
  }

  /** @param {Point} place */
  take(place) {
    if (!this.shape) return;
    const last = this.places.at(-1);
    // The same place twice closes an area: by Enter pressed twice, or by a double click.
    if (last && distance(last, place) < 1e-6) return this.shape === "area" ? this.close() : undefined;
    this.places.push(place);
    if (this.shape !== "area" && this.places.length === NEEDED[this.shape]) this.close();
    else this.status.textContent = `${word(`hint_${this.shape}`)} · ${this.places.length}`;
  }

  /** Take back the last place, or stop. */
  back() {
    if (this.places.pop()) this.pick.paint();
    else this.choose(null);
  }

  close() {
    const { shape, places } = this;
    if (!shape || places.length < NEEDED[shape]) return;
    this.places = [];
    this.keep({ shape, places });
  }

  /** @param {Measure} measure */
  keep(measure) {
    this.done.push(measure);
    this.list();
    this.status.textContent = `${word(`measure_${measure.shape}`)}: ${this.told(measure)}`;
    say(this.status.textContent);
    if (measure.shape === "distance" && this.profile) void this.along(measure);
  }

  /** The values along a distance. @param {Measure} measure */
  async along(measure) {
    const [[x, y], [x2, y2]] = measure.places;
    const answer = await fetch(`${this.profile?.()}?${new URLSearchParams({ x: String(x), y: String(y), x2: String(x2), y2: String(y2) })}`);
    if (!answer.ok) return;
    const { values, unit, towards_viewer: towards, length_px: long } = await answer.json();
    const mm = this.pixelMm() ?? null;
    const ends = [values.at(0), values.at(-1)];
    measure.height = { difference: ends.includes(null) ? null : (ends[1] - ends[0]) * towards, unit };
    const steps = values.map((/** @type {unknown} */ _, /** @type {number} */ n) => ((long * (mm ?? 1)) / (values.length - 1)) * n);
    const lines = [{ name: unit || word("column_height"), values }];
    this.line.replaceChildren(plotted({ x: steps, lines, across: mm ? "mm" : "px", up: unit, title: word("profile") }));
    this.list();
  }

  /** @param {Measure} measure */
  told({ shape, places }) {
    const [value, unit] = size(shape, places, this.pixelMm() ?? null);
    return `${short(value)}${unit === "°" ? "" : " "}${unit}`;
  }

  list() {
    this.rows.replaceChildren(
      ...this.done.map((measure, n) => {
        const { height } = measure;
        const rise = height && height.difference !== null ? `${short(height.difference)} ${height.unit}` : "–";
        const remove = button("remove", () => (this.done.splice(n, 1), this.list(), this.pick.paint()));
        remove.setAttribute("aria-label", `${word("remove")}: ${n + 1}`);
        return make("tr", {}, make("th", { scope: "row" }, `${n + 1} ${word(`measure_${measure.shape}`)}`), make("td", {}, this.told(measure)), make("td", {}, rise), make("td", {}, remove));
      }),
    );
    for (const element of [this.table, this.after]) if (element) element.hidden = this.done.length === 0;
    if (this.done.length === 0) this.line.replaceChildren();
    const brief = this.done.slice(0, MOST_IN_LINK).map(({ shape, places }) => `${shape}:${places.flat().map((value) => value.toFixed(1)).join(",")}`);
    remember({ m: brief.join(";") || null });
  }

  /** The measures that a link brought. */
  recall() {
    for (const text of (recalled("m") ?? "").split(";").slice(0, MOST_IN_LINK)) {
      const [shape, figures = ""] = text.split(":");
      const flat = figures.split(",").map(Number);
      const known = SHAPES.find((each) => each === shape);
      if (!known || flat.length < 2 * NEEDED[known] || flat.length % 2 === 1 || !flat.every(Number.isFinite)) continue;
      this.done.push({ shape: known, places: flat.flatMap((x, n) => (n % 2 === 0 ? [/** @type {Point} */ ([x, flat[n + 1]])] : [])) });
    }
    if (this.done.length > 0) this.list();
  }

  clear() {
    this.done = [];
    this.list();
    this.pick.paint();
  }

  csv() {
    const rows = this.done.map(({ shape, places, height }, n) => {
      const [value, unit] = size(shape, places, this.pixelMm() ?? null);
      const corners = places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("; ");
      return [n + 1, shape, value.toPrecision(6), unit, height?.difference ?? "", height?.unit ?? "", `"${corners}"`].join(",");
    });
    return ["number,measure,value,unit,height_difference,height_unit,places_px", ...rows].join("\r\n");
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.csv());
      this.status.textContent = word("csv_copied");
    } catch {
      const field = make("textarea", { readonly: "", rows: "6", "aria-label": "CSV" });
      field.value = this.csv();
      this.line.replaceChildren(field);
      field.select();
    }
  }

  /** @param {SVGElement} marks */
  paint(marks) {
    this.done.forEach(({ shape, places }, n) => this.draw(marks, places, shape === "area", String(n + 1)));
    if (this.places.length > 0) this.draw(marks, this.places, false, "");
  }

  /** @param {SVGElement} marks @param {Point[]} places @param {boolean} closed @param {string} name */
  draw(marks, places, closed, name) {
    const points = places.map((place) => this.pick.screen(place));
    const path = `M${points.map((point) => point.map((value) => value.toFixed(1)).join(" ")).join("L")}${closed ? "Z" : ""}`;
    marks.append(drawing("path", { class: "under", d: path }), drawing("path", { class: closed ? "over filled" : "over", d: path }));
    for (const [x, y] of points) marks.append(drawing("circle", { class: "dot", cx: x, cy: y, r: 4 }));
    if (name) marks.append(drawing("text", { x: points[0][0] + 8, y: points[0][1] - 8 }, name));
  }
}
