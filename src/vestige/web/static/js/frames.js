// A capture: go through its frames with the slider, the strip, or the arrow keys.

const section = /** @type {HTMLElement} */ (document.querySelector(".frames"));
const words = JSON.parse(section.dataset.words ?? "{}");
const easel = /** @type {HTMLImageElement} */ (document.getElementById("easel"));
const caption = /** @type {HTMLElement} */ (document.getElementById("caption"));
const scrub = /** @type {HTMLInputElement} */ (document.getElementById("scrub"));
const links = /** @type {HTMLAnchorElement[]} */ ([...section.querySelectorAll(".strip a")]);

/** @param {number} place */
function show(place) {
  const link = links[place];
  if (!link) return;
  scrub.value = String(place);
  for (const other of links) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  const strip = /** @type {HTMLElement} */ (link.closest(".strip"));
  const item = /** @type {HTMLElement} */ (link.parentElement);
  strip.scrollTo({ left: item.offsetLeft - strip.offsetLeft - strip.clientWidth / 2 + item.clientWidth / 2 });
  const name = link.querySelector(".name")?.textContent ?? "";
  const where = [...link.querySelectorAll(".where > *")].map((part) => part.textContent).join(", ");
  // The small picture at once, the large one when the hand rests.
  const small = link.querySelector("img");
  if (small) easel.src = small.src;
  clearTimeout(waiting);
  waiting = setTimeout(() => (easel.src = link.href), 140);
  easel.alt = name;
  caption.textContent = [name, where].filter(Boolean).join(" · ");
}

let waiting = setTimeout(() => {}, 0);
easel.addEventListener("error", () => (caption.textContent = words.failed));
scrub.addEventListener("input", () => show(Number(scrub.value)));
links.forEach((link, place) =>
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(place);
  }),
);
caption.textContent = [links[0]?.querySelector(".name")?.textContent, ...[...(links[0]?.querySelectorAll(".where > *") ?? [])].map((part) => part.textContent)].filter(Boolean).join(" · ");
