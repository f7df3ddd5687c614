// Comparing: two to four pictures over each other (curtain, blink, overlay, difference) or side by side.
import { add, choice, failed, make, ready, say, select, slider, told, view, word, button } from "../stage.js";
import { deepZoom, followed, ground, navigation, OpenSeadragon, scaled, source, still } from "./deepzoom.js";
import { recalled, recalledNumber, remember } from "./place.js";

/**
 * @typedef {import("./deepzoom.js").Raster & {title: string, name: string, place: {x: number, y: number, width: number, how: string}}} Item
 * @typedef {"curtain" | "side_by_side" | "blink" | "overlay" | "difference"} Mode
 */

const MODES = /** @type {Mode[]} */ (["curtain", "side_by_side", "blink", "overlay", "difference"]);
/** Changes a second: a flash is two of them, and no more than three flashes a second are safe for everyone. */
const FASTEST = 3;

/** @type {Item[]} */
const items = told.items;
const asked = /** @type {Mode} */ (recalled("mode"));
const state = {
  mode: MODES.includes(asked) ? asked : /** @type {Mode} */ ("curtain"),
  upper: within(recalledNumber("u") ?? 1, 1, items.length - 1),
  share: within(recalledNumber("s") ?? 0.5, 0, 1),
  opacity: within(recalledNumber("o") ?? 0.5, 0, 1),
  rate: within(recalledNumber("rate") ?? 1, 0.5, FASTEST),
  strength: within(recalledNumber("d") ?? 3, 1, 8),
  shown: 0,
};
let ticking = 0;

