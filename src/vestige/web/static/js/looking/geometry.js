// Lengths, angles and areas of places in pixels.

/** @typedef {[number, number]} Point */
/** @typedef {"distance" | "angle" | "area"} Shape */

/** @param {Point} a @param {Point} b */
export const distance = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1]);

/** The angle at `b`, in degrees 0 to 180. @param {Point} a @param {Point} b @param {Point} c */
export function angle(a, b, c) {
  const turn = Math.atan2(a[1] - b[1], a[0] - b[0]) - Math.atan2(c[1] - b[1], c[0] - b[0]);
  const degrees = Math.abs((turn * 180) / Math.PI) % 360;
  return degrees > 180 ? 360 - degrees : degrees;
}

/** The area within places, by the shoelace formula. @param {Point[]} places */
export function area(places) {
  let twice = 0;
  places.forEach(([x, y], n) => {
    const [nextX, nextY] = places[(n + 1) % places.length];
    twice += x * nextY - nextX * y;
  });
  return Math.abs(twice) / 2;
}

/** The size of a shape: in mm, degrees or mm² where a pixel is so many mm, else in pixels. @param {Shape} shape @param {Point[]} places @param {number | null} mm @returns {[number, string]} */
export function size(shape, places, mm) {
  if (shape === "angle") return [angle(places[0], places[1], places[2]), "°"];
  if (shape === "area") return mm ? [area(places) * mm * mm, "mm²"] : [area(places), "px²"];
  return mm ? [distance(places[0], places[1]) * mm, "mm"] : [distance(places[0], places[1]), "px"];
}

/** How many places a shape needs; an area as many as one likes. */
export const NEEDED = { distance: 2, angle: 3, area: 3 };
