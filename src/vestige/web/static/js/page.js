// Every page: a picture that cannot be loaded leaves a quiet ground, never a broken sign.
document.addEventListener(
  "error",
  (event) => {
    if (event.target instanceof HTMLImageElement && event.target.closest(".picture, .strip")) event.target.classList.add("missing");
  },
  true,
);
