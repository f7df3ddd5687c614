// Interpreting a map: a list of features beside the map; accept, reject, edit, draw, name, undo, by single keys.
import { group, make, say as sayOnMap, short, toggle, view } from "../stage.js";
import { list } from "./list.js";
import { marks } from "./marks.js";
import { pen } from "./pen.js";
import { label, panel, Store, text } from "./store.js";

/** What is said elsewhere is asked for so often, in milliseconds. */
const LISTEN = 2000;
const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (panel.querySelector(selector));
/** The keys, in the order of the buttons. @type {[string, string][]} */
const COMMANDS = [["a", "accept"], ["r", "reject"], ["e", "edit"], ["d", "draw"], ["c", "class"], ["n", "remark"], ["u", "undo"]];

/** @param {any} map */
export async function interpret(map) {
  const store = new Store();
  await store.open();
  const say = (/** @type {string} */ words) => {
    part(".said").textContent = words;
    part(".said").dataset.state = "said";
  };
  const drawing = pen(map, say);
  /** @type {ReturnType<typeof marks>} */
  let shown;
  const rows = list(store, chose, () => shown?.paint());
  shown = marks(map, store, rows.left);

  /** @param {string} name @param {boolean} moves */
  function chose(name, moves) {
    shown.light(name);
    const feature = store.features.get(name);
    if (!feature || drawing.busy()) return; // what somebody else says meanwhile must not talk into the drawing
    if (moves) approach(feature);
    describe(name);
  }

  /** Bring a feature into sight, large enough to be judged. @param {{east: number, north: number, diameter: number | null}} feature */
  function approach(feature) {
    const at = map.getView();
    const wanted = Math.max(feature.diameter ?? 10, 4) / (Math.min(...map.getSize()) * 0.4);
    if (at.getResolution() > wanted * 3 || at.getResolution() < wanted / 1.6) at.setResolution(wanted);
    at.setCenter([feature.east, feature.north]);
  }

  /** Say all of a feature. @param {string} name */
  function describe(name) {
    const feature = store.features.get(name);
    if (!feature) return;
    const figures = [feature.confidence === null ? "" : `${text("confidence")} ${short(feature.confidence)}`, feature.diameter === null ? "" : `${short(feature.diameter)} m`, feature.complete === null ? "" : text("complete_share", { share: Math.round(feature.complete * 100) })];
    say([`${rows.title(feature)}, ${text(`review_${store.review(name)}`)}`, ...figures, ...rows.othersOf(name), text("of", { n: rows.place(name) + 1, all: rows.size() })].filter(Boolean).join(". "));
  }

  /** Send what this person says; nothing is shown as said before it lies on the disk. @param {string} entry @param {string} name @param {Record<string, any>} more */
  async function send(entry, name, more = {}) {
    try {
      return await store.say(entry, name, more);
    } catch (fault) {
      say(fault instanceof Error ? fault.message : String(fault));
      part(".said").dataset.state = "fault";
      return 0;
    }
  }

  /** @param {string} entry */
  async function verdict(entry) {
    const name = rows.chosen();
    if (!name || !(await send(entry, name))) return;
    const done = text(`done_${entry}`, { feature: label(name) });
    if (rows.at() + 1 < rows.size()) rows.go(rows.at() + 1);
    part(".said").textContent = `${done} ${part(".said").textContent}`;
  }

  const commands = /** @type {Record<string, () => void | Promise<void>>} */ ({
    accept: () => verdict("accept"),
    reject: () => verdict("reject"),
    async edit() {
      const name = rows.chosen();
      if (!name) return;
      const whole = await store.whole(name);
      shown.dim(true);
      const outline = await drawing.edit(whole.outline);
      shown.dim(false);
      if (outline && (await send("edit", name, { outline: JSON.stringify(outline) }))) say(text("done_edit", { feature: label(name) }));
      else if (!outline) say(text("discarded"));
      back();
    },
    async draw() {
      shown.dim(true);
      const outline = await drawing.draw();
      shown.dim(false);
      const number = outline ? await send("draw", "", { outline: JSON.stringify(outline), text: usual() }) : 0;
      if (number) {
        rows.sift();
        rows.go(rows.place(`d${number}`), false);
        say(text("done_draw", { feature: label(`d${number}`) }));
      } else if (!outline) say(text("discarded"));
      back();
    },
    class: () => ask("class", () => classes()),
    remark: () => ask("remark", () => []),
    async undo() {
      const last = store.undoable;
      if (!last) return say(text("nothing_to_undo"));
      if (!(await send("undo", "", { undone: String(last.number) }))) return;
      if (last.entry === "draw") rows.sift();
      else rows.go(rows.place(last.feature));
      say(text("done_undo", { feature: label(last.feature), entry: text(last.entry) }));
    },
  });

  /** The list has the focus again after drawing, unless the hand went elsewhere. */
  const back = () => document.activeElement === view || document.activeElement === document.body ? rows.focus() : undefined;
  const classes = () => [...new Set([...store.features.values()].map((feature) => store.classOf(feature)))].sort();
  /** The class that most features have. */
  const usual = () => {
    const counts = /** @type {Record<string, number>} */ ({});
    for (const feature of store.features.values()) counts[feature.class] = (counts[feature.class] ?? 0) + 1;
    return Object.entries(counts).sort((a, b) => b[1] - a[1])[0]?.[0] ?? "feature";
  };

  /** Ask for a class or a remark in a dialog. @param {string} entry @param {() => string[]} known */
  function ask(entry, known) {
    const name = rows.chosen();
    const feature = store.features.get(name);
    if (!feature) return;
    const now = entry === "class" ? store.classOf(feature) : (store.mark(name).said[store.who]?.remark ?? "");
    const input = make("input", { type: "text", maxlength: "300", list: "classes-known", required: "", id: "asked" });
    input.value = now;
    const keep = make("button", { class: "button primary" }, text("keep"));
    const form = make("form", { method: "dialog", class: "form" }, make("div", { class: "field" }, make("label", { for: "asked" }, text(`ask_${entry}`, { feature: label(name) })), input, make("datalist", { id: "classes-known" }, ...known().map((value) => make("option", { value })))), make("p", { class: "buttons" }, keep));
    const dialog = make("dialog", { class: "dialog", "aria-label": text(entry) }, form);
    form.addEventListener("submit", async () => {
      if (await send(entry, name, { text: input.value.trim() })) say(text(`done_${entry}`, { feature: label(name) }));
    });
    dialog.addEventListener("close", () => (dialog.remove(), rows.focus()));
    document.body.append(dialog);
    dialog.showModal();
    input.select();
  }

  /** What was pressed while an answer was still awaited is done after it, on the feature that is then chosen. */
  let before = Promise.resolve();
  /** @param {string} name */
  function act(name) {
    const now = before.then(() => (drawing.busy() ? undefined : commands[name]()));
    if (["accept", "reject", "undo"].includes(name)) before = now;
  }

  const seen = toggle("outlines", true, (on) => shown.show(on));
  group(seen);
  buttons();
  keysOf();
  /** @param {KeyboardEvent} event */
  function key(event) {
    if (drawing.busy() || event.ctrlKey || event.altKey || event.metaKey || event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement) return;
    const command = COMMANDS.find(([letter]) => letter === event.key.toLowerCase());
    if (event.key === "o") seen.click();
    else if (command && store.may) act(command[1]);
    else if (event.currentTarget === view && (event.key === "PageDown" || event.key === "PageUp")) rows.go(rows.at() + (event.key === "PageDown" ? 1 : -1));
    else if (event.currentTarget !== view && !along(event.key)) return;
    else if (event.currentTarget === view) return;
    event.preventDefault();
  }
  /** Go along the list. @param {string} name of the key */
  function along(name) {
    const place = { ArrowDown: rows.at() + 1, ArrowUp: rows.at() - 1, PageDown: rows.at() + 10, PageUp: rows.at() - 10, Home: 0, End: rows.size() - 1 }[name];
    if (place === undefined) return false;
    rows.go(place);
    rows.focus();
    return true;
  }
  part(".features").addEventListener("keydown", key);
  view.addEventListener("keydown", key);
  map.on("singleclick", (/** @type {any} */ event) => {
    if (drawing.busy()) return;
    const name = shown.at(event.pixel);
    if (rows.has(name)) rows.go(rows.place(name), false);
  });

  function buttons() {
    part("#interpreter").textContent = store.may ? text("you_are", { who: store.who }) : text("only_look");
    if (!store.may) return;
    for (const [letter, name] of COMMANDS) {
      const element = make("button", { type: "button", class: "button", "data-act": name, "aria-keyshortcuts": letter }, text(name), make("kbd", { "aria-hidden": "true" }, letter.toUpperCase()));
      element.addEventListener("click", () => act(name));
      part(".acts").append(element);
    }
  }

  function keysOf() {
    const rowsOf = [["↑ ↓", "key_along"], ["PgUp PgDn", "key_map_along"], ["O", "key_outlines"], ...COMMANDS.map(([letter, name]) => [letter.toUpperCase(), `key_${name}`]), ["↵", "key_keep"], ["Esc", "key_discard"], ["⇧", "key_fine"]];
    part(".keys-of > div").append(make("dl", { class: "keys" }, ...rowsOf.flatMap(([letter, what]) => [make("dt", {}, make("kbd", {}, letter)), make("dd", {}, text(what))])));
  }

  function agreement() {
    const figures = store.agreements.map((item) => make("tr", {}, make("th", { scope: "row" }, `${item.first} – ${item.second}`), make("td", { class: "number" }, String(item.both)), make("td", { class: "number" }, String(item.alike)), make("td", { class: "number" }, item.kappa === null ? "–" : item.kappa.toFixed(2))));
    const head = make("tr", {}, ...["interpreters", "both", "alike", "kappa"].map((name) => make("th", { scope: "col", class: name === "interpreters" ? "" : "number" }, text(name))));
    const told = store.agreements.length ? [make("table", {}, make("thead", {}, head), make("tbody", {}, ...figures)), make("p", { class: "help" }, text("kappa_help"))] : [make("p", { class: "help" }, text("nobody_else"))];
    part(".agreement").replaceChildren(...told);
    const links = [["", text("agreed")], ...store.interpreters.map((who) => [who, who])].map(([who, label]) => make("li", {}, `${label}: `, ...["gpkg", "geojson"].flatMap((suffix) => [make("a", { href: store.file(who, suffix), download: "" }, suffix === "gpkg" ? "GeoPackage" : "GeoJSON"), " "])));
    part(".files").replaceChildren(...links);
  }

  store.listeners.push((names) => {
    if (names.some((name) => name.startsWith("d"))) rows.sift();
    else for (const name of names) rows.renew(name);
    shown.renew();
    shown.paint();
    agreement();
  });
  agreement();
  rows.sift();
  rows.go(0, false);
  shown.renew();
  say(text("opened", { n: store.features.size }));
  sayOnMap("");
  const listen = async () => {
    if (!document.hidden) await store.refresh().catch(() => {}); // the server is away; it is asked again
    setTimeout(listen, LISTEN);
  };
  setTimeout(listen, LISTEN);
}
