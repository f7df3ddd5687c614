// A light to move: relightable pictures (planes of coefficients) and normals, drawn by our own shaders.
import { add, button, choice, failed, fullScreen, group, make, ready, slider, stage, told, view, word } from "./stage.js";
import { PLANES, NORMALS, VERTEX } from "./shaders.js";
import { basis } from "./basis.js";

/** Textures never take more than this on the graphics card. */
const MOST_BYTES = 256 * 2 ** 20;

const canvas = make("canvas", { tabindex: "0", role: "img", "aria-label": word("light_pad") });
const pad = make("div", { class: "pad", "aria-hidden": "true" }, make("i"));
view.append(canvas, pad);
const context = canvas.getContext("webgl2", { antialias: false, alpha: false });

const light = { azimuth: 135, elevation: 45 };
const place = { x: 0, y: 0, zoom: 1 };
let mode = "mode_light";
let style = "matte";
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

/** Pictures as the layers of one texture, made smaller where they would not fit. @param {WebGL2RenderingContext} gl @param {string[]} addresses */
async function layers(gl, addresses) {
  const most = Math.min(gl.getParameter(gl.MAX_TEXTURE_SIZE), Math.sqrt(MOST_BYTES / (4 * addresses.length)));
  const scale = Math.min(1, most / Math.max(told.width, told.height));
  const width = Math.max(1, Math.floor(told.width * scale));
  const height = Math.max(1, Math.floor(told.height * scale));
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
  gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, gl.RGBA8, width, height, addresses.length);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D_ARRAY, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  await Promise.all(
    addresses.map(async (address, number) => {
      const answer = await fetch(address);
      if (!answer.ok) throw new Error(`${answer.status}`);
      const picture = await createImageBitmap(await answer.blob(), {
        colorSpaceConversion: "none",
        premultiplyAlpha: "none",
        resizeWidth: width,
        resizeHeight: height,
        resizeQuality: "high",
      });
      gl.bindTexture(gl.TEXTURE_2D_ARRAY, texture);
      gl.texSubImage3D(gl.TEXTURE_2D_ARRAY, 0, 0, 0, number, width, height, 1, gl.RGBA, gl.UNSIGNED_BYTE, picture);
      picture.close();
    }),
  );
}

/** The part of the picture that the canvas shows: left, top, width, height as shares of the picture. */
function window_() {
  const across = canvas.clientWidth / told.width;
  const down = canvas.clientHeight / told.height;
  const fit = Math.min(across, down) * 0.97 * place.zoom;
  const width = across / fit;
  const height = down / fit;
  return [0.5 - width / 2 + place.x, 0.5 - height / 2 + place.y, width, height];
}

/** Before each frame: the size of the canvas, the view, the light. @param {WebGL2RenderingContext} gl @param {WebGLProgram} made */
function common(gl, made) {
  const density = Math.min(devicePixelRatio, 2);
  const width = Math.round(canvas.clientWidth * density);
  const height = Math.round(canvas.clientHeight * density);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  gl.viewport(0, 0, width, height);
  gl.uniform4fv(gl.getUniformLocation(made, "window"), window_());
  const handle = /** @type {HTMLElement} */ (pad.firstElementChild);
  const [x, y] = direction();
  Object.assign(handle.style, { left: `${50 + 46 * x}%`, top: `${50 - 46 * y}%` });
}

/** @param {WebGL2RenderingContext} gl */
async function planes(gl) {
  const made = program(gl, PLANES);
  await layers(gl, told.planes);
  const { scale, bias } = told.materials[0];
  const luminance = told.colorspace === "lrgb";
  const terms = luminance ? told.nplanes - 3 : told.nplanes / 3;
  const padded = (/** @type {number[]} */ values) => [...values, ...Array(Math.max(0, 192 - values.length)).fill(0)];
  gl.uniform1i(gl.getUniformLocation(made, "layers"), told.planes.length);
  gl.uniform1i(gl.getUniformLocation(made, "luminance"), luminance ? 1 : 0);
  gl.uniform3fv(gl.getUniformLocation(made, "scale"), padded(scale));
  gl.uniform3fv(gl.getUniformLocation(made, "bias"), padded(bias));
  draw = () => {
    common(gl, made);
    const weights = basis(told.type, terms, direction());
    const each = luminance ? [0, 0, 0, ...weights] : weights.flatMap((weight) => [weight, weight, weight]);
    gl.uniform3fv(gl.getUniformLocation(made, "weight"), padded(each));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    ready();
  };
}

