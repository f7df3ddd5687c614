// Viewers beside each other: what one is told of its light, its part or its camera, the others are told too.

const home = /** @type {HTMLElement} */ (document.getElementById("beside"));
const frames = [...home.querySelectorAll("iframe")];
const tools = document.getElementById("beside-tools");

addEventListener("message", (event) => {
  if (event.origin !== location.origin || !event.data?.view) return;
  for (const frame of frames) {
    if (frame.contentWindow !== event.source) frame.contentWindow?.postMessage(event.data, location.origin);
  }
});

if (tools) {
  const share = /** @type {HTMLElement} */ (document.getElementById("beside-share"));
  const range = /** @type {HTMLInputElement} */ (share.querySelector("input"));
  const draw = () => home.style.setProperty("--share", `${range.value}%`);
  const buttons = [...tools.querySelectorAll("button")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      home.dataset.mode = button.dataset.mode;
      share.hidden = button.dataset.mode !== "curtain";
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
    });
  }
  range.addEventListener("input", draw);
  draw();
  tools.hidden = false;
}
