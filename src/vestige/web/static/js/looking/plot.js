// A line drawn as SVG, with its axes, and the same figures as a table for those who cannot see it.
import { make, short, word } from "../stage.js";

const SPACE = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [520, 220, 56, 34, 12];

/** @param {string} name @param {Record<string, string | number>} attributes @param {(Node | string)[]} children */
export function drawing(name, attributes, ...children) {
  const element = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/**
 * @typedef {{x: number[], lines: {name: string, values: (number | null)[], spread?: (number | null)[]}[],
 *   across: string, up: string, title: string, ticks?: string[]}} Plot
 */

/** @param {Plot} plot */
export function plotted(plot) {
  const every = plot.lines.flatMap(({ values, spread }) => values.flatMap((value, n) => (value === null ? [] : [value - (spread?.[n] ?? 0), value + (spread?.[n] ?? 0)])));
  if (every.length === 0) return make("p", { class: "quiet" }, word("no_values"));
  const low = Math.min(...every);
  const high = Math.max(...every, low + 1e-9 * Math.max(1, Math.abs(low)));
  const [first, last] = [Math.min(...plot.x), Math.max(...plot.x)];
  const px = (/** @type {number} */ x) => LEFT + ((x - first) / (last - first || 1)) * (WIDTH - LEFT - 12);
  const py = (/** @type {number} */ y) => HEIGHT - BOTTOM - ((y - low) / (high - low)) * (HEIGHT - BOTTOM - TOP);
  const picture = drawing("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": plot.title });
  for (const value of [low, (low + high) / 2, high]) {
    picture.append(drawing("path", { class: "rule", d: `M${LEFT} ${py(value)}H${WIDTH - 12}` }), drawing("text", { x: LEFT - 6, y: py(value) + 4, "text-anchor": "end" }, short(value)));
  }
  for (const value of [first, (first + last) / 2, last]) {
    const anchor = value === first ? "start" : value === last ? "end" : "middle";
    picture.append(drawing("text", { x: px(value), y: HEIGHT - BOTTOM + 16, "text-anchor": anchor }, short(value)));
  }
  picture.append(drawing("text", { class: "axis", x: (LEFT + WIDTH) / 2, y: HEIGHT - 3, "text-anchor": "middle" }, plot.across));
  plot.lines.forEach(({ values, spread }, number) => {
    const path = values.map((value, n) => (value === null ? "" : `${n === 0 || values[n - 1] === null ? "M" : "L"}${px(plot.x[n]).toFixed(1)} ${py(value).toFixed(1)}`)).join("");
    picture.append(drawing("path", { class: `line line${number % 4}`, d: path }));
    if (values.length > 60) return;
    values.forEach((value, n) => {
      if (value === null) return;
      const around = spread?.[n] ?? 0;
      if (around > 0) picture.append(drawing("path", { class: "spread", d: `M${px(plot.x[n])} ${py(value - around)}V${py(value + around)}` }));
      picture.append(drawing("circle", { class: `dot line${number % 4}`, cx: px(plot.x[n]), cy: py(value), r: 3 }));
    });
  });
  return make("figure", { class: "plotted" }, make("figcaption", {}, plot.up ? `${plot.title} (${plot.up})` : plot.title), picture, table(plot));
}

/** @param {Plot} plot */
function table(plot) {
  const step = Math.max(1, Math.ceil(plot.x.length / 64));
  const rows = plot.x
    .map((x, n) => ({ x, n }))
    .filter(({ n }) => n % step === 0)
    .map(({ x, n }) => {
      const cells = plot.lines.map(({ values }) => make("td", {}, values[n] === null ? "–" : short(Number(values[n]))));
      return make("tr", {}, make("th", { scope: "row" }, plot.ticks?.[n] ?? short(x)), ...cells);
    });
  const head = make("tr", {}, make("th", { scope: "col" }, plot.across), ...plot.lines.map(({ name }) => make("th", { scope: "col" }, name)));
  const whole = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
  return make("details", {}, make("summary", {}, word("as_table")), make("div", { class: "sheet-of-rows", tabindex: "0" }, whole));
}
