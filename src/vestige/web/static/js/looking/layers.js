// Tiles of pictures made of layers, on the graphics card: only what is seen is fetched, and little is kept.
import { blob, layered } from "../reach.js";

/** Textures never take more than this on the graphics card. */
const MOST_BYTES = 256 * 2 ** 20;
/** So many tiles are asked for at once. */
const AT_ONCE = 4;

/**
 * @typedef {{width: number, height: number, tile: number, tiles: string, version: string}} Layered
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box in pixels of the picture
 * @typedef {Box & {level: number, texture: WebGLTexture | null, size: [number, number], bytes: number, used: number}} Tile
 */

export class Layers {
  /** @param {WebGL2RenderingContext} gl @param {Layered} told @param {number} count layers of a tile @param {(fault?: Error) => void} arrived */
  constructor(gl, told, count, arrived) {
    this.gl = gl;
    this.told = told;
    this.count = count;
    this.arrived = arrived;
    this.deepest = Math.max(0, Math.ceil(Math.log2(Math.max(told.width, told.height) / told.tile)));
    /** @type {Map<string, Tile>} */
    this.tiles = new Map();
    /** @type {Set<string>} */
    this.asked = new Set();
    /** @type {[number, number, number][]} */
    this.wanted = [];
    this.clock = 0;
  }

  /** The level whose pixels are no larger than a point on the screen. @param {number} scale points to a pixel */
  level(scale) {
    return Math.min(this.deepest, Math.max(0, Math.ceil(this.deepest + Math.log2(scale) - 0.05)));
  }

  /** Where a tile lies, in pixels of the picture. @param {number} level @param {number} x @param {number} y @returns {Box} */
  box(level, x, y) {
    const { width, height, tile } = this.told;
    const shrink = 2 ** (this.deepest - level);
    const [across, down] = [width / Math.ceil(width / shrink), height / Math.ceil(height / shrink)];
    const end = (/** @type {number} */ n, /** @type {number} */ whole, /** @type {number} */ each) => Math.min(whole, (n + 1) * tile * each);
    return { left: x * tile * across, top: y * tile * down, right: end(x, width, across), bottom: end(y, height, down) };
  }

  /**
   * The tiles to draw for a part of the picture, coarse ones first; those that are missing are fetched.
   * @param {Box} seen @param {number} scale points on the screen to a pixel
   */
  visible(seen, scale) {
    const level = this.level(scale);
    this.clock += 1;
    this.wanted = [];
    for (const each of level > 0 ? [0, level] : [0]) {
      const shrink = 2 ** (this.deepest - each) * this.told.tile;
      const from = (/** @type {number} */ edge) => Math.max(0, Math.floor(edge / shrink));
      const to = (/** @type {number} */ edge, /** @type {number} */ whole) => Math.min(Math.ceil(whole / shrink) - 1, Math.floor(edge / shrink));
      for (let y = from(seen.top); y <= to(seen.bottom, this.told.height); y++) for (let x = from(seen.left); x <= to(seen.right, this.told.width); x++) this.want(each, x, y);
    }
    const [middleX, middleY] = [(seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2];
    const away = (/** @type {[number, number, number]} */ [at, x, y]) => {
      const { left, right, top, bottom } = this.box(at, x, y);
      return at === 0 ? -1 : Math.hypot((left + right) / 2 - middleX, (top + bottom) / 2 - middleY);
    };
    this.wanted.sort((a, b) => away(a) - away(b));
    this.fetch();
    const shown = [...this.tiles.values()].filter((tile) => tile.level <= level && tile.right > seen.left && tile.left < seen.right && tile.bottom > seen.top && tile.top < seen.bottom);
    return shown.sort((a, b) => a.level - b.level);
  }

  /** @param {number} level @param {number} x @param {number} y */
  want(level, x, y) {
    const tile = this.tiles.get(`${level}/${x}/${y}`);
    if (tile) tile.used = this.clock;
    else this.wanted.push([level, x, y]);
  }

  fetch() {
    for (const [level, x, y] of this.wanted) {
      if (this.asked.size >= AT_ONCE) return;
      const name = `${level}/${x}/${y}`;
      if (this.asked.has(name) || this.tiles.has(name)) continue;
      this.asked.add(name);
      this.load(level, x, y)
        .then(
          () => this.arrived(),
          (fault) => this.arrived(fault),
        )
        .finally(() => {
          this.asked.delete(name);
          this.fetch();
        });
    }
  }

  /** @param {number} level @param {number} x @param {number} y */
  async load(level, x, y) {
    const picture = await createImageBitmap(await blob(layered(this.told, level, x, y)), { colorSpaceConversion: "none", premultiplyAlpha: "none" });
    const { gl, count } = this;
    const [width, height] = [picture.width, picture.height / count];
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.RGBA8, width, height, count);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D_ARRAY, name, gl.LINEAR);
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D_ARRAY, name, gl.CLAMP_TO_EDGE);
    // The layers lie beneath each other, as the texture wants them.
    gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, 0, width, height, count, gl.RGBA, gl.UNSIGNED_BYTE, picture);
    picture.close();
    this.tiles.set(`${level}/${x}/${y}`, { ...this.box(level, x, y), level, texture, size: [width, height], bytes: width * height * count * 4, used: this.clock });
    this.forget();
  }

  /** Let go of the tiles that were not seen for longest; the coarsest one stays. */
  forget() {
    let bytes = 0;
    for (const tile of this.tiles.values()) bytes += tile.bytes;
    const old = [...this.tiles.entries()].filter(([, tile]) => tile.level > 0 && tile.used < this.clock).sort(([, a], [, b]) => a.used - b.used);
    for (const [name, tile] of old) {
      if (bytes <= MOST_BYTES) return;
      this.gl.deleteTexture(tile.texture);
      this.tiles.delete(name);
      bytes -= tile.bytes;
    }
  }
}
