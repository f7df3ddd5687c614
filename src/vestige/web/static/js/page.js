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
