// A part of the live preview: come closer, move about, see all again; by buttons, wheel, finger and keys.

/** @typedef {[number, number, number, number]} Region left, top, width, height in pixels of the frame */

const CLOSEST = 64;

export class Part {
  /**
   * @param {HTMLElement} frame @param {HTMLImageElement} picture @param {number[]} full width and height of the frame
   * @param {Record<string, string>} words @param {() => void} ask
   */
  constructor(frame, picture, full, words, ask) {
    this.frame = frame;
    this.picture = picture;
    this.full = full;
    this.words = words;
    this.ask = ask;
    /** @type {Region | null} */
    this.region = null;
    /** Whether presses mean something else now: they are not ours then. */
    this.busy = false;
    this.tools = document.getElementById("preview-tools");
    this.mark = document.createElement("span");
    this.mark.className = "unseen";
    this.mark.setAttribute("role", "status");
    if (this.tools) this.show(this.tools);
    frame.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    frame.addEventListener("keydown", (event) => this.key(event));
    frame.addEventListener("pointerdown", (event) => this.hold(event));
  }

  /** @param {HTMLElement} tools */
  show(tools) {
    const { closer, further, whole } = JSON.parse(this.frame.closest("form")?.dataset.words ?? "{}");
    for (const [said, sign, act] of [
      [closer, "+", () => this.scale(0.5)],
      [further, "\u2212", () => this.scale(2)],
      [whole, "\u2922", () => this.all()],
    ]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "button icon-only";
      button.textContent = sign;
      button.title = said;
      button.setAttribute("aria-label", said);
      button.addEventListener("click", act);
      tools.append(button);
    }
    tools.append(this.mark);
    tools.hidden = false;
  }

  /** The part that is shown now. @returns {Region} */
  get now() {
    return this.region ?? [0, 0, this.full[0], this.full[1]];
  }

  /** Where on the frame a place of the screen lies, in its pixels; null beside the picture. @param {number} x @param {number} y */
  at(x, y) {
    const box = this.picture.getBoundingClientRect();
    const [left, top, width, height] = this.now;
    const scale = Math.min(box.width / width, box.height / height);
    const across = (x - box.left - (box.width - width * scale) / 2) / scale;
    const down = (y - box.top - (box.height - height * scale) / 2) / scale;
    return across < 0 || down < 0 || across > width || down > height ? null : [left + across, top + down];
  }

  /** Where on the screen a pixel of the frame lies, from the corner of the figure. @param {number} x @param {number} y */
  place(x, y) {
    const box = this.picture.getBoundingClientRect();
    const home = this.frame.getBoundingClientRect();
    const [left, top, width, height] = this.now;
    const scale = Math.min(box.width / width, box.height / height);
    return [
      box.left - home.left + (box.width - width * scale) / 2 + (x - left) * scale,
      box.top - home.top + (box.height - height * scale) / 2 + (y - top) * scale,
    ];
  }

  /** Pixels of the frame to one of the screen. */
  get grain() {
    const box = this.picture.getBoundingClientRect();
    return Math.max(this.now[2] / box.width, this.now[3] / box.height);
  }

  /** Come closer (a factor below 1) or go back, about a place. @param {number} factor @param {number[] | null} [about] */
  scale(factor, about = null) {
    const [left, top, width, height] = this.now;
    const [x, y] = about ?? [left + width / 2, top + height / 2];
    const least = Math.min(CLOSEST / Math.min(this.full[0], this.full[1]), 1);
    const share = Math.min(1, Math.max(least, (width / this.full[0]) * factor));
    const ratio = (share * this.full[0]) / width;
    this.go(x - (x - left) * ratio, y - (y - top) * ratio, share);
  }

  /** Show a part: its corner, and its share of the whole width. @param {number} x @param {number} y @param {number} share */
  go(x, y, share) {
    const width = Math.max(1, Math.round(this.full[0] * share));
    const height = Math.max(1, Math.round(this.full[1] * share));
    const left = Math.round(Math.min(Math.max(0, x), this.full[0] - width));
    const top = Math.round(Math.min(Math.max(0, y), this.full[1] - height));
    const before = String(this.region);
    this.region = share >= 1 ? null : [left, top, width, height];
    if (String(this.region) === before) return;
    const words = JSON.parse(this.frame.closest("form")?.dataset.words ?? "{}");
    this.mark.textContent = words.shown.replace("{n}", (1 / share).toFixed(1));
    this.frame.toggleAttribute("data-zoomed", share < 1);
    this.ask();
  }

  all() {
    this.go(0, 0, 1);
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    const place = this.at(event.clientX, event.clientY);
    if (!place || (!this.region && event.deltaY > 0)) return;
    event.preventDefault();
    this.scale(event.deltaY < 0 ? 0.8 : 1.25, place);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (this.busy || event.target !== this.frame || event.ctrlKey || event.metaKey || event.altKey) return;
    const [left, top, width, height] = this.now;
    const share = width / this.full[0];
    /** @type {Record<string, () => void>} */
    const acts = {
      "+": () => this.scale(0.5),
      "=": () => this.scale(0.5),
      "-": () => this.scale(2),
      0: () => this.all(),
      ArrowLeft: () => this.go(left - width / 4, top, share),
      ArrowRight: () => this.go(left + width / 4, top, share),
      ArrowUp: () => this.go(left, top - height / 4, share),
      ArrowDown: () => this.go(left, top + height / 4, share),
    };
    if (!acts[event.key] || (!this.region && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** Drag the part. @param {PointerEvent} event */
  hold(event) {
    if (this.busy || !this.region || event.button !== 0) return;
    event.preventDefault();
    this.frame.focus({ preventScroll: true });
    const [left, top, width] = this.now;
    const grain = this.grain;
    const move = (/** @type {PointerEvent} */ now) => {
      this.go(left - (now.clientX - event.clientX) * grain, top - (now.clientY - event.clientY) * grain, width / this.full[0]);
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  }
}
