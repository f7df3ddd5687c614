// Light or dark as a person chose it, kept by the browser; loaded first, so that no page flashes.
(() => {
  const KEY = "vestige-theme";
  let theme = "system";
  try {
    theme = localStorage.getItem(KEY) ?? "system";
  } catch {
    // A browser that keeps nothing for files shows what the system has.
  }
  const show = () => {
    document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-choose-theme]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-choose-theme") === theme));
  };
  show();
  document.addEventListener("DOMContentLoaded", () => {
    const group = document.querySelector(".themes");
    if (group instanceof HTMLElement) group.hidden = false;
    show();
    group?.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-choose-theme]") : null;
      if (!button) return;
      theme = button.getAttribute("data-choose-theme") ?? "system";
      try {
        localStorage.setItem(KEY, theme);
      } catch {
        // As above: it holds for this page.
      }
      show();
    });
  });
})();
