// The first page of a folder keeps itself fresh: by server-sent events, by asking again where those are cut.

/** @typedef {{version: string}} State */

const shelf = /** @type {HTMLElement} */ (document.getElementById("shelf"));
const news = /** @type {HTMLElement} */ (document.getElementById("news"));
let version = shelf.dataset.version ?? "";
let fetching = false;

/** @param {State} state */
async function heard(state) {
  if (state.version !== version) await renew(state.version);
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
    news.textContent = shelf.dataset.news ?? "";
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
