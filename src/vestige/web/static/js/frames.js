// A capture: go through its frames with the slider, the strip or the keys, each at full resolution.
import { add, calm, failed, ready, select, stage, told, view, word } from "./stage.js";
import { deepZoom, followed, ground, navigation, OpenSeadragon, scaled, source } from "./looking/deepzoom.js";
import { Measures } from "./looking/measure.js";
import { Pick } from "./looking/pick.js";
import { recalledNumber, remember } from "./looking/place.js";
import { seen } from "./looking/seen.js";

/**
 * @typedef {import("./looking/deepzoom.js").Raster & {ask: string, role: string, at: Record<string, string>}} Item
 * @typedef {{message: string}} Fault
 */

/** @type {Item[]} */
const items = told.items;
const caption = /** @type {HTMLElement} */ (document.getElementById("caption"));
const scrub = /** @type {HTMLInputElement} */ (document.getElementById("scrub"));
const links = /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll(".frames .strip a")]);
const compare = /** @type {HTMLAnchorElement | null} */ (document.querySelector("a.compare"));
const sights = [...document.querySelectorAll("[data-sight]")].map((element) => /** @type {HTMLElement} */ (element).dataset.sight);

let chosen = Math.min(items.length - 1, Math.max(0, recalledNumber("i") ?? 0));
/** The frames that the slider goes through, and along which axis; all of them, in their order, without one. */
let order = items.map((_, place) => place);
let axis = "";

const viewer = deepZoom(view);
/** The small picture lies over the large one until that is there. */
const small = Object.assign(document.createElement("img"), { className: "small", alt: "" });

/** What is said of a frame: its name and coordinates. @param {number} place */
function named(place) {
  return [items[place].label, spoken(place)].filter(Boolean).join(" · ");
}

/** @param {string} name */
const axisName = (name) => word(`axis_${name}`).replace(/^axis_/, "");

/** @param {number} place */
const spoken = (place) => Object.entries(items[place].at).map(([name, value]) => `${axisName(name)} ${value}`).join(", ");

/** Replace the frame seen by the one chosen, at the same place and zoom. */
async function paint() {
  const place = chosen;
  const item = items[place];
  if (!item.tiles) {
    const answer = await fetch(item.ask);
    if (!answer.ok) {
      caption.textContent = word("frame_failed");
      return stage.dataset.state === "loading" ? failed(word("frame_failed")) : undefined;
    }
    const { label, ...raster } = await answer.json();
    Object.assign(item, raster, { picture: item.picture });
  }
  if (place !== chosen) return;
  const old = [...Array(viewer.world.getItemCount()).keys()].map((n) => viewer.world.getItemAt(n));
  if (old.length === 0) {
    viewer.open(source(item));
    return;
  }
  viewer.addTiledImage({
    tileSource: source(item),
    success: (/** @type {{item: any}} */ { item: fresh }) => {
      const swap = () => {
        for (const image of old) if (viewer.world.getIndexOfItem(image) >= 0) viewer.world.removeItem(image);
        if (place === chosen) viewer.removeOverlay(small);
      };
      if (fresh.getFullyLoaded()) swap();
      else fresh.addOnceHandler("fully-loaded-change", swap);
    },
    error: (/** @type {Fault} */ { message }) => failed(message),
  });
}
const later = calm(() => void paint(), 140);

/** Lay the small picture of a frame over what is seen. @param {Item} item */
function veil(item) {
  if (!ground(viewer)) return;
  viewer.removeOverlay(small);
  small.src = item.picture;
  const { x, y } = ground(viewer).getContentSize();
  viewer.addOverlay({ element: small, location: new OpenSeadragon.Rect(0, 0, 1, y / x) });
}

/** @param {number} place */
function show(place) {
  chosen = place;
  remember({ i: place || null });
  scrub.max = String(order.length - 1);
  scrub.value = String(order.indexOf(place));
  scrub.setAttribute("aria-valuetext", spoken(place) || items[place].label);
  // A slider says its own value: it is not said twice.
  caption.setAttribute("aria-live", document.activeElement === scrub ? "off" : "polite");
  caption.textContent = named(place);
  links.forEach((link, n) => {
    if (n === place) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
  const [strip, item] = [links[place]?.closest(".strip"), links[place]?.parentElement];
  if (strip instanceof HTMLElement && item) strip.scrollTo({ left: item.offsetLeft - strip.offsetLeft - strip.clientWidth / 2 + item.clientWidth / 2 });
  if (compare) compare.href = `/compare?a=${sights[place]}`;
  veil(items[place]);
  later();
}

/** @param {number} by */
const step = (by) => show(order[(order.indexOf(chosen) + order.length + by) % order.length]);

/** Go along one axis, all others as they are; along none, through all frames. @param {string} name */
function along(name) {
  axis = name;
  const others = (/** @type {Item} */ item) => JSON.stringify([item.role, ...told.axes.filter((/** @type {string} */ each) => each !== name).map((/** @type {string} */ each) => item.at[each])]);
  order = items.map((_, n) => n).filter((n) => !axis || others(items[n]) === others(items[chosen]));
  show(chosen);
}

const pixelMm = () => items[chosen].pixel_mm;

function begin() {
  const pick = new Pick(viewer);
  const measures = new Measures(pick, pixelMm, null);
  navigation(viewer, {
    keys: [
      ["[", "previous", () => step(-1)],
      ["]", "next", () => step(1)],
      ["Enter", "key_pick", () => pick.here()],
      ["Backspace", "key_back", () => measures.back()],
      ["Escape", "key_stop", () => measures.choose(null)],
      ["m", "measure_distance", () => measures.choose("distance")],
    ],
  });
  if (told.axes.length > 1) {
    const options = [{ value: "", text: word("all_frames") }, ...told.axes.map((/** @type {string} */ name) => ({ value: name, text: axisName(name) }))];
    add(select(word("along"), options, "", along));
  }
  document.querySelector(".frames .strip")?.after(measures.panel);
  followed(viewer);
  scaled(viewer, pixelMm);
  seen(viewer, () => ({ name: chosen, wish: {} }));
  viewer.addHandler("tile-drawn", ready);
  viewer.addHandler("open-failed", (/** @type {Fault} */ { message }) => failed(message));
  scrub.addEventListener("input", () => show(order[Number(scrub.value)]));
  links.forEach((link, place) =>
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      order = items.map((_, n) => n);
      show(place);
    }),
  );
  show(chosen);
}

begin();
