// The first page keeps itself fresh: progress by server-sent events, by asking again where those are cut.

/**
 * @typedef {{name: string, state: string, share: number, label: string, seconds_left: number | null, error: string | null}} Task
 * @typedef {{version: string, tasks: Task[]}} State
 */

const shelf = /** @type {HTMLElement} */ (document.getElementById("shelf"));
const news = /** @type {HTMLElement} */ (document.getElementById("news"));
const words = JSON.parse(shelf.dataset.words ?? "{}");
/** @type {Map<string, string>} */
const states = new Map();
let version = shelf.dataset.version ?? "";
let fetching = false;

/** @param {State} state */
async function heard(state) {
  const turned = state.tasks.filter((task) => states.get(task.name) !== task.state);
  const first = states.size === 0;
  for (const task of turned) states.set(task.name, task.state);
  for (const card of shelf.querySelectorAll("[data-task]")) {
    if (!(card instanceof HTMLElement)) continue;
    const task = state.tasks.find((item) => item.name === card.dataset.task);
    if (task) show(card, task);
  }
  if (state.version !== version || (turned.length > 0 && !first) || stale(state)) await renew(state.version);
  if (!first && turned.length > 0) {
    news.textContent = turned.map((task) => `${titleOf(task.name)}: ${words[task.state]}`).join(", ");
  }
}

/** A card that still shows another state than its work is in. @param {State} state */
function stale(state) {
  return state.tasks.some((task) => {
    const card = shelf.querySelector(`[data-task="${CSS.escape(task.name)}"]`);
    return !(card instanceof HTMLElement) || card.dataset.state !== task.state;
  });
}

/** @param {string} name */
function titleOf(name) {
  return shelf.querySelector(`[data-task="${CSS.escape(name)}"] h3`)?.textContent ?? name;
}

/** @param {HTMLElement} card @param {Task} task */
function show(card, task) {
  const bar = card.querySelector("progress");
  if (bar && task.state !== "waiting") bar.value = task.share;
  const detail = card.querySelector(".detail");
  if (!detail) return;
  const left = task.seconds_left;
  const time = left === null ? "" : left < 90 ? words.left.replace("{n}", String(Math.max(1, Math.round(left)))) : words.minutes.replace("{n}", String(Math.round(left / 60)));
  detail.textContent = [task.label, time].filter(Boolean).join(" · ");
}

/** @param {string} latest */
async function renew(latest) {
  if (fetching) return;
  fetching = true;
  try {
    const answer = await fetch("/shelf");
    if (!answer.ok) return;
    const had = new Set([...shelf.querySelectorAll(".card h3 a")].map((link) => link.getAttribute("href")));
    const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.getAttribute("href") : null;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    shelf.replaceChildren(...made.body.childNodes);
    for (const link of shelf.querySelectorAll(".card h3 a")) {
      if (!had.has(link.getAttribute("href"))) link.closest(".card")?.classList.add("arrived");
      if (focused !== null && link.getAttribute("href") === focused && link instanceof HTMLElement) link.focus();
    }
    version = latest;
  } finally {
    fetching = false;
  }
}

async function ask() {
  try {
    const answer = await fetch("/state");
    if (answer.ok) await heard(await answer.json());
  } catch {
    // The server is gone for a moment; the next question will tell.
  }
}

let polling = 0;
const source = new EventSource("/events");
source.addEventListener("state", (event) => {
  clearInterval(polling);
  polling = 0;
  void heard(JSON.parse(event.data));
});
source.addEventListener("error", () => {
  if (polling === 0) polling = window.setInterval(ask, 3000);
});
addEventListener("pagehide", () => source.close());
