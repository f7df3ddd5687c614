// Operator mode: a press is sent until it has arrived, and the page follows. Without this script the forms work alone.

const KEYS = { " ": "next", Enter: "next", Backspace: "back", End: "end" };
const RETRY = 1500;
const LOOK = 1000;
/** A press or the second of two quick taps right after a new picture was meant for the one before. */
const PAUSE = 200;

let busy = false;
let since = -PAUSE;

const stand = () => /** @type {HTMLElement} */ (document.getElementById("stand"));
const words = () => JSON.parse(stand().dataset.words ?? "{}");
const wait = (/** @type {number} */ time) => new Promise((done) => setTimeout(done, time));

/** Say something to those who do not see the page. @param {string} text */
function say(text) {
  const news = document.getElementById("news");
  if (news) news.textContent = text ?? "";
}

/** Say it where everybody sees it. @param {string} text */
function warn(text) {
  const says = document.getElementById("says");
  if (says && text) says.textContent = text;
  say(text);
}

/** Ask until there is an answer: the server may be starting again. @param {string} address @param {RequestInit} how */
async function reached(address, how) {
  for (let lost = false; ; ) {
    try {
      const answer = await fetch(address, { ...how, redirect: "follow", headers: { Accept: "text/html" } });
      if (answer.status !== 503) {
        if (lost) say(words().back);
        return answer;
      }
    } catch {
      // It is away; what was pressed is kept and sent again.
    }
    lost = true;
    warn(words().lost);
    await wait(RETRY);
  }
}

/** Put the page that came in place of this one. @param {Response} answer */
async function follow(answer) {
  const text = await answer.text();
  const came = new DOMParser().parseFromString(text, "text/html");
  const fresh = came.getElementById("stand");
  if (!fresh || new URL(answer.url).pathname.startsWith("/operate") === false) {
    // Signed out, or this page too old: the volume is asked for anew, and leads back here after signing in.
    location.assign(stand().dataset.place || "/operate");
    return;
  }
  stand().replaceWith(document.adoptNode(fresh));
  document.title = came.title;
  const address = new URL(answer.url);
  address.searchParams.delete("said");
  history.replaceState(null, "", address);
  since = performance.now();
  const field = document.getElementById("identifier");
  if (field) field.focus();
  else document.getElementById("says")?.focus({ preventScroll: true });
}

/** Do what a button says. @param {HTMLElement} button */
async function press(button) {
  if (busy) return;
  const form = button instanceof HTMLButtonElement ? button.form : null;
  const address = form ? form.action : button instanceof HTMLAnchorElement ? button.href : "";
  if (!address || (form && !form.reportValidity())) return;
  busy = true;
  stand().setAttribute("aria-busy", "true");
  button.classList.add("pressed");
  say(words().wait ?? "");
  const body = form ? new URLSearchParams([...new FormData(form)].map(([key, value]) => [key, String(value)])) : undefined;
  try {
    await follow(await reached(address, form ? { method: "POST", body } : {}));
  } finally {
    busy = false;
    document.getElementById("stand")?.removeAttribute("aria-busy");
    say("");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest(".large-button") : null;
  if (!(button instanceof HTMLElement) || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (performance.now() - since > PAUSE) press(button);
});

// A page that the browser kept for its back button shows what was, not what is.
addEventListener("pageshow", (event) => event.persisted && location.reload());

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = document.querySelector(".large-button.primary");
  if (button instanceof HTMLElement) press(button);
});

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
  const wish = KEYS[/** @type {keyof typeof KEYS} */ (event.key)];
  if (!wish) return;
  // Who has gone to a button or a link with the Tab key presses that one.
  if (wish === "next" && event.target instanceof Element && event.target.closest("a, button")) return;
  const button = document.querySelector(`.large-button[data-key="${wish}"]`);
  if (!(button instanceof HTMLElement)) return;
  event.preventDefault();
  if (performance.now() - since > PAUSE) press(button);
});

// The scanner has a button of its own: what lies in its folder is taken as if Scan had been pressed.
async function look() {
  const { asks, place } = stand().dataset;
  if (asks === "ready" && place && !busy && !document.hidden) {
    try {
      const answer = await fetch(`${place}/arrived`);
      if (answer.ok && (await answer.json()).arrived && !busy && stand().dataset.asks === "ready") {
        const button = document.querySelector('.large-button.primary[data-key="next"]');
        if (button instanceof HTMLElement) await press(button);
      }
    } catch {
      // Next time.
    }
  }
  setTimeout(look, LOOK);
}
look();
