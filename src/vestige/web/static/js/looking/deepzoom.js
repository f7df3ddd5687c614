// Deep zoom as all our viewers have it: the picture, its buttons and keys, its scale, its place in the address.
import OpenSeadragon from "../../vendor/openseadragon.js";
import { tile } from "../reach.js";
import { button, fullScreen, group, stage, told, view, word } from "../stage.js";
import { help, KEYS } from "./help.js";
import { copyLink, recalledNumber, remember } from "./place.js";
import { scaleBar } from "./scale.js";

/**
 * @typedef {{label: string, picture: string, width: number, height: number, deepest: number, tile: number,
 *   tiles: string, version: string, pixel_mm?: number | null}} Raster
 * @typedef {[number, number]} Point in pixels of the picture
 */

export const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A deep zoom viewer in an element. @param {HTMLElement} element @param {Record<string, unknown>} [more] */
export function deepZoom(element, more = {}) {
  const viewer = new OpenSeadragon({
    element,
    prefixUrl: "",
    showNavigationControl: false,
    keyboardNavEnabled: false,
    drawer: "canvas",
    animationTime: still ? 0 : 0.6,
    maxZoomPixelRatio: 8,
    minZoomImageRatio: 0.7,
    visibilityRatio: 0.4,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
    gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: true, pinchRotate: false },
    placeholderFillStyle: "#191816",
    ...more,
  });
  viewer.canvas.setAttribute("role", "application");
  viewer.canvas.setAttribute("aria-label", word("canvas"));
  return viewer;
}

/** What OpenSeadragon must know to fetch tiles. @param {Raster} item @param {Record<string, string | number>} [wish] */
export function source(item, wish = {}) {
  return {
    width: item.width,
    height: item.height,
    tileSize: item.tile,
    minLevel: 0,
    maxLevel: item.deepest,
    getTileUrl: (/** @type {number} */ level, /** @type {number} */ x, /** @type {number} */ y) => tile(item, wish, level, x, y),
  };
}

/** The picture that places are measured on: the first one. @param {any} viewer */
export const ground = (viewer) => viewer.world.getItemAt(0);

/** The pixel of the picture in the middle of the view. @param {any} viewer @returns {Point} */
export function middle(viewer) {
  const { x, y } = ground(viewer).viewportToImageCoordinates(viewer.viewport.getCenter(true));
  return [x, y];
}

/** Screen points to one pixel of the picture. @param {any} viewer */
export const magnification = (viewer) => ground(viewer).viewportToImageZoom(viewer.viewport.getZoom(true));

/** What the buttons and keys do. @param {any} viewer */
export function moves(viewer) {
  const { viewport } = viewer;
  const by = (/** @type {number} */ x, /** @type {number} */ y) => {
    const step = viewport.deltaPointsFromPixels(new OpenSeadragon.Point(x, y));
    viewport.panBy(step).applyConstraints();
  };
  return {
    zoom: (/** @type {number} */ factor) => viewport.zoomBy(factor).applyConstraints(),
    whole: () => viewport.goHome(),
    exact: () => {
      if (ground(viewer)) viewport.zoomTo(ground(viewer).imageToViewportZoom(1 / devicePixelRatio)).applyConstraints();
    },
    turn: (/** @type {number} */ degrees) => viewport.setRotation((viewport.getRotation() + degrees + 360) % 360),
    pan: by,
    screen: () => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.()),
  };
}

/**
 * Buttons and keys of a viewer, and the help that names the keys.
 * @param {any} viewer
 * @param {{keys?: [string, string, () => void][]}} [more] other keys: key, its word, what it does
 */
export function navigation(viewer, more = {}) {
  const move = moves(viewer);
  const helped = help([...KEYS, ...(more.keys ?? [])]);
  group(
    button("zoom_in", () => move.zoom(1.6)),
    button("zoom_out", () => move.zoom(1 / 1.6)),
    button("fit", move.whole),
    button("exact", move.exact),
    button("rotate", () => move.turn(90)),
    fullScreen(),
  );
  group(button("copy_link", () => void copyLink()), helped.button);
  /** @type {Record<string, () => void>} */
  const keys = {
    "+": () => move.zoom(1.3),
    "=": () => move.zoom(1.3),
    "-": () => move.zoom(1 / 1.3),
    0: move.whole,
    1: move.exact,
    f: move.screen,
    r: () => move.turn(90),
    R: () => move.turn(-90),
    "?": helped.open,
    h: helped.open,
    ...Object.fromEntries((more.keys ?? []).map(([key, , action]) => [key, action])),
  };
  const arrows = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] });
  /** Hear the keys on a viewer; of several that move together, the first one is moved. @param {any} one */
  const bind = (one) => {
    one.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const arrow = arrows[event.key];
      // With Shift a single point: to bring the cross-hair exactly where it should be.
      if (arrow) move.pan(arrow[0] * (event.shiftKey ? 1 : 60), arrow[1] * (event.shiftKey ? 1 : 60));
      else if (keys[event.key]) keys[event.key]();
      else return;
      event.preventDefault();
    });
  };
  bind(viewer);
  stage.addEventListener("fullscreenchange", move.whole);
  return { ...move, bind };
}

/** Keep the view in the address, and take it from there the first time. @param {any} viewer */
export function followed(viewer) {
  let begun = false;
  viewer.addHandler("open", () => {
    if (begun) return;
    begun = true;
    const [x, y, zoom, turn] = ["x", "y", "z", "r"].map(recalledNumber);
    if (turn) viewer.viewport.setRotation(turn, true);
    if (zoom !== null) viewer.viewport.zoomTo(zoom, undefined, true);
    if (x !== null && y !== null) viewer.viewport.panTo(new OpenSeadragon.Point(x, y), true);
  });
  // Where a movement leads is known when it begins.
  for (const name of ["pan", "zoom", "rotate"]) {
    viewer.addHandler(name, () => {
      if (!begun || !ground(viewer)) return;
      const { x, y } = viewer.viewport.getCenter();
      const whole = viewer.viewport.getHomeBounds().getCenter();
      const moved = Math.hypot(whole.x - x, whole.y - y) > 1e-3;
      const home = !moved && Math.abs(viewer.viewport.getZoom() / viewer.viewport.getHomeZoom() - 1) < 1e-3;
      const values = { x, y, z: viewer.viewport.getZoom(), r: viewer.viewport.getRotation() || null };
      remember(home && !values.r ? { x: null, y: null, z: null, r: null } : values);
    });
  }
}

/** The scale of a viewer, kept true while it moves. @param {any} viewer @param {() => number | null | undefined} pixelMm */
export function scaled(viewer, pixelMm) {
  const tell = scaleBar();
  for (const name of ["animation", "open", "resize", "update-viewport"]) viewer.addHandler(name, () => ground(viewer) && tell(magnification(viewer), pixelMm()));
}

export { OpenSeadragon, told, view };
