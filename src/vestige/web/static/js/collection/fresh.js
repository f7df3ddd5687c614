// While jobs are under way the collection says so; one that fits on a page also shows what comes in, by itself.

import { find } from "./finding.js";

/** @typedef {{version: string, open: number, share: number}} State */

const strip = /** @type {HTMLElement} */ (document.getElementById("fresh"));
const words = JSON.parse(strip.dataset.words ?? "{}");
let version = strip.dataset.version ?? "";

/** @param {State} state */
function heard(state) {
  strip.hidden = state.open === 0;
  const link = strip.querySelector("a");
  const text = state.open === 1 ? words.one : words.many.replace("{n}", String(state.open));
  if (link && link.textContent !== text) link.textContent = text;
  const bar = strip.querySelector("progress");
  if (bar) bar.value = state.share;
  if (state.version !== version && !atWork()) {
    version = state.version;
    if (document.getElementById("found")) void find("/");
    else location.reload();
  }
}

/** Whether a person asked for something, stands on a card, or sees only a part: then nothing moves under them. */
function atWork() {
  const search = document.getElementById("q");
  const typed = search instanceof HTMLInputElement && search.value !== "";
  return location.search !== "" || typed || document.getElementById("more") !== null || document.activeElement?.closest(".finds") != null;
}

const source = new EventSource("/events");
source.addEventListener("state", (event) => heard(JSON.parse(event.data)));
addEventListener("pagehide", () => source.close());
