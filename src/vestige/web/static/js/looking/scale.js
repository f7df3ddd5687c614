// The scale in the corner of a picture.
import { make, stage } from "../stage.js";

const UNITS = /** @type {[number, string][]} */ ([
  [1e6, "km"],
  [1e3, "m"],
  [10, "cm"],
  [1, "mm"],
  [1e-3, "µm"],
]);

/** A length in the unit that suits it. @param {number} mm */
export function length(mm) {
  const [size, unit] = UNITS.find(([size]) => Math.abs(mm) >= size * (size === 10 ? 10 : 1)) ?? UNITS[4];
  return `${Number((mm / size).toPrecision(4))} ${unit}`;
}

/** The largest of 1, 2, 5, 10 … that is not more than a length. @param {number} most */
export function roundLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * (most / power >= 5 ? 5 : most / power >= 2 ? 2 : 1);
}

/**
 * The scale in the corner: a bar in mm where the size of a pixel is known, the zoom, and pixels an inch.
 * What it gives tells it anew, from points on the screen to a pixel and millimetres a pixel.
 */
export function scaleBar() {
  const bar = make("i");
  const text = make("span");
  stage.append(make("p", { class: "scale" }, bar, text));
  return (/** @type {number} */ zoom, /** @type {number | null | undefined} */ mm) => {
    const percent = zoom * devicePixelRatio * 100;
    const parts = [`${percent >= 10 ? Math.round(percent) : percent.toPrecision(2)} %`];
    bar.hidden = !mm;
    if (mm) {
      const whole = roundLength((130 * mm) / zoom);
      bar.style.width = `${(whole / mm) * zoom}px`;
      parts.unshift(length(whole));
      parts.push(`${Math.round(25.4 / mm)} ppi`);
    }
    text.textContent = parts.join(" · ");
  };
}
