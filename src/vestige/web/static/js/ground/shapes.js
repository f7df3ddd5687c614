// Outlines as coordinates of a MultiPolygon: a ring by its centre, the corners of an outline one after the other.

/** @typedef {[number, number]} Place @typedef {Place[][][]} Outline */

/** A ring ditch, or a disc where its ditch has no width. @param {Place} centre @param {number} diameter outer, in m @param {number} width of the ditch, in m @returns {Outline} */
export function ring([east, north], diameter, width) {
  const circle = (/** @type {number} */ radius, /** @type {number} */ turn) => Array.from({ length: 65 }, (_, corner) => /** @type {Place} */ ([cut(east + radius * Math.cos((turn * corner * Math.PI) / 32)), cut(north + radius * Math.sin((turn * corner * Math.PI) / 32))]));
  const outer = circle(diameter / 2, 1);
  return width > 0 && width < diameter / 2 ? [[outer, circle(diameter / 2 - width, -1)]] : [[outer]];
}

/** To the millimetre. @param {number} value */
const cut = (value) => Math.round(value * 1000) / 1000;

/** The corners of an outline: which polygon, which ring, which corner; that which closes a ring is its first. @param {Outline} outline */
export const corners = (outline) => outline.flatMap((polygon, part) => polygon.flatMap((line, number) => line.slice(0, -1).map((_, corner) => ({ part, number, corner }))));

/** Put a corner elsewhere. @param {Outline} outline @param {{part: number, number: number, corner: number}} at @param {Place} to */
export function put(outline, { part, number, corner }, to) {
  const line = outline[part][number];
  line[corner] = [cut(to[0]), cut(to[1])];
  if (corner === 0) line[line.length - 1] = line[0];
}

/** Set a corner halfway to the next. @param {Outline} outline @param {{part: number, number: number, corner: number}} at */
export function insert(outline, { part, number, corner }) {
  const line = outline[part][number];
  const [[a, b], [c, d]] = [line[corner], line[corner + 1]];
  line.splice(corner + 1, 0, [cut((a + c) / 2), cut((b + d) / 2)]);
}

/** Take a corner out, where three are left. @param {Outline} outline @param {{part: number, number: number, corner: number}} at */
export function take(outline, { part, number, corner }) {
  const line = outline[part][number];
  if (line.length <= 4) return false;
  line.splice(corner, 1);
  if (corner === 0) line[line.length - 1] = line[0];
  return true;
}

/** Move the whole. @param {Outline} outline @param {number} east @param {number} north @returns {Outline} */
export const moved = (outline, east, north) => outline.map((polygon) => polygon.map((line) => line.map(([x, y]) => /** @type {Place} */ ([cut(x + east), cut(y + north)]))));
