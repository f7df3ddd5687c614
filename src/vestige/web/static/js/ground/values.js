// Measured values on the map: black and white point, colour map, legend; what lies over them.
import { served } from "../reach.js";
import { recalled, recalledNumber, remember } from "../looking/place.js";
import { add, calm, failed, group, make, measured, say, select, slider, told, toggle, word } from "../stage.js";
import { rasterLayer } from "./raster.js";

const closer = told.closer ?? {};

/** The layer of measured values with its tools. @param {any} projection */
export function values(projection) {
  const { unit } = told.range;
  const step = Number(((told.range.high - told.range.low) / 200).toPrecision(1));
  const [low, high] = [Math.floor(told.range.low / step) * step, Math.ceil(told.range.high / step) * step];
  const known = recalled("look");
  const wish = { look: told.looks.includes(known) ? String(known) : told.looks[0], low: recalledNumber("low") ?? low, high: recalledNumber("high") ?? high };
  const { layer, show } = rasterLayer(projection, told.extent, { raster: closer.raster, picture: told.picture }, wish, (key) => failed(word(key)));
  const legend = legendOf(unit);
  const shown = () => {
    remember({ look: wish.look, low: wish.low === low ? null : wish.low, high: wish.high === high ? null : wish.high });
    legend.draw(wish.look, wish.low, wish.high);
  };
  const later = calm(() => show({ ...wish }));
  const options = told.looks.map((/** @type {string} */ look) => ({ value: look, text: word(`look_${look}`) }));
  add(select(word("look"), options, wish.look, (look) => ((wish.look = look), shown(), later())));
  shown();
  if (!served) return layer; // the range is the one the picture was made with
  range(wish, { low, high, unit, step }, () => (shown(), later()));
  layer.setOpacity(recalledNumber("opacity") ?? 1);
  const share = (/** @type {number} */ value) => `${Math.round(value * 100)} %`;
  add(slider(word("values_opacity"), { min: 0, max: 1, step: 0.05, value: layer.getOpacity(), say: share }, (value) => (layer.setOpacity(value), remember({ opacity: value === 1 ? null : value }))).element);
  return layer;
}

/** Black and white point, and both at once as far from nothing. @param {{low: number, high: number}} wish @param {{low: number, high: number, unit: string, step: number}} natural @param {() => void} changed */
function range(wish, { low, high, unit, step }, changed) {
  const reach = Math.max(Math.abs(low), Math.abs(high));
  const [least, most] = low < 0 && high > 0 ? [-reach * 2, reach * 2] : [low - (high - low) / 2, high + (high - low) / 2];
  const limits = { min: Math.floor(Math.min(least, wish.low) / step) * step, max: Math.max(most, wish.high), step, say: (/** @type {number} */ value) => measured(value, unit) };
  let even = low < 0 && high > 0 && recalled("even") === "1";
  const set = (/** @type {number} */ black, /** @type {number} */ white) => {
    [wish.low, wish.high] = [black, white];
    blacks.set(black);
    whites.set(white);
    changed();
  };
  const blacks = slider(word("low"), { ...limits, value: wish.low }, (value) => (even ? set(-Math.max(Math.abs(value), step), Math.max(Math.abs(value), step)) : set(Math.min(value, wish.high - step), wish.high)));
  const whites = slider(word("high"), { ...limits, value: wish.high }, (value) => (even ? set(-Math.max(Math.abs(value), step), Math.max(Math.abs(value), step)) : set(wish.low, Math.max(value, wish.low + step))));
  add(blacks.element, whites.element);
  if (low >= 0 || high <= 0) return;
  const alike = toggle("symmetrical", even, (on) => {
    even = on;
    remember({ even: on ? 1 : null });
    const far = Math.max(Math.abs(wish.low), Math.abs(wish.high));
    if (on) set(-far, far);
  });
  group(alike);
}

/** The colours of the values with their ends, on the stage. @param {string} unit */
function legendOf(unit) {
  const bar = make("canvas", { width: "160", height: "12", "aria-hidden": "true" });
  const [least, most] = [make("span"), make("span")];
  const element = make("div", { class: "map-legend", role: "img" }, bar, least, most);
  document.querySelector(".stage")?.append(element);
  return {
    /** @param {string} look @param {number} low @param {number} high */
    draw(look, low, high) {
      const stops = closer.stops?.[look];
      element.hidden = !stops;
      const pen = bar.getContext("2d");
      if (!stops || !pen) return;
      const ramp = pen.createLinearGradient(0, 0, 160, 0);
      stops.forEach((/** @type {string} */ colour, /** @type {number} */ place) => ramp.addColorStop(place / (stops.length - 1), `#${colour}`));
      pen.fillStyle = ramp;
      pen.fillRect(0, 0, 160, 12);
      [least.textContent, most.textContent] = [measured(low, unit), measured(high, unit)];
      element.setAttribute("aria-label", `${word("legend")}: ${word(`look_${look}`)}, ${least.textContent} – ${most.textContent}`);
    },
  };
}

/** Other rasters of the result, laid over the values one at a time. @param {any} map @param {any} projection */
export function overlays(map, projection) {
  const offered = served ? (closer.over ?? []) : [];
  if (offered.length === 0) return;
  /** @type {any} */
  let layer = null;
  let opacity = 0.5;
  const choose = (/** @type {string} */ name) => {
    if (layer) map.removeLayer(layer);
    layer = null;
    const found = offered.find((/** @type {any} */ one) => one.name === name);
    strength.element.hidden = !found;
    remember({ over: name || null });
    if (!found) return;
    const wish = /** @type {import("./raster.js").Wish} */ (found.look ? { look: found.look, low: found.low, high: found.high } : {});
    layer = rasterLayer(projection, found.extent, found, wish, () => say(word("failed"))).layer;
    layer.setOpacity(opacity);
    map.getLayers().insertAt(1, layer);
  };
  const strength = slider(word("overlay_opacity"), { min: 0, max: 1, step: 0.05, value: opacity, say: (value) => `${Math.round(value * 100)} %` }, (value) => ((opacity = value), layer?.setOpacity(value)));
  const options = [{ value: "", text: word("overlay_none") }, ...offered.map((/** @type {any} */ one) => ({ value: one.name, text: one.name }))];
  const wish = recalled("over") ?? "";
  add(select(word("laid_over"), options, wish, choose), strength.element);
  choose(wish);
}
