// One job: progress by server-sent events; the page comes back by itself when the server was away.

import { spoken } from "./time.js";

/** @typedef {{id: number, state: string, stopping: boolean, share: number, label: string, left: number | null, settled: boolean}} Told */

const holder = /** @type {HTMLElement} */ (document.getElementById("job"));
const cut = /** @type {HTMLElement} */ (document.getElementById("cut"));
const words = JSON.parse(holder.dataset.words ?? "{}");
const number = holder.dataset.number;

/** @param {Told} told */
async function heard(told) {
  cut.textContent = "";
  if (told.state !== holder.dataset.state) await renew(told.state);
  const bar = document.getElementById("bar");
  if (bar instanceof HTMLProgressElement && told.state === "running") bar.value = told.share;
  const label = document.getElementById("label");
  if (label && told.state === "running") label.textContent = told.stopping ? words.stopping : told.label;
  const left = document.getElementById("left");
  if (left && told.state === "running") left.textContent = spoken(told.left, words);
  if (told.settled) source.close();
}

/** @param {string} state */
async function renew(state) {
  const answer = await fetch(`/jobs/${number}/part`);
  if (!answer.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = holder.contains(document.activeElement);
  holder.replaceChildren(...made.body.childNodes);
  holder.dataset.state = state;
  if (focused) holder.querySelector("h1")?.setAttribute("tabindex", "-1");
  if (focused) holder.querySelector("h1")?.focus();
}

const source = new EventSource(`/jobs/${number}/events`);
source.addEventListener("state", (event) => void heard(JSON.parse(event.data)));
source.addEventListener("error", () => {
  if (source.readyState === EventSource.CLOSED) return setTimeout(() => location.reload(), 3000);
  return (cut.textContent = words.cut);
});
addEventListener("pagehide", () => source.close());
