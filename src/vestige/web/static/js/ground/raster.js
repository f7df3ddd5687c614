// A raster on the ground: in tiles where the workbench cuts them, so that its size does not matter; else one picture.
import { ImageLayer, ImageStatic, TileGrid, TileImage, TileLayer } from "../../vendor/ol.js";
import { overview, tile } from "../reach.js";

/** @typedef {{width: number, height: number, deepest: number, tile: number, tiles: string, version: string}} Raster */
/** @typedef {Record<string, string | number>} Wish */

/**
 * A layer, and how to show it otherwise.
 * @param {any} projection @param {number[]} extent @param {{raster?: Raster, picture?: string}} of @param {Wish} wish @param {(reason: string) => void} failed
 */
export function rasterLayer(projection, extent, of, wish, failed) {
  const raster = of.raster;
  const square = raster && Math.abs((extent[2] - extent[0]) / raster.width / ((extent[3] - extent[1]) / raster.height) - 1) < 1e-6;
  if (raster && square) {
    const cell = (extent[2] - extent[0]) / raster.width;
    const resolutions = Array.from({ length: raster.deepest + 1 }, (_, zoom) => cell * 2 ** (raster.deepest - zoom));
    const tileGrid = new TileGrid({ extent, origin: [extent[0], extent[3]], resolutions, tileSize: raster.tile });
    const source = (/** @type {Wish} */ now) => {
      const made = new TileImage({ projection, tileGrid, interpolate: false, transition: 0, tileUrlFunction: (/** @type {number[]} */ [zoom, x, y]) => tile(raster, now, zoom, x, y), tileLoadFunction: whole(raster.tile) });
      made.on("tileloaderror", () => failed("failed"));
      return made;
    };
    const layer = new TileLayer({ source: source(wish), extent });
    return { layer, show: (/** @type {Wish} */ now) => layer.setSource(source(now)) };
  }
  const source = (/** @type {Wish} */ now) => {
    const made = new ImageStatic({ url: overview(of.picture ?? "", now), imageExtent: extent, projection, interpolate: false });
    made.on("imageloaderror", () => failed("failed"));
    return made;
  };
  const layer = new ImageLayer({ source: source(wish) });
  return { layer, show: (/** @type {Wish} */ now) => layer.setSource(source(now)) };
}

/** Load a tile; one at the rim is smaller than the others and is laid on a full one. @param {number} side */
const whole = (side) => (/** @type {any} */ place, /** @type {string} */ address) => {
  const picture = new Image();
  picture.addEventListener("error", () => place.setState(3));
  picture.addEventListener("load", () => {
    if (picture.naturalWidth === side && picture.naturalHeight === side) return place.setImage(picture);
    const sheet = document.createElement("canvas");
    sheet.width = sheet.height = side;
    sheet.getContext("2d")?.drawImage(picture, 0, 0);
    place.setImage(sheet);
  });
  picture.src = address;
};