/** @param {WebGL2RenderingContext} gl */
async function normals(gl) {
  const made = program(gl, NORMALS);
  await layers(gl, [told.normals]);
  choice(["matte", "gloss", "colours"], style, (key) => ((style = key), again()));
  draw = () => {
    common(gl, made);
    gl.uniform3fv(gl.getUniformLocation(made, "light"), direction());
    gl.uniform1i(gl.getUniformLocation(made, "style"), ["matte", "gloss", "colours"].indexOf(style));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    ready();
  };
}

const azimuth = slider(word("azimuth"), { min: 0, max: 360, step: 1, value: light.azimuth, say: (value) => `${value}°` }, (value) => ((light.azimuth = value), again()));
const elevation = slider(word("elevation"), { min: 8, max: 90, step: 1, value: light.elevation, say: (value) => `${value}°` }, (value) => ((light.elevation = value), again()));

/** @param {number} x @param {number} y the light's place on a disc of radius 1, y up */
function shine(x, y) {
  const radius = Math.min(Math.hypot(x, y), 0.99);
  light.azimuth = Math.round(((Math.atan2(y, x) * 180) / Math.PI + 360) % 360);
  light.elevation = Math.max(8, Math.round((Math.acos(radius) * 180) / Math.PI));
  azimuth.set(light.azimuth);
  elevation.set(light.elevation);
  again();
}

/** @param {HTMLElement} element @param {PointerEvent} event */
function from(element, event) {
  const box = element.getBoundingClientRect();
  const half = element === pad ? box.width / 2 : Math.min(box.width, box.height) / 2;
  shine((event.clientX - box.left - box.width / 2) / half, -(event.clientY - box.top - box.height / 2) / half);
}

/** @param {number} factor @param {number} x @param {number} y shares of the canvas that stay where they are */
function zoom(factor, x = 0.5, y = 0.5) {
  const before = window_();
  place.zoom = Math.min(40, Math.max(0.7, place.zoom * factor));
  const after = window_();
  move(before[0] + before[2] * x - (after[0] + after[2] * x), before[1] + before[3] * y - (after[1] + after[3] * y));
}

/** @param {number} x @param {number} y shares of the picture */
function move(x, y) {
  place.x = Math.min(0.6, Math.max(-0.6, place.x + x));
  place.y = Math.min(0.6, Math.max(-0.6, place.y + y));
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
      const [, , width, height] = window_();
      const share = 1 / down.size;
      move((-(event.clientX - before.clientX) / canvas.clientWidth) * width * share, (-(event.clientY - before.clientY) / canvas.clientHeight) * height * share);
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

/** @param {KeyboardEvent} event */
function keys(event) {
  const steps = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] });
  const step = steps[event.key];
  if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else if (!step) return;
  else if (mode === "mode_move" || event.shiftKey) move((0.04 * step[0]) / place.zoom, (-0.04 * step[1]) / place.zoom);
  else {
    const [x, y] = direction();
    shine(x + 0.06 * step[0], y + 0.06 * step[1]);
  }
  event.preventDefault();
}

async function begin() {
  if (!context) {
    failed(word("no_webgl"));
    return;
  }
  group(
    button("zoom_in", () => zoom(1.5)),
    button("zoom_out", () => zoom(1 / 1.5)),
    button("fit", () => (Object.assign(place, { x: 0, y: 0, zoom: 1 }), again())),
    fullScreen(),
  );
  choice(["mode_light", "mode_move"], mode, (key) => (mode = key));
  add(azimuth.element, elevation.element);
  hands();
  canvas.addEventListener("webglcontextlost", () => location.reload());
  await (told.planes ? planes(context) : normals(context));
  new ResizeObserver(again).observe(stage);
  again();
}

begin().catch(failed);
