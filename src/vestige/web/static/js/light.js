// A light to move: relightable pictures (planes of coefficients) and normals, drawn tile by tile by our own shaders.
import { add, button, choice, failed, fullScreen, group, make, ready, slider, stage, told, view, word } from "./stage.js";
import { PLANES, NORMALS, VERTEX } from "./shaders.js";
import { basis } from "./basis.js";
import { help } from "./looking/help.js";
import { Layers } from "./looking/layers.js";
import { beside, copyLink, recalled, recalledNumber, remember } from "./looking/place.js";
import { scaleBar } from "./looking/scale.js";

const canvas = make("canvas", { tabindex: "0", role: "application", "aria-label": word("light_pad") });
const pad = make("div", { class: "pad", "aria-hidden": "true" }, make("i"));
view.append(canvas, pad);
const context = canvas.getContext("webgl2", { antialias: false, alpha: false });

const STYLES = ["matte", "gloss", "colours"];
const light = { azimuth: recalledNumber("az") ?? 135, elevation: recalledNumber("el") ?? 45 };
/** The middle of the view as a share of the picture, and how much larger than the whole it is. */
const place = { x: recalledNumber("x") ?? 0.5, y: recalledNumber("y") ?? 0.5, zoom: recalledNumber("z") ?? 1 };
let mode = "mode_light";
let style = STYLES.find((each) => each === recalled("style")) ?? "matte";
let asked = false;
/** Draws a frame; set once the textures are there. @type {() => void} */
let draw = () => {};

const again = () => {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
};

/** The light as a unit vector: x right, y up, z to the viewer. @returns {[number, number, number]} */
function direction() {
  const azimuth = (light.azimuth * Math.PI) / 180;
  const elevation = (light.elevation * Math.PI) / 180;
  return [Math.cos(azimuth) * Math.cos(elevation), Math.sin(azimuth) * Math.cos(elevation), Math.sin(elevation)];
}

