// Pointing at places of the picture: by a click, or with the cross-hair in the middle of the view and Enter.
import { make, view } from "../stage.js";
import { drawing } from "./plot.js";
import { ground, middle, OpenSeadragon } from "./deepzoom.js";

/** @typedef {import("./deepzoom.js").Point} Point */

export class Pick {
  /** @param {any} viewer */
  constructor(viewer) {
    this.viewer = viewer;
    /** @type {((place: Point) => void) | null} */
    this.picked = null;
    /** What is drawn over the picture, each time it moves. @type {((marks: SVGElement) => void)[]} */
    this.painters = [];
    this.marks = /** @type {SVGElement} */ (drawing("svg", { class: "marks", "aria-hidden": "true" }));
    this.cross = make("div", { class: "cross", "aria-hidden": "true", hidden: "" });
    view.append(this.marks, this.cross);
    for (const name of ["animation", "open", "resize", "update-viewport", "rotate"]) viewer.addHandler(name, () => this.paint());
    viewer.addHandler("canvas-click", (/** @type {any} */ event) => {
      if (!this.picked || !event.quick || !ground(viewer)) return;
      event.preventDefaultAction = true;
      const { x, y } = ground(viewer).viewerElementToImageCoordinates(event.position);
      this.take([x, y]);
    });
    viewer.addHandler("canvas-double-click", (/** @type {any} */ event) => (event.preventDefaultAction = Boolean(this.picked)));
  }

  /** Begin pointing; the picture takes the keys. @param {(place: Point) => void} picked */
  begin(picked) {
    this.picked = picked;
    this.cross.hidden = false;
    view.classList.add("picking");
    this.viewer.canvas.focus();
  }

  end() {
    this.picked = null;
    this.cross.hidden = true;
    view.classList.remove("picking");
  }

  /** Take the place beneath the cross-hair. */
  here() {
    if (this.picked && ground(this.viewer)) this.take(middle(this.viewer));
  }

  /** @param {Point} place */
  take([x, y]) {
    const { x: width, y: height } = ground(this.viewer).getContentSize();
    this.picked?.([Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))]);
    this.paint();
  }

  /** Where a place of the picture stands on the screen. @param {Point} place @returns {Point} */
  screen([x, y]) {
    const point = ground(this.viewer).imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
    return [point.x, point.y];
  }

  paint() {
    this.marks.replaceChildren();
    if (!ground(this.viewer)) return;
    for (const painter of this.painters) painter(this.marks);
  }
}
