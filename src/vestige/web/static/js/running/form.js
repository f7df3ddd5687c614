// The form of a recipe: presets fill it, and a live preview follows each change.

import { Part } from "./part.js";
import { offer } from "./picking.js";
import { retouching } from "./retouching.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("making"));
const picture = /** @type {HTMLImageElement} */ (document.getElementById("preview"));
const said = /** @type {HTMLElement} */ (document.getElementById("preview-said"));
const frame = /** @type {HTMLElement} */ (picture?.closest("figure"));
const words = JSON.parse(form.dataset.says ?? "{}");
const look = form.dataset.look;
const page = crypto.getRandomValues(new Uint32Array(4)).join("-");
const csrf = document.querySelector("meta[name=csrf]")?.getAttribute("content") ?? "";

/** @param {string} name */
function field(name) {
  const found = form.elements.namedItem(`recipe.${name}`);
  return found instanceof HTMLInputElement || found instanceof HTMLSelectElement ? found : null;
}

/** Fill the form with the values of the preset that was chosen. @param {HTMLInputElement} chosen */
function fill(chosen) {
  for (const [name, value] of Object.entries(JSON.parse(chosen.dataset.values ?? "{}"))) {
    const found = field(name);
    if (found && name !== "overrides") found.value = String(value);
  }
  const basis = form.elements.namedItem("basis");
  if (basis instanceof HTMLInputElement) basis.value = chosen.value;
  for (const one of form.querySelectorAll(".settings .field")) mark(one);
}

/** A setting that is not the usual one is marked. @param {Element | null | undefined} holder */
function mark(holder) {
  const input = holder?.querySelector("input, select");
  if (holder instanceof HTMLElement && (input instanceof HTMLInputElement || input instanceof HTMLSelectElement)) {
    holder.classList.toggle("changed", input.value !== (holder.dataset.default ?? ""));
  }
}

/** What is wrong, beside the field that it is wrong with. @param {Record<string, string>} faults */
function show(faults) {
  for (const wrong of form.querySelectorAll(".wrong")) {
    if (!(wrong instanceof HTMLElement)) continue;
    const name = wrong.id.replace(/^field-(.*)-wrong$/, "$1");
    wrong.textContent = faults[name] ?? "";
    wrong.hidden = !faults[name];
    const input = field(name);
    if (faults[name]) input?.setAttribute("aria-invalid", "true");
    else input?.removeAttribute("aria-invalid");
  }
}

let asking = false;
let again = false;
let address = "";

/** Ask for a picture; while one is on its way, only the newest wish is kept. */
async function ask() {
  if (!look) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  frame.dataset.state = "loading";
  const late = setTimeout(() => (said.textContent = words.working), 400);
  const began = performance.now();
  try {
    const body = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
    body.set("page", page);
    if (part?.region) body.set("region", part.region.join(","));
    body.set("size", String(Math.min(1600, Math.round(frame.clientWidth * Math.min(devicePixelRatio, 2)))));
    const answer = await fetch(look, { method: "POST", body, headers: { "X-CSRF": csrf } });
    await took(answer, began);
  } catch {
    frame.dataset.state = "failed";
    said.textContent = words.cut;
    setTimeout(ask, 2000);
  } finally {
    clearTimeout(late);
    asking = false;
    if (again) {
      again = false;
      void ask();
    }
  }
}

/** @param {Response} answer @param {number} began */
async function took(answer, began) {
  if (answer.status === 204) return;
  if (answer.ok) {
    const older = address;
    address = URL.createObjectURL(await answer.blob());
    picture.src = address;
    if (older) URL.revokeObjectURL(older);
    frame.dataset.state = "ready";
    const unfinished = answer.headers.has("Provisional");
    const spoken = unfinished ? words.provisional : words.ready;
    said.textContent = spoken.replace("{n}", ((performance.now() - began) / 1000).toFixed(1));
    if (unfinished) setTimeout(ask, 1000);
    show({});
    return;
  }
  /** @type {Record<string, string>} */
  const faults = answer.headers.get("content-type")?.startsWith("application/json") ? (await answer.json()).faults : {};
  frame.dataset.state = "failed";
  said.textContent = faults[""] ?? words.failed;
  show(faults);
}

const part = look && form.dataset.full ? new Part(frame, picture, form.dataset.full.split(",").map(Number), words, ask) : null;
offer(form);
if (part) retouching(form, part);

let pause = 0;
form.addEventListener("input", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === "words") return;
  if (event.target instanceof HTMLInputElement && event.target.name === "preset") fill(event.target);
  else if (event.target instanceof Element) mark(event.target.closest(".field"));
  clearTimeout(pause);
  pause = window.setTimeout(ask, 120);
});
if (look) void ask();
