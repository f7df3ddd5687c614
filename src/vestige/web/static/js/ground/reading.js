// What is read at a place: the value, easting and northing; under the pointer, or by keyboard under the cross.
import { json } from "../reach.js";
import { calm, make, measured, say, stage, told, view, word } from "../stage.js";

/** A length on the ground to the centimetre. @param {number} value */
export const metres = (value) => value.toFixed(2);

/** Show what is read on the map; the answer says it aloud. @param {any} map */
export function readings(map) {
  const closer = told.closer ?? {};
  const shown = make("p", { class: "readout" });
  const cross = make("div", { class: "cross", hidden: "" });
  stage.append(shown, cross);
  let asked = 0;

  /** @param {number[]} place */
  async function read([east, north]) {
    const mine = ++asked;
    const where = `${word("easting")} ${metres(east)} · ${word("northing")} ${metres(north)}`;
    const value = closer.reading ? await valueAt(east, north) : null;
    if (mine !== asked) return "";
    const text = value === null ? where : `${value} · ${where}`;
    shown.textContent = text;
    return text;
  }

  /** @param {number} east @param {number} north */
  async function valueAt(east, north) {
    const [west, south, right, top] = told.extent;
    const { width, height } = closer.raster;
    const [x, y] = [((east - west) / (right - west)) * width, ((top - north) / (top - south)) * height];
    if (x < 0 || y < 0 || x >= width || y >= height) return null;
    const found = await json(`${closer.reading}?x=${x.toFixed(3)}&y=${y.toFixed(3)}`);
    return found.values[0] === null ? word("not_read") : measured(found.values[0], found.unit);
  }

  /** @type {number[]} */
  let place = [0, 0];
  const soon = calm(() => void read(place).catch(() => (shown.textContent = "")), 90);
  map.on("pointermove", (/** @type {any} */ event) => {
    if (event.dragging) return;
    place = event.coordinate;
    soon();
  });
  const byKeyboard = () => (cross.hidden = !view.matches(":focus-visible"));
  view.addEventListener("focus", byKeyboard);
  view.addEventListener("blur", byKeyboard);
  map.on("moveend", () => {
    if (cross.hidden) return;
    place = map.getView().getCenter();
    soon();
  });
  return async () => say(await read(map.getView().getCenter()));
}
