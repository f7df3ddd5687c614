// What all viewers share: the stage, its words, and the tools below it (real buttons, labels, ranges).

const ICONS = {
  zoom_in: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4M11 8v6M8 11h6",
  zoom_out: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4M8 11h6",
  fit: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  full: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5M4 4l6 6M20 4l-6 6M4 20l6-6M20 20l-6-6",
  exact: "M5 8l2.5-1.5V18M12 9.5v.01M12 15v.01M16 8l2.500-1.5V18",
  rotate: "M19 12a7 7 0 1 1-2.2-5.1M17 3v4h-4",
  copy_link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700l-1.600 1.600M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700l1.600-1.600",
  help: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.3-1 .9-1 1.700M12 17v.01",
  previous: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  mode_light: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6L19 19M5 19l1.4-1.4M17.6 6.4L19 5",
  mode_move: "M12 3v18M3 12h18M12 3l-3 3M12 3l3 3M12 21l-3-3M12 21l3-3M3 12l3-3M3 12l3 3M21 12l-3-3M21 12l-3 3",
};

export const stage = /** @type {HTMLElement} */ (document.querySelector(".stage"));
export const view = /** @type {HTMLElement} */ (stage.querySelector(".view"));
export const told = JSON.parse(stage.dataset.stage ?? "{}");
const tools = /** @type {HTMLElement} */ (document.querySelector(".tools"));
const status = /** @type {HTMLElement} */ (stage.querySelector(".status"));
const words = JSON.parse(stage.dataset.words ?? "{}");

/** The word for a key in the language of the page. @param {string} key */
export const word = (key) => words[key] ?? key;

/** @template {keyof HTMLElementTagNameMap} N @param {N} name @param {Record<string, string>} attributes @param {(Node | string)[]} children */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** @param {string} icon */
function drawn(icon) {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", icon);
  picture.append(path);
  return picture;
}

/** A group of tools. @param {HTMLElement[]} members */
export function group(...members) {
  const element = make("div", { class: "group" }, ...members);
  tools.append(element);
  return element;
}

/** Tools that stand alone. @param {HTMLElement[]} members */
export function add(...members) {
  tools.append(...members);
}

/** A button: a picture where there is one for the key, else its word. @param {string} key @param {() => void} pressed */
export function button(key, pressed) {
  const icon = ICONS[/** @type {keyof typeof ICONS} */ (key)];
  const element = make("button", { type: "button", title: word(key), "aria-label": word(key) }, icon ? drawn(icon) : word(key));
  element.addEventListener("click", pressed);
  return element;
}

/** A button that stays in or out. @param {string} key @param {boolean} on @param {(on: boolean) => void} changed */
export function toggle(key, on, changed) {
  const element = button(key, () => {
    const now = element.getAttribute("aria-pressed") !== "true";
    element.setAttribute("aria-pressed", String(now));
    changed(now);
  });
  element.setAttribute("aria-pressed", String(on));
  return element;
}

/** Buttons of which one is in. @param {string[]} keys @param {string} chosen @param {(key: string) => void} changed */
export function choice(keys, chosen, changed) {
  const buttons = keys.map((key) =>
    button(key, () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === buttons[keys.indexOf(key)]));
      changed(key);
    }),
  );
  buttons.forEach((element, place) => element.setAttribute("aria-pressed", String(keys[place] === chosen)));
  return group(...buttons);
}

/**
 * A slider with its label and value.
 * @param {string} label @param {{min: number, max: number, step: number, value: number, wide?: boolean, say?: (value: number) => string}} range
 * @param {(value: number) => void} changed
 */
export function slider(label, range, changed) {
  const say = range.say ?? ((value) => String(value));
  const input = make("input", { type: "range", min: String(range.min), max: String(range.max), step: String(range.step), "aria-label": label });
  input.value = String(range.value);
  const output = make("output", {}, say(range.value));
  const tell = () => {
    output.textContent = say(Number(input.value));
    input.setAttribute("aria-valuetext", output.textContent);
  };
  tell();
  input.addEventListener("input", () => {
    tell();
    changed(Number(input.value));
  });
  const element = make("label", { class: range.wide ? "wide" : "" }, make("span", {}, label), input, output);
  return { element, input, set: (/** @type {number} */ value) => ((input.value = String(value)), tell()) };
}

/** A list to choose from. @param {string} label @param {{value: string, text: string}[]} options @param {string} chosen @param {(value: string) => void} changed */
export function select(label, options, chosen, changed) {
  const field = make("select", {}, ...options.map(({ value, text }) => make("option", { value }, text)));
  field.value = chosen;
  field.addEventListener("change", () => changed(field.value));
  return make("label", {}, make("span", {}, label), field);
}

/** The button for the whole screen, where the browser has one. */
export function fullScreen() {
  if (!stage.requestFullscreen) return make("span", { hidden: "" });
  return button("full", () => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));
}

/** Say something on the stage; nothing takes it away. @param {string} text */
export function say(text) {
  status.textContent = text;
}

/** The first picture has been drawn; the small one that stood in its place goes. */
export function ready() {
  stage.querySelector(".first")?.remove();
  if (stage.dataset.state === "loading") {
    stage.dataset.state = "ready";
    say("");
  }
}

/** The viewer cannot show its product. @param {unknown} reason */
export function failed(reason) {
  stage.querySelector(".first")?.remove();
  stage.dataset.state = "failed";
  say(reason instanceof Error ? `${word("failed")}: ${reason.message}` : String(reason));
}

/** Wait until the hand rests. @param {() => void} action @param {number} pause */
export function calm(action, pause = 180) {
  let waiting = 0;
  return () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(action, pause);
  };
}

/** A value with its unit, where that is short enough to stand beside every number. @param {number} value @param {string} unit */
export const measured = (value, unit) => (unit && unit.length <= 12 ? `${short(value)} ${unit}` : short(value));

/** A number as short as it may be said. @param {number} value */
export const short = (value) => (value === 0 ? "0" : Math.abs(value) >= 1000 || Math.abs(value) < 0.01 ? value.toExponential(2) : String(Number(value.toPrecision(3))));
