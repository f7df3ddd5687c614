// A tray: frames appear as they arrive, and the page hears when it has been taken in.

const holder = /** @type {HTMLElement} */ (document.getElementById("tray"));
const cut = /** @type {HTMLElement} */ (document.getElementById("cut"));
const words = JSON.parse(holder.dataset.words ?? "{}");
let known = "";
let renewing = false;
let again = false;

/** @param {{state: string, files: number, parts: number, fault: string}} told */
async function heard(told) {
  cut.textContent = "";
  const now = JSON.stringify(told);
  // The first that is heard may be newer than the page: it was taken in while the page was on its way.
  if ((known && now !== known) || told.state !== holder.dataset.state) await renew(told.state);
  known = now;
}

/** Only what changed is put in, so that nobody loses what they are writing. @param {string} state */
async function renew(state) {
  if (renewing) {
    again = true;
    return;
  }
  renewing = true;
  try {
    const answer = await fetch(`/intake/${holder.dataset.key}/view${location.search}`);
    if (!answer.ok) return;
    const made = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    if (state !== holder.dataset.state) {
      holder.replaceChildren(...made.childNodes);
      holder.dataset.state = state;
      return;
    }
    exchange(made);
  } finally {
    renewing = false;
    if (again) {
      again = false;
      await renew(state);
    }
  }
}

/** @param {HTMLElement} made */
function exchange(made) {
  const fresh = [...made.querySelectorAll("[data-live]")];
  for (const one of fresh) {
    const name = one.getAttribute("data-live");
    const old = holder.querySelector(`[data-live="${name}"]`);
    if (old) old.replaceWith(one);
    else if (name === "frames") holder.querySelector("#drop")?.after(one);
  }
  const take = holder.querySelector("button[value=take]");
  const wanted = made.querySelector("button[value=take]");
  if (take instanceof HTMLButtonElement && wanted instanceof HTMLButtonElement) take.disabled = wanted.disabled;
  for (const name of ["identifier", "title"]) {
    const field = holder.querySelector(`#of-${name}`);
    const told = made.querySelector(`#of-${name}`);
    if (field instanceof HTMLInputElement && told instanceof HTMLInputElement && !field.value) field.value = told.value;
  }
}

const source = new EventSource(`/intake/${holder.dataset.key}/events`);
source.addEventListener("state", (event) => void heard(JSON.parse(event.data)));
source.addEventListener("error", () => {
  if (holder.dataset.state !== "done") cut.textContent = words.cut;
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
});
addEventListener("sent", () => location.reload());
addEventListener("pagehide", () => source.close());
