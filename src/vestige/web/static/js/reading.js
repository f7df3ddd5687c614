// The words of a page: boxes over the picture, and the text to read beside it, each lighting up the other.
import { json } from "./reach.js";
import { failed, make, word } from "./stage.js";

/** @typedef {{text: string, box: [number, number, number, number], confidence: number | null}} Word */

export class Reading {
  /** @param {any} viewer an OpenSeadragon viewer @param {HTMLElement | null} article where the text goes */
  constructor(viewer, article) {
    this.viewer = viewer;
    this.article = article;
    this.sheet = make("div", { class: "words" });
    this.shown = false;
    this.ratio = 1;
    /** @type {string | null} */
    this.address = null;
    viewer.addHandler("open", () => this.lay());
  }

  /** The words at an address, for a page `ratio` times as high as wide. @param {string | null} address @param {number} ratio */
  async open(address, ratio) {
    this.address = address;
    this.ratio = ratio;
    this.sheet.replaceChildren();
    this.article?.replaceChildren();
    if (address === null) return;
    const sheet = await json(address).catch(() => null);
    if (!sheet) return failed(word("failed"));
    if (address === this.address) this.fill(sheet.words, sheet.paragraphs);
  }

  /** @param {Word[]} words @param {string[]} paragraphs */
  fill(words, paragraphs) {
    const boxes = words.map(({ text, box, confidence }) => {
      const element = make("span", { class: confidence !== null && confidence < 0.6 ? "word unsure" : "word", title: confidence === null ? text : `${text} (${Math.round(confidence * 100)} %)` });
      const [left, top, width, height] = box.map((share) => `${share * 100}%`);
      Object.assign(element.style, { left, top, width, height });
      return element;
    });
    this.sheet.replaceChildren(...boxes);
    if (!this.article) return;
    if (paragraphs.length === 0) {
      this.article.append(make("p", { class: "quiet" }, word("no_words")));
      return;
    }
    let place = 0;
    for (const paragraph of paragraphs) {
      const element = make("p");
      for (const part of paragraph.split(/(\s+)/)) {
        if (part.trim() === "") {
          element.append(part);
          continue;
        }
        element.append(pair(part, boxes[place]));
        place += 1;
      }
      this.article.append(element);
    }
  }

  /** Put the sheet of words over the picture. */
  lay() {
    this.viewer.clearOverlays();
    if (!this.shown) return;
    const rectangle = this.viewer.viewport.imageToViewportRectangle(0, 0, ...this.size());
    this.viewer.addOverlay({ element: this.sheet, location: rectangle });
  }

  size() {
    const image = this.viewer.world.getItemAt(0);
    const { x, y } = image.getContentSize();
    return [x, y];
  }

  /** @param {boolean} on */
  boxes(on) {
    this.shown = on;
    if (this.viewer.world.getItemCount() > 0) this.lay();
  }

  /** @param {boolean} on */
  panel(on) {
    if (this.article) this.article.hidden = !on;
  }
}

/** A word of the text and its box light up together. @param {string} text @param {HTMLElement | undefined} box */
function pair(text, box) {
  const element = make("span", { class: "w" }, text);
  if (!box) return element;
  for (const [from, to] of [
    [element, box],
    [box, element],
  ]) {
    from.addEventListener("pointerenter", () => to.classList.add("lit"));
    from.addEventListener("pointerleave", () => to.classList.remove("lit"));
  }
  return element;
}
