// Retouching: strokes on the live preview in which one frame is taken, by mouse, finger or keys.

import { write } from "./picking.js";

/** @param {HTMLFormElement} form @param {import("./part.js").Part} part */
export function retouching(form, part) {
  const holder = form.querySelector("[data-picks=patches]");
  const input = holder?.querySelector("input");
  const tools = document.getElementById("preview-tools");
  if (!input || !tools) return;
  /** @type {{file: string, picture: string}[]} */
  const frames = JSON.parse(form.dataset.frames ?? "[]");
  const words = JSON.parse(form.dataset.words ?? "{}");
  const home = part.frame;
  const [width, height] = part.full;

  const paint = button(words.paint);
  paint.setAttribute("aria-pressed", "false");
  const from = document.createElement("select");
  from.setAttribute("aria-label", words.from);
  frames.forEach((frame) => from.append(new Option(frame.file.split("/").pop(), frame.file)));
  const face = document.createElement("img");
  face.alt = "";
  face.className = "face";
  const brush = document.createElement("input");
  Object.assign(brush, { type: "range", min: "2", max: "100", value: "20" });
  brush.setAttribute("aria-label", words.brush);
  const undo = button(words.undo);
  const count = document.createElement("span");
  count.className = "quiet";
  const hint = document.createElement("p");
  hint.className = "quiet";
  hint.setAttribute("role", "status");
  const line = document.createElement("span");
  line.className = "row retouching";
  line.append(face, from, brush, undo, count);
  tools.append(paint, line);
  tools.after(hint);
  const mark = document.createElement("span");
  mark.className = "brush";
  mark.hidden = true;
  home.append(mark);

  let place = [width / 2, height / 2];
  const radius = () => Math.max(1, (Number(brush.value) / 1000) * Math.max(part.now[2], part.now[3]));
  const strokes = () => {
    try {
      const told = JSON.parse(input.value || "[]");
      return Array.isArray(told) ? told : [];
    } catch {
      return [];
    }
  };

  function show() {
    const on = paint.getAttribute("aria-pressed") === "true";
    part.busy = on;
    home.toggleAttribute("data-painting", on);
    line.hidden = !on;
    mark.hidden = !on;
    hint.textContent = on ? words.painting : "";
    face.src = frames[from.selectedIndex]?.picture ?? "";
    count.textContent = words.strokes.replace("{n}", String(strokes().length));
    undo.disabled = !strokes().length;
    const [left, top] = part.place(place[0], place[1]);
    const size = (2 * radius()) / part.grain;
    Object.assign(mark.style, { left: `${left}px`, top: `${top}px`, width: `${size}px`, height: `${size}px` });
  }

  /** @param {number[][]} points */
  function stroke(points) {
    const told = points.map(([x, y]) => [Math.round(x), Math.round(y)]);
    const made = { frame: from.value, points: told, radius: Math.round(radius() * 10) / 10 };
    write(/** @type {HTMLInputElement} */ (input), JSON.stringify([...strokes(), made]));
    show();
  }

  paint.addEventListener("click", () => {
    paint.setAttribute("aria-pressed", String(paint.getAttribute("aria-pressed") !== "true"));
    show();
    if (part.busy) home.focus({ preventScroll: true });
  });
  undo.addEventListener("click", () => {
    write(/** @type {HTMLInputElement} */ (input), JSON.stringify(strokes().slice(0, -1)));
    show();
  });
  line.addEventListener("input", (event) => {
    event.stopPropagation();
    show();
  });
  input.addEventListener("input", show);

  home.addEventListener("pointerdown", (event) => {
    const begun = part.busy && event.button === 0 ? part.at(event.clientX, event.clientY) : null;
    if (!begun) return;
    event.preventDefault();
    home.focus({ preventScroll: true });
    const points = [begun];
    const move = (/** @type {PointerEvent} */ now) => {
      const next = part.at(now.clientX, now.clientY);
      const last = points[points.length - 1];
      if (!next || points.length > 2000) return;
      place = next;
      show();
      if (Math.hypot(next[0] - last[0], next[1] - last[1]) > radius() / 3) points.push(next);
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      stroke(points);
    };
    place = begun;
    show();
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end, { once: true });
  });
  home.addEventListener("keydown", (event) => {
    if (!part.busy || event.target !== home) return;
    const step = 12 * part.grain * (event.shiftKey ? 5 : 1);
    /** @type {Record<string, number[]>} */
    const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (event.key === "Enter") stroke([place]);
    else if (ways[event.key]) place = [clamp(place[0] + ways[event.key][0], width), clamp(place[1] + ways[event.key][1], height)];
    else return;
    event.preventDefault();
    show();
  });
  show();
}

/** @param {number} value @param {number} most */
function clamp(value, most) {
  return Math.min(Math.max(0, value), most - 1);
}

/** @param {string} said */
function button(said) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = said;
  return made;
}
