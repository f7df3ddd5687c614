// The list grows by itself: an enhancement, the page works without. A cut connection only waits.
const scans = /** @type {HTMLElement} */ (document.getElementById("scans"));
const lost = /** @type {HTMLElement} */ (document.getElementById("lost"));
const PAUSE = 3000;

async function look() {
  try {
    const answer = await fetch(scans.dataset.list ?? "", { cache: "no-store" });
    if (answer.status === 404) return location.reload();
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    const made = new DOMParser().parseFromString(text, "text/html");
    const count = (/** @type {Document | HTMLElement} */ where) => where.querySelector("ol")?.dataset.count ?? "0";
    if (count(made) !== count(scans)) scans.replaceChildren(...made.body.childNodes);
    lost.textContent = "";
  } catch {
    lost.textContent = scans.dataset.lost ?? "";
  }
  setTimeout(look, PAUSE);
}
setTimeout(look, PAUSE);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && lost.textContent) location.reload();
});
