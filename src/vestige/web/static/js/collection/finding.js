// The collection answers while a person types or chooses: only what was found is exchanged, and Back goes back.
// Without this script the same links and forms load whole pages.

const field = document.getElementById("q");
const words = field instanceof HTMLInputElement ? field : null;
/** Wait this long for the next letter. */
const PAUSE = 30;
let asking = new AbortController();
let waiting = 0;

/** @param {string} address @param {"push" | "replace" | ""} [history] */
export async function find(address, history = "") {
  asking.abort();
  asking = new AbortController();
  const text = await part(address, asking.signal);
  const old = document.getElementById("found");
  if (text === null || !old) return;
  const made = document.createElement("template");
  made.innerHTML = text;
  const focused = old.contains(document.activeElement) ? document.activeElement?.id || "finding-title" : "";
  const open = old.querySelector("details")?.open;
  old.replaceWith(made.content);
  if (open) document.querySelector("#found details")?.setAttribute("open", "");
  if (focused) (document.getElementById(focused) ?? document.getElementById("finding-title"))?.focus({ preventScroll: true });
  if (history === "push") window.history.pushState({}, "", address);
  if (history === "replace") window.history.replaceState({}, "", address);
}

/** The part of an address that changes; null where a newer question came. @param {string} address @param {AbortSignal} signal */
async function part(address, signal) {
  try {
    const answer = await fetch(address, { signal, headers: { "HX-Request": "true" } });
    if (answer.ok) return await answer.text();
    location.assign(address);
  } catch (error) {
    if (!signal.aborted) location.assign(address);
  }
  return null;
}

/** More of the same, after what is there; the focus goes to the first that came. @param {HTMLAnchorElement} link */
async function more(link) {
  const text = await part(`${link.getAttribute("href")}&part=cards`, asking.signal);
  const place = link.closest("li");
  if (text === null || !place) return;
  const made = document.createElement("template");
  made.innerHTML = text;
  const first = made.content.querySelector("a");
  place.replaceWith(made.content);
  first?.focus({ preventScroll: true });
}

/** @param {HTMLFormElement} form */
function address(form) {
  const told = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string" && value.trim()) told.append(name, value);
  return told.size ? `/?${told}` : "/";
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("#found a") : null;
  const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
  if (!(link instanceof HTMLAnchorElement) || !plain || link.pathname !== "/") return;
  event.preventDefault();
  void (link.id === "more" ? more(link) : find(link.href, "push"));
});

document.addEventListener("submit", (event) => {
  if (!(event.target instanceof HTMLFormElement) || !event.target.closest("#found")) return;
  event.preventDefault();
  void find(address(event.target), "push");
});

words?.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = window.setTimeout(() => words.form && void find(address(words.form), "replace"), PAUSE);
});

addEventListener("popstate", () => {
  if (words) words.value = new URLSearchParams(location.search).get("q") ?? "";
  void find(location.href);
});
