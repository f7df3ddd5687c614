// The screen beside the scanner: what comes appears, who goes away is asked, and there is no way out.
const body = document.body;
const live = document.getElementById("live");
const still = /** @type {HTMLDialogElement} */ (document.getElementById("still"));
const seconds = /** @type {HTMLElement} */ (document.getElementById("seconds"));
const LOOK = 1000;
let version = body.dataset.version ?? "";
let touched = false;

/** @param {string} address */
const leave = (address) => location.replace(address);

async function look() {
  try {
    if (touched && body.dataset.open === "yes") {
      touched = false;
      await fetch("/still-here", { method: "POST" });
    }
    const state = await (await fetch("/state", { cache: "no-store" })).json();
    const open = state.open ? "yes" : "no";
    if (open !== body.dataset.open) return leave("/");
    warn(state);
    const now = `${state.version}/${state.fetching}`;
    if (live && now !== version) {
      version = now;
      await draw(live);
    }
  } catch {
    // The service is being restarted: the next look tells.
  }
  setTimeout(look, LOOK);
}

/** @param {HTMLElement} place */
async function draw(place) {
  const answer = await fetch(place.dataset.part ?? "", { cache: "no-store" });
  if (answer.redirected || !answer.ok) return;
  const made = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...made.body.childNodes);
  const head = document.getElementById("head");
  const said = document.getElementById("said");
  const count = Number(place.querySelector("ol")?.dataset.count ?? 0);
  if (head && said) {
    const { one = "", many = "", none = "" } = head.dataset;
    const words = count === 1 ? one : count ? many.replace("{n}", String(count)) : none;
    if (head.textContent !== words) head.textContent = said.textContent = words;
  }
}

/** @param {{warn: boolean, left: number}} state */
function warn(state) {
  seconds.textContent = String(state.left);
  if (state.warn && !still.open) still.showModal();
  if (!state.warn && still.open) still.close();
}

async function stay() {
  still.close();
  await fetch("/still-here", { method: "POST" });
}
document.getElementById("stay")?.addEventListener("click", stay);
still.addEventListener("cancel", (event) => event.preventDefault());
for (const kind of ["pointerdown", "keydown", "wheel"]) {
  document.addEventListener(kind, () => (touched = true), { passive: true });
}

// No way out by keyboard, menu, dragging or going back. What the browser itself must shut is in the manual.
const KEPT = /^(Tab|Enter| |Arrow(Up|Down|Left|Right)|Home|End|Page(Up|Down)|Shift|Delete|Backspace)$/;
document.addEventListener("keydown", (event) => {
  const field = event.target instanceof HTMLInputElement;
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
  const typed = field && (event.key.length === 1 || event.key === "AltGraph");
  const allowed = plain && (typed || (KEPT.test(event.key) && (field || event.key !== "Backspace")));
  const alternate = field && event.getModifierState("AltGraph") && event.key.length === 1;
  if (!allowed && !alternate) event.preventDefault();
}, { capture: true });
for (const kind of ["contextmenu", "dragstart", "drop", "dragover", "auxclick", "copy", "cut"]) {
  document.addEventListener(kind, (event) => event.preventDefault(), { capture: true });
}
document.addEventListener("wheel", (event) => event.ctrlKey && event.preventDefault(), { passive: false });
history.pushState(null, "");
addEventListener("popstate", () => history.pushState(null, ""));
addEventListener("pageshow", (event) => event.persisted && location.reload());

// A form is sent once, and says that it works.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll("button")) {
      button.disabled = true;
      const words = button.querySelector("span");
      if (words && form.dataset.wait) words.textContent = form.dataset.wait;
    }
  });
}

// Keys on the screen, for fields: a kiosk has no keyboard.
const GERMAN = document.documentElement.lang === "de";
const ROWS = ["1234567890", GERMAN ? "qwertzuiop" : "qwertyuiop", "asdfghjkl", GERMAN ? "yxcvbnm.-_" : "zxcvbnm.-_", "@:/~+#"];
const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(".fields input"));
if (fields.length) {
  let into = fields[0];
  for (const field of fields) field.addEventListener("focus", () => (into = field));
  const keys = document.createElement("div");
  keys.className = "keys";
  let large = false;
  /** @param {string} sign @param {() => void} press @param {string} [name] */
  const key = (sign, press, name = sign) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = sign;
    button.setAttribute("aria-label", name);
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", press);
    return button;
  };
  for (const [place, signs] of ROWS.entries()) {
    const row = document.createElement("div");
    for (const sign of signs) row.append(key(sign, () => (into.value += large ? sign.toUpperCase() : sign)));
    if (place === ROWS.length - 2) row.prepend(key("⇧", () => (large = !large), "Shift"));
    if (place === ROWS.length - 1) row.append(key("⌫", () => (into.value = into.value.slice(0, -1)), "Backspace"));
    keys.append(row);
  }
  fields[0].form?.append(keys);
  into.focus();
}
setTimeout(look, LOOK);