/** @param {number} value @param {number} low @param {number} high */
function within(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

const panes = items.map(() => make("div", { class: "pane" }));
const captions = items.map((item, n) => make("p", { class: "caption" }, `${"ABCD"[n]} · ${item.label}`));
const handle = make("div", { class: "handle", "aria-hidden": "true" });
view.append(...panes, handle);
panes.forEach((pane, n) => {
  pane.append(captions[n]);
  pane.hidden = n > 0 && state.mode !== "side_by_side";
});
const first = deepZoom(panes[0]);
/** The other viewers, made when they are first needed. @type {any[]} */
let others = [];

/** @param {Item} item */
const laid = (item) => ({ tileSource: source(item), x: item.place.x, y: item.place.y, width: item.place.width });

/** The pictures in the first viewer, A first. @returns {any[]} */
const layers = () => items.map((_, n) => first.world.getItemAt(n)).filter(Boolean);

/** Two viewers show the same place. @param {any} from */
function follow(from) {
  if (state.mode !== "side_by_side") return;
  for (const other of [first, ...others]) {
    if (other === from || !other.isOpen()) continue;
    other.viewport.setRotation(from.viewport.getRotation(true), true);
    other.viewport.zoomTo(from.viewport.getZoom(true), undefined, true);
    other.viewport.panTo(from.viewport.getCenter(true), true);
  }
}

function beside() {
  if (others.length > 0) return;
  others = items.slice(1).map((item, n) => {
    const viewer = deepZoom(panes[n + 1]);
    viewer.addHandler("open", () => follow(first));
    viewer.open([laid(item)]);
    return viewer;
  });
  for (const viewer of [first, ...others]) {
    // Only the one that a hand moves leads; the others follow at once.
    for (const name of ["canvas-drag", "canvas-scroll", "canvas-pinch", "canvas-enter", "canvas-press"]) viewer.addHandler(name, () => (leader = viewer));
    viewer.addHandler("animation", () => leader === viewer && follow(viewer));
    // Keys always move the first one.
    viewer.canvas.addEventListener("keydown", () => (leader = first));
  }
  for (const viewer of others) bind(viewer);
}
/** @type {any} */
let leader = first;

/** Show the pictures as the mode wants them. */
function arrange() {
  const { mode, upper } = state;
  const side = mode === "side_by_side";
  if (side) beside();
  view.dataset.mode = mode;
  panes.forEach((pane, n) => (pane.hidden = n > 0 && !side));
  layers().forEach((layer, n) => {
    const seen = side ? n === 0 : mode === "blink" ? n === state.shown : n === 0 || n === upper;
    layer.setOpacity(!seen ? 0 : mode === "overlay" && n === upper ? state.opacity : 1);
    layer.setCompositeOperation(mode === "difference" && n === upper ? "difference" : "source-over");
    if (mode !== "curtain" || n !== upper) layer.resetCroppingPolygons();
  });
  const canvas = /** @type {HTMLElement | null} */ (panes[0].querySelector("canvas"));
  if (canvas) canvas.style.filter = mode === "difference" ? `brightness(${state.strength})` : "";
  handle.hidden = mode !== "curtain";
  captions[0].textContent = label(mode === "blink" ? state.shown : 0);
  second.textContent = label(upper);
  second.hidden = side || mode === "blink";
  for (const [each, tools] of Object.entries(shownIn)) for (const tool of tools) tool.hidden = !each.split(" ").includes(mode);
  curtain();
  first.forceRedraw();
}

/** @param {number} n */
const label = (n) => `${"ABCD"[n]} · ${items[n].label}`;
const second = make("p", { class: "caption upper" });
panes[0].append(second);

/** Cut the upper picture off at the curtain. */
function curtain() {
  if (state.mode !== "curtain" || !ground(first)) return;
  const layer = layers()[state.upper];
  if (!layer) return;
  const { x: width, y: height } = first.viewport.getContainerSize();
  const left = state.share * width;
  handle.style.left = `${state.share * 100}%`;
  const corner = (/** @type {number} */ x, /** @type {number} */ y) => layer.viewerElementToImageCoordinates(new OpenSeadragon.Point(x, y));
  layer.setCroppingPolygons([[corner(left, -9), corner(width + 9, -9), corner(width + 9, height + 9), corner(left, height + 9)]]);
}

/** @param {number} share */
function draw(share) {
  state.share = within(share, 0, 1);
  position.set(Math.round(state.share * 100));
  remember({ s: state.share });
  curtain();
  first.forceRedraw();
}

function swap() {
  state.shown = (state.shown + 1) % items.length;
  arrange();
}

/** Begin or end blinking. @param {boolean} on */
function blink(on) {
  clearInterval(ticking);
  ticking = on ? window.setInterval(swap, 1000 / state.rate) : 0;
  start.setAttribute("aria-pressed", String(on));
}

/** @param {string} mode */
function choose(mode) {
  const { viewport } = first;
  const whole = ground(first) && Math.abs(viewport.getZoom() / viewport.getHomeZoom() - 1) < 0.01;
  const other = (mode === "side_by_side") !== (state.mode === "side_by_side");
  state.mode = /** @type {Mode} */ (mode);
  modes.querySelectorAll("button").forEach((element, n) => element.setAttribute("aria-pressed", String(MODES[n] === mode)));
  remember({ mode });
  blink(mode === "blink" && !still);
  arrange();
  // The picture has another width to fit into.
  if (whole && other) setTimeout(() => viewport.goHome(true), 80);
  say(word(mode));
}

const percent = (/** @type {number} */ value) => `${value} %`;
const modes = choice(MODES, state.mode, choose);
const position = slider(word("share"), { min: 0, max: 100, step: 1, value: Math.round(state.share * 100), say: percent, wide: true }, (value) => draw(value / 100));
const opacity = slider(word("opacity"), { min: 0, max: 100, step: 1, value: Math.round(state.opacity * 100), say: percent, wide: true }, (value) => {
  state.opacity = value / 100;
  remember({ o: state.opacity });
  arrange();
});
const strength = slider(word("strength"), { min: 1, max: 8, step: 1, value: state.strength, say: (value) => `${value} ×` }, (value) => {
  state.strength = value;
  remember({ d: value });
  arrange();
});
const rate = slider(word("rate"), { min: 0.5, max: FASTEST, step: 0.5, value: state.rate }, (value) => {
  state.rate = value;
  remember({ rate: value });
  if (ticking) blink(true);
});
const start = button("start_blink", () => blink(!ticking));
start.setAttribute("aria-pressed", "false");
const other = button("swap", () => (blink(false), swap()));
const above = select(
  word("upper"),
  items.slice(1).map((_, n) => ({ value: String(n + 1), text: label(n + 1) })),
  String(state.upper),
  (value) => {
    state.upper = Number(value);
    remember({ u: state.upper });
    arrange();
  },
);
/** Which tools stand there in which modes. @type {Record<string, HTMLElement[]>} */
const shownIn = { curtain: [position.element], overlay: [opacity.element], difference: [strength.element], blink: [start, other, rate.element] };
if (items.length > 2) shownIn["curtain overlay difference"] = [above];

function hands() {
  const move = (/** @type {PointerEvent} */ event) => {
    const box = view.getBoundingClientRect();
    draw((event.clientX - box.left) / box.width);
  };
  handle.addEventListener("pointerdown", (event) => handle.setPointerCapture(event.pointerId));
  handle.addEventListener("pointermove", (event) => event.buttons && move(event));
}

/** @type {(viewer: any) => void} */
let bind = () => {};

function begin() {
  const keys = /** @type {[string, string, () => void][]} */ ([
    ["c", "curtain", () => choose("curtain")],
    ["s", "side_by_side", () => choose("side_by_side")],
    ["b", "blink", () => choose("blink")],
    ["o", "overlay", () => choose("overlay")],
    ["d", "difference", () => choose("difference")],
    ["[", "share", () => draw(state.share - 0.02)],
    ["]", "", () => draw(state.share + 0.02)],
    ["x", "swap", () => (blink(false), state.mode === "blink" ? swap() : choose("blink"), blink(false))],
  ]);
  const bound = navigation(first, { keys });
  bind = bound.bind;
  add(...Object.values(shownIn).flat());
  hands();
  followed(first);
  scaled(first, () => items[0].pixel_mm);
  for (const name of ["viewport-change", "resize", "rotate"]) first.addHandler(name, curtain);
  first.addHandler("open", () => choose(state.mode));
  first.addHandler("tile-drawn", ready);
  first.addHandler("tile-load-failed", (/** @type {{message: string}} */ { message }) => failed(`${word("failed")} (${message})`));
  first.addHandler("open-failed", (/** @type {{message: string}} */ { message }) => failed(message));
  first.open(items.map(laid));
}

if (items.length > 1) begin();
