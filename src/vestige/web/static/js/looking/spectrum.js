// The values of all bands at a place, or their mean over a square about it: as a line and as a table.
import { make, select, short, toggle, word } from "../stage.js";
import { drawing, plotted } from "./plot.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {{place: Point, half: number, name: string, values: (number | null)[], spread: (number | null)[]}} Sample */

/** So many spectra lie over each other. */
const MOST = 4;

export class Spectrum {
  /** @param {import("./pick.js").Pick} pick @param {() => string} address */
  constructor(pick, address) {
    this.pick = pick;
    this.address = address;
    /** @type {Sample[]} */
    this.samples = [];
    this.half = 0;
    this.status = make("p", { class: "quiet", role: "status" });
    this.figure = make("div");
    this.toggle = toggle("spectrum", false, (on) => this.choose(on));
    const sides = [1, 5, 15, 51, 151].map((side) => ({ value: String((side - 1) / 2), text: side === 1 ? word("one_pixel") : `${side} × ${side} px` }));
    const side = select(word("mean_over"), sides, "0", (value) => (this.half = Number(value)));
    const clear = make("button", { type: "button" }, word("remove_all"));
    clear.addEventListener("click", () => ((this.samples = []), this.show()));
    this.panel = make("div", { class: "measures" }, make("div", { class: "group" }, this.toggle, side, clear), this.status, this.figure);
    pick.painters.push((marks) => this.paint(marks));
  }

  /** @param {boolean} on */
  choose(on) {
    this.toggle.setAttribute("aria-pressed", String(on));
    this.status.textContent = on ? word("hint_spectrum") : "";
    if (on) this.pick.begin((place) => void this.take(place));
    else this.pick.end();
  }

  /** @param {Point} place */
  async take(place) {
    const [x, y] = place;
    const half = this.half;
    const query = new URLSearchParams({ x: String(x - half), y: String(y - half), x2: String(x + half), y2: String(y + half) });
    const answer = await fetch(`${this.address()}?${query}`);
    if (!answer.ok) {
      this.status.textContent = word("failed");
      return;
    }
    const told = await answer.json();
    this.samples = [...this.samples, { place, half, name: "", values: told.values, spread: told.spread }].slice(-MOST);
    this.told = told;
    this.show();
    this.status.textContent = `x ${Math.round(x)}, y ${Math.round(y)} · ${told.values.map((/** @type {number | null} */ value, /** @type {number} */ n) => `${told.labels[n]}: ${value === null ? "–" : short(value)}`).slice(0, 6).join(", ")}${told.values.length > 6 ? " …" : ""}`;
  }

  show() {
    this.pick.paint();
    if (this.samples.length === 0 || !this.told) return this.figure.replaceChildren();
    const { labels, wavelengths, unit } = this.told;
    const lines = this.samples.map((sample, n) => ({ ...sample, name: `${n + 1}: ${Math.round(sample.place[0])}, ${Math.round(sample.place[1])}` }));
    const known = wavelengths.length > 0;
    const x = known ? wavelengths : labels.map((/** @type {string} */ _, /** @type {number} */ n) => n + 1);
    this.figure.replaceChildren(plotted({ x, lines, across: known ? "nm" : word("band"), up: unit, title: word("spectrum"), ticks: labels }));
  }

  /** @param {SVGElement} marks */
  paint(marks) {
    this.samples.forEach(({ place, half }, n) => {
      const [x, y] = this.pick.screen(place);
      const [far] = half > 0 ? [this.pick.screen([place[0] + half, place[1]])] : [[x + 5, y]];
      const radius = Math.max(5, Math.hypot(far[0] - x, far[1] - y));
      marks.append(drawing("circle", { class: "under ring", cx: x, cy: y, r: radius }), drawing("circle", { class: `ring line${n % 4}`, cx: x, cy: y, r: radius }));
      marks.append(drawing("text", { x: x + radius + 3, y: y - 4 }, String(n + 1)));
    });
  }
}
