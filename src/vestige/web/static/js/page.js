// Every page.

// A picture that cannot be loaded leaves a quiet ground, never a broken sign.
document.addEventListener(
  "error",
  (event) => {
    if (event.target instanceof HTMLImageElement && event.target.closest(".picture, .strip")) event.target.classList.add("missing");
  },
  true,
);

// The chosen product stays in sight where there are more than fit.
const tabs = document.querySelector(".tabs");
const chosen = tabs?.querySelector("[aria-current]");
if (tabs && chosen instanceof HTMLElement) tabs.scrollTo({ left: chosen.offsetLeft - tabs.clientWidth / 2 + chosen.clientWidth / 2, behavior: "instant" });

// A menu closes where a person clicks beside it, leaves it or presses Escape.
for (const menu of document.querySelectorAll("details.menu")) {
  if (!(menu instanceof HTMLDetailsElement)) continue;
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

// A dialog opens by the button that names it: <button data-opens="id-of-dialog">; it closes by [data-closes].
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const opener = event.target.closest("[data-opens]");
  const dialog = opener instanceof HTMLElement ? document.getElementById(opener.dataset.opens ?? "") : null;
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
  event.target.closest("[data-closes]")?.closest("dialog")?.close();
});
