// The queue keeps itself fresh: progress at once, the whole list when a job changed its state.

import { spoken } from "./time.js";

/** @typedef {{id: number, state: string, share: number, label: string, left: number | null}} Told */

const holder = /** @type {HTMLElement} */ (document.getElementById("jobs"));
const news = /** @type {HTMLElement} */ (document.getElementById("news"));
const words = JSON.parse(holder.dataset.words ?? "{}");
let counts = "";

/** @param {{counts: Record<string, number>, running: Told[]}} told */
async function heard(told) {
  const found = JSON.stringify([told.counts, told.running.map((one) => one.id)]);
  if (counts && found !== counts) await renew();
  counts = found;
  for (const one of told.running) {
    const row = holder.querySelector(`[data-job="${one.id}"]`);
    const bar = row?.querySelector("progress");
    if (bar instanceof HTMLProgressElement) bar.value = one.share;
    const detail = row?.querySelector(".detail");
    if (detail) detail.textContent = [one.label, spoken(one.left, words)].filter(Boolean).join(" · ");
  }
}

async function renew() {
  if (holder.contains(document.activeElement) && document.activeElement?.closest("form")) return;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("jobs");
  if (!made) return;
  const focused = document.activeElement?.getAttribute("href");
  holder.replaceChildren(...made.childNodes);
  if (focused) for (const link of holder.querySelectorAll("a")) if (link.getAttribute("href") === focused) link.focus();
  news.textContent = words.changed;
}

const source = new EventSource("/jobs/events");
source.addEventListener("state", (event) => void heard(JSON.parse(event.data)));
addEventListener("pagehide", () => source.close());
