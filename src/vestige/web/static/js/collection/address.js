// An address to copy: a button where the browser can, nothing where it cannot.

class CopyAddress extends HTMLElement {
  connectedCallback() {
    if (!navigator.clipboard || this.firstChild) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = this.getAttribute("label");
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.getAttribute("value") ?? "");
      said.textContent = this.getAttribute("done");
    });
    const said = document.createElement("span");
    said.className = "quiet";
    said.setAttribute("role", "status");
    this.append(button, said);
  }
}

customElements.define("copy-address", CopyAddress);
