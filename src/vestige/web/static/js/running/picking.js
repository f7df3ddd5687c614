// Fields that name frames offer them as pictures. What is chosen is written into the field itself.

/** @typedef {{file: string, picture: string}} Frame */

/** Give each field of a form that names frames its pictures. @param {HTMLFormElement} form */
export function offer(form) {
  /** @type {Frame[]} */
  const frames = JSON.parse(form.dataset.frames ?? "[]");
  const words = JSON.parse(form.dataset.words ?? "{}");
  for (const holder of form.querySelectorAll("[data-picks]")) {
    const input = holder.querySelector("input");
    if (!(holder instanceof HTMLElement) || !input) continue;
    if (holder.dataset.picks === "frame") pickOne(holder, input, frames);
    if (holder.dataset.picks === "frames") pickSome(holder, input, frames, words);
    if (holder.dataset.picks === "overrides") overrides(form, holder, input, frames, words);
  }
}

/** @param {HTMLInputElement} input @param {string} value */
export function write(input, value) {
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/** A strip of frames as buttons. @param {HTMLElement} holder @param {Frame[]} frames @param {(frame: Frame) => void} act */
function strip(holder, frames, act) {
  const list = document.createElement("ul");
  list.className = "pickable";
  list.setAttribute("aria-label", holder.querySelector("label")?.textContent ?? "");
  const buttons = frames.map((frame) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const picture = document.createElement("img");
    button.type = "button";
    picture.src = frame.picture;
    picture.alt = "";
    picture.loading = "lazy";
    const name = document.createElement("span");
    name.textContent = frame.file.split("/").pop() ?? "";
    button.append(picture, name);
    button.addEventListener("click", () => act(frame));
    item.append(button);
    list.append(item);
    return button;
  });
  holder.querySelector(".help")?.after(list);
  return buttons;
}

/** @param {HTMLElement} holder @param {HTMLInputElement} input @param {Frame[]} frames */
function pickOne(holder, input, frames) {
  const buttons = strip(holder, frames, (frame) => write(input, input.value === frame.file ? "" : frame.file));
  const show = () => buttons.forEach((one, n) => one.setAttribute("aria-pressed", String(frames[n].file === input.value)));
  holder.addEventListener("input", show);
  input.form?.addEventListener("input", show);
  show();
}

/** A pattern of file names as a regular expression. @param {string} pattern */
function fitting(pattern) {
  const text = pattern.trim().replace(/[.+^${}()|\\]/g, "\\$&").replace(/\[!/g, "[^").replaceAll("*", ".*").replaceAll("?", ".");
  try {
    return new RegExp(`^(?:.*/)?${text}$`, "i");
  } catch {
    return /^$/;
  }
}

/**
 * @param {HTMLElement} holder @param {HTMLInputElement} input @param {Frame[]} frames
 * @param {Record<string, string>} words
 */
function pickSome(holder, input, frames, words) {
  const chosen = () => {
    const patterns = input.value.split(",").map(fitting);
    return frames.map((frame) => patterns.some((one) => one.test(frame.file)));
  };
  const buttons = strip(holder, frames, (frame) => {
    const now = chosen().map((on, n) => (frames[n] === frame ? !on : on));
    const names = frames.filter((_, n) => now[n]).map((one) => one.file.replace(/[[*?]/g, "[$&]"));
    write(input, now.every(Boolean) ? "*" : names.join(","));
  });
  const hint = document.createElement("p");
  hint.className = "help";
  hint.textContent = words.leave;
  holder.append(hint);
  const show = () => chosen().forEach((on, n) => buttons[n].setAttribute("aria-pressed", String(on)));
  input.form?.addEventListener("input", show);
  show();
}

/**
 * Values of single frames: a line each, and one to add another.
 * @param {HTMLFormElement} form @param {HTMLElement} holder @param {HTMLInputElement} input @param {Frame[]} frames
 * @param {Record<string, string>} words
 */
function overrides(form, holder, input, frames, words) {
  const fields = [...form.querySelectorAll(".settings .field")]
    .map((one) => ({ name: one.querySelector("input, select")?.getAttribute("name") ?? "", said: one.querySelector("label")?.textContent ?? "" }))
    .filter((one) => one.name.startsWith("recipe.") && !["recipe.overrides", "recipe.retouch", "recipe.reference", "recipe.frames"].includes(one.name));
  const list = document.createElement("ul");
  list.className = "overrides";
  const line = document.createElement("div");
  line.className = "row overriding";
  const frame = choose(words.frame, frames.map((one) => [one.file, one.file.split("/").pop() ?? ""]));
  const field = choose(words.field, fields.map((one) => [one.name.slice(7), one.said]));
  const value = document.createElement("input");
  value.setAttribute("aria-label", words.value);
  value.placeholder = words.value;
  const picture = document.createElement("img");
  picture.alt = "";
  const look = () => (picture.src = frames[frame.selectedIndex]?.picture ?? "");
  frame.addEventListener("input", look);
  look();
  const add = press(words.add, () => {
    if (!value.value.trim()) return value.focus();
    const told = read(input.value);
    told[frame.value] = { ...told[frame.value], [field.value]: plain(value.value.trim()) };
    value.value = "";
    write(input, JSON.stringify(told));
  });
  line.append(picture, frame, field, value, add);
  line.addEventListener("input", (event) => event.stopPropagation());
  line.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target !== value) return;
    event.preventDefault();
    add.click();
  });
  const show = () => {
    const told = read(input.value);
    const rows = Object.entries(told).flatMap(([file, values]) => Object.entries(values).map(([name, said]) => ({ file, name, said })));
    list.replaceChildren(
      ...(rows.length ? rows : [null]).map((row) => {
        const item = document.createElement("li");
        if (!row) {
          item.className = "quiet";
          item.textContent = words.none;
          return item;
        }
        const called = fields.find((one) => one.name === `recipe.${row.name}`)?.said ?? row.name;
        const text = document.createElement("span");
        text.textContent = `${row.file}: ${called} = ${typeof row.said === "string" ? row.said : JSON.stringify(row.said)}`;
        const remove = press(words.remove, () => {
          const now = read(input.value);
          delete now[row.file][row.name];
          if (!Object.keys(now[row.file]).length) delete now[row.file];
          write(input, JSON.stringify(now));
        });
        remove.setAttribute("aria-label", `${words.remove}: ${text.textContent}`);
        item.append(text, remove);
        return item;
      }),
    );
  };
  holder.querySelector(".help")?.after(list, line);
  input.addEventListener("input", show);
  show();
}

/** @param {string} text @returns {Record<string, Record<string, unknown>>} */
function read(text) {
  try {
    const told = JSON.parse(text);
    return told && typeof told === "object" ? told : {};
  } catch {
    return {};
  }
}

/** A value as it is written: a number, yes or no, a list, else the words themselves. @param {string} text */
function plain(text) {
  try {
    return JSON.parse(text.replace(/^(-?\d+),(\d+)$/, "$1.$2"));
  } catch {
    return text;
  }
}

/** @param {string} said @param {string[][]} options */
function choose(said, options) {
  const select = document.createElement("select");
  select.setAttribute("aria-label", said);
  for (const [value, text] of options) select.append(new Option(text, value));
  return select;
}

/** @param {string} said @param {() => void} act */
function press(said, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button";
  button.textContent = said;
  button.addEventListener("click", act);
  return button;
}
