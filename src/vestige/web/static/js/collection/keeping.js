// Edits survive a server that is away: what a person wrote stays in its form and is sent until it is kept.

const WAIT = 2000;

/** The sentence for a server that does not answer. */
const away = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-away]"))?.dataset.away ?? "";

/** Send a form; again until somebody answers. @param {HTMLFormElement} form @param {HTMLElement | null} pressed */
async function send(form, pressed) {
  if (form.dataset.sending) return;
  form.dataset.sending = "yes";
  const fields = new URLSearchParams(/** @type {any} */ (new FormData(form, pressed)));
  /** @type {HTMLElement | null} */
  let said = null;
  for (;;) {
    try {
      const answer = await fetch(form.action, { method: "POST", body: fields, headers: { Accept: "text/html" } });
      if (answer.status < 502 || answer.status > 504) return show(await answer.text(), answer);
    } catch {
      // nobody answers: say so once, and try again
    }
    if (!said) {
      said = document.createElement("p");
      said.className = "unsent";
      said.setAttribute("role", "status");
      form.append(said);
      said.textContent = away();
    }
    await new Promise((done) => setTimeout(done, WAIT));
  }
}

/** Put the answer in place of the page's content, without losing the place a person looks at. @param {string} text @param {Response} answer */
function show(text, answer) {
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  const main = document.querySelector("main");
  if (!fresh || !main) return location.assign(answer.url);
  const open = [...main.querySelectorAll("details.folded[open]")].map((element) => element.closest("section")?.id);
  main.replaceWith(fresh);
  for (const name of open) if (name) fresh.querySelector(`#${name} details.folded`)?.setAttribute("open", "");
  if (answer.ok) history.replaceState(null, "", answer.url);
  /** @type {any} */ (window).htmx?.process(fresh);
  const wrong = fresh.querySelector('[aria-invalid="true"]');
  const target = wrong ?? fresh.querySelector(".notice");
  if (!(target instanceof HTMLElement)) return;
  if (!wrong) target.tabIndex = -1;
  target.focus();
}

document.addEventListener("submit", (event) => {
  if (!(event instanceof SubmitEvent) || !(event.target instanceof HTMLFormElement)) return;
  if (event.target.method !== "post" || !event.target.closest("main")) return;
  event.preventDefault();
  void send(event.target, event.submitter);
});

// A form that is opened has its field ready to be written in; Escape folds it away again.
document.addEventListener(
  "toggle",
  (event) => {
    if (!(event.target instanceof HTMLDetailsElement) || !event.target.open || !event.target.matches(".edit")) return;
    const field = event.target.querySelector("input:not([type=hidden], [type=radio]), textarea");
    if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.focus();
  },
  true,
);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !(event.target instanceof Element)) return;
  const folded = event.target.closest("details.edit[open]");
  if (!(folded instanceof HTMLDetailsElement)) return;
  folded.open = false;
  folded.querySelector("summary")?.focus();
});