/** @param {WebGL2RenderingContext} gl @param {string} fragment */
function program(gl, fragment) {
  const made = gl.createProgram();
  for (const [type, text] of /** @type {[number, string][]} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, fragment],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? "program");
  gl.useProgram(made);
  return made;
}

/** Points on the screen to a pixel of the picture. */
const scale = () => Math.min(canvas.clientWidth / told.width, canvas.clientHeight / told.height) * place.zoom;

/** The part of the picture that the canvas shows, in its pixels. */
function seen() {
  const [across, down] = [canvas.clientWidth / scale() / 2, canvas.clientHeight / scale() / 2];
  const [x, y] = [place.x * told.width, place.y * told.height];
  return { left: x - across, top: y - down, right: x + across, bottom: y + down };
}

/** Where an edge of a tile lies on the canvas, whole points, so that neighbours meet. @param {number} value @param {number} from @param {number} to @param {number} points */
const edge = (value, from, to, points) => (Math.round(((value - from) / (to - from)) * points) / points) * 2 - 1;

/**
 * Draw all tiles in view with a program whose uniforms are set.
 * @param {WebGL2RenderingContext} gl @param {WebGLProgram} made @param {Layers} layers
 */
function paint(gl, made, layers) {
  const density = Math.min(devicePixelRatio, 2);
  const width = Math.round(canvas.clientWidth * density);
  const height = Math.round(canvas.clientHeight * density);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  gl.viewport(0, 0, width, height);
  gl.clearColor(0.098, 0.094, 0.086, 1);
  gl.clear(gl.COLOR_BUFFER_BIT);
  const part = seen();
  const tiles = layers.visible(part, scale() * density);
  for (const tile of tiles) {
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, tile.texture);
    const across = [tile.left, tile.right].map((value) => edge(value, part.left, part.right, width));
    const down = [tile.top, tile.bottom].map((value) => -edge(value, part.top, part.bottom, height));
    gl.uniform4f(gl.getUniformLocation(made, "box"), across[0], down[0], across[1], down[1]);
    const [u, v] = [1 / tile.size[0], 1 / tile.size[1]];
    gl.uniform4f(gl.getUniformLocation(made, "inner"), u, v, 1 - u, 1 - v);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }
  const handle = /** @type {HTMLElement} */ (pad.firstElementChild);
  const [x, y] = direction();
  Object.assign(handle.style, { left: `${50 + 46 * x}%`, top: `${50 - 46 * y}%` });
  tell(scale(), told.pixel_mm);
  if (tiles.length > 0) ready();
}

/** A tile has come, or could not. @param {Error} [fault] */
function arrived(fault) {
  if (fault && stage.dataset.state === "loading") failed(fault);
  again();
}

/** @param {WebGL2RenderingContext} gl */
function planes(gl) {
  const made = program(gl, PLANES);
  const layers = new Layers(gl, told, told.layers, arrived);
  const { scale: factor, bias } = told.materials[0];
  const luminance = told.colorspace === "lrgb";
  const terms = luminance ? told.nplanes - 3 : told.nplanes / 3;
  const padded = (/** @type {number[]} */ values) => [...values, ...Array(Math.max(0, 192 - values.length)).fill(0)];
  gl.uniform1i(gl.getUniformLocation(made, "layers"), told.layers);
  gl.uniform1i(gl.getUniformLocation(made, "luminance"), luminance ? 1 : 0);
  gl.uniform3fv(gl.getUniformLocation(made, "scale"), padded(factor));
  gl.uniform3fv(gl.getUniformLocation(made, "bias"), padded(bias));
  draw = () => {
    const weights = basis(told.type, terms, direction());
    const each = luminance ? [0, 0, 0, ...weights] : weights.flatMap((weight) => [weight, weight, weight]);
    gl.uniform3fv(gl.getUniformLocation(made, "weight"), padded(each));
    paint(gl, made, layers);
  };
}

/** @param {WebGL2RenderingContext} gl */
function normals(gl) {
  const made = program(gl, NORMALS);
  const layers = new Layers(gl, told, 1, arrived);
  choice(STYLES, style, (key) => ((style = key), remember({ style: key }), again()));
  draw = () => {
    gl.uniform3fv(gl.getUniformLocation(made, "light"), direction());
    gl.uniform1i(gl.getUniformLocation(made, "style"), STYLES.indexOf(style));
    paint(gl, made, layers);
  };
}

const azimuth = slider(word("azimuth"), { min: 0, max: 360, step: 1, value: light.azimuth, say: (value) => `${value}°` }, (value) => ((light.azimuth = value), lit()));
const elevation = slider(word("elevation"), { min: 8, max: 90, step: 1, value: light.elevation, say: (value) => `${value}°` }, (value) => ((light.elevation = value), lit()));

/** @param {number} x @param {number} y the light's place on a disc of radius 1, y up */
function shine(x, y) {
  const radius = Math.min(Math.hypot(x, y), 0.99);
  light.azimuth = Math.round(((Math.atan2(y, x) * 180) / Math.PI + 360) % 360);
  light.elevation = Math.max(8, Math.round((Math.acos(radius) * 180) / Math.PI));
  azimuth.set(light.azimuth);
  elevation.set(light.elevation);
  lit();
}

/** The light has moved. */
function lit() {
  remember({ az: light.azimuth, el: light.elevation });
  again();
}

beside((view) => {
  const number = (/** @type {string} */ key, /** @type {number} */ otherwise) => (typeof view[key] === "number" ? view[key] : otherwise);
  Object.assign(light, { azimuth: number("az", light.azimuth), elevation: number("el", light.elevation) });
  Object.assign(place, { x: number("x", place.x), y: number("y", place.y), zoom: number("z", place.zoom) });
  azimuth.set(light.azimuth);
  elevation.set(light.elevation);
  again();
});

/** @param {HTMLElement} element @param {PointerEvent} event */
function from(element, event) {
  const box = element.getBoundingClientRect();
  const half = element === pad ? box.width / 2 : Math.min(box.width, box.height) / 2;
  shine((event.clientX - box.left - box.width / 2) / half, -(event.clientY - box.top - box.height / 2) / half);
}

/** @param {number} factor @param {number} x @param {number} y shares of the canvas that stay where they are */
function zoom(factor, x = 0.5, y = 0.5) {
  const before = seen();
  const most = (8 * told.width) / Math.max(1, (scale() / place.zoom) * told.width);
  place.zoom = Math.min(Math.max(2, most), Math.max(0.7, place.zoom * factor));
  const after = seen();
  const kept = (/** @type {{left: number, right: number, top: number, bottom: number}} */ part) => [part.left + (part.right - part.left) * x, part.top + (part.bottom - part.top) * y];
  const [from, to] = [kept(before), kept(after)];
  move((from[0] - to[0]) * scale(), (from[1] - to[1]) * scale());
}

/** Move the view over the picture. @param {number} x @param {number} y in points on the screen */
function move(x, y) {
  const bound = (/** @type {number} */ value) => Math.min(1.1, Math.max(-0.1, value));
  place.x = bound(place.x + x / scale() / told.width);
  place.y = bound(place.y + y / scale() / told.height);
  remember({ x: place.x, y: place.y, z: place.zoom });
  again();
}

/** The whole picture. */
function whole() {
  Object.assign(place, { x: 0.5, y: 0.5, zoom: 1 });
  remember({ x: null, y: null, z: null });
  again();
}

function hands() {
  /** @type {Map<number, PointerEvent>} */
  const down = new Map();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
    if (mode === "mode_light" && !event.shiftKey && down.size === 1) from(canvas, event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    if (down.size === 2) {
      const other = [...down.values()].find((item) => item.pointerId !== event.pointerId);
      if (other) zoom(apart(event, other) / Math.max(1, apart(before, other)));
    }
    if (down.size === 2 || mode === "mode_move" || event.shiftKey) {
      move(-(event.clientX - before.clientX) / down.size, -(event.clientY - before.clientY) / down.size);
    } else from(canvas, event);
    down.set(event.pointerId, event);
  });
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) canvas.addEventListener(name, (event) => down.delete(event.pointerId));
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY * 0.0015), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", keys);
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    from(pad, event);
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.buttons) from(pad, event);
  });
}

