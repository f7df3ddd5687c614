// A chain from a file is read into the text, where it can be looked at before it is queued.

const file = /** @type {HTMLInputElement} */ (document.getElementById("file"));
const text = /** @type {HTMLTextAreaElement} */ (document.getElementById("text"));

/** What is written below is what shall be run. */
function own() {
  const choice = document.querySelector('input[name="chain"][value="own"]');
  if (choice instanceof HTMLInputElement && text.value) choice.checked = true;
}

file.addEventListener("change", async () => {
  const found = file.files?.[0];
  if (!found) return;
  text.value = (await found.slice(0, 65536).text()).slice(0, 65536);
  own();
});
text.addEventListener("input", own);