/** @param {PointerEvent} a @param {PointerEvent} b */
const apart = (a, b) => Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);

/** One pixel of the picture to one of the screen. */
const exact = () => zoom(1 / devicePixelRatio / scale());
const screen = () => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.());
const helped = help([
  ["← → ↑ ↓", "key_light"],
  ["⇧ ← → ↑ ↓", "key_pan"],
  ["+  −", "key_zoom"],
  ["0", "fit"],
  ["1", "exact"],
  ["f", "full"],
  ["?", "help"],
]);
const tell = scaleBar();
/** @type {Record<string, () => void>} */
const ACTIONS = { "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: whole, 1: exact, f: screen, "?": helped.open, h: helped.open };
const ARROWS = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });

/** @param {KeyboardEvent} event */
function keys(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const step = ARROWS[event.key];
  if (ACTIONS[event.key]) ACTIONS[event.key]();
  else if (!step) return;
  else if (mode === "mode_move" || event.shiftKey) move(60 * step[0], -60 * step[1]);
  else {
    const [x, y] = direction();
    shine(x + 0.06 * step[0], y + 0.06 * step[1]);
  }
  event.preventDefault();
}

function begin() {
  if (!context) {
    failed(word("no_webgl"));
    return;
  }
  group(
    button("zoom_in", () => zoom(1.5)),
    button("zoom_out", () => zoom(1 / 1.5)),
    button("fit", whole),
    button("exact", exact),
    fullScreen(),
  );
  group(button("copy_link", () => void copyLink()), helped.button);
  choice(["mode_light", "mode_move"], mode, (key) => (mode = key));
  add(azimuth.element, elevation.element);
  hands();
  canvas.addEventListener("webglcontextlost", () => location.reload());
  (told.normals ? normals : planes)(context);
  new ResizeObserver(again).observe(stage);
  again();
}

try {
  begin();
} catch (fault) {
  failed(fault);
}
