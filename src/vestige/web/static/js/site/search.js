// Search without a server: words lie in small scripts by their first two letters (see web/site/finding.py).
import { json } from "./reach.js";

/** @typedef {{page: string, title: string, lead: string, picture: string, kinds: string[]}} Card */

const PORTION = 200;
const MOST = 30;
const form = /** @type {HTMLFormElement} */ (document.querySelector("form.search"));
const field = /** @type {HTMLInputElement} */ (form.querySelector("input"));
const list = /** @type {HTMLElement} */ (document.getElementById("found"));
const all = /** @type {HTMLElement} */ (document.getElementById("all"));
const status = /** @type {HTMLElement} */ (document.getElementById("count"));
const words = JSON.parse(form.dataset.words ?? "{}");
const ending = form.dataset.ending ?? ".html";

/** @type {Map<string, Promise<any>>} */
const known = new Map();

/** What a script of the index says; asked for once. @param {string} name */
function part(name) {
  const found = known.get(name) ?? json(`search/${name}.js`);
  known.set(name, found);
  return found;
}

/** The words of a text as the index holds them. @param {string} text */
export const folded = (text) => text.toLowerCase().replaceAll("ß", "ss").normalize("NFKD").replace(/\p{M}/gu, "").match(/[\p{L}\p{N}]+/gu) ?? [];

/** @param {string} word */
const shard = (word) => [...word].slice(0, 2).map((letter) => /** @type {number} */ (letter.codePointAt(0)).toString(16)).join("-");

/** The objects that hold a word which begins so. @param {string} start @returns {Promise<Set<number>>} */
async function holding(start) {
  const found = /** @type {Set<number>} */ (new Set());
  if (!new Set(await part("shards")).has(shard(start))) return found;
  for (const [word, numbers] of Object.entries(await part(shard(start)))) {
    if ([...start].length > 1 ? word.startsWith(start) : word === start) for (const number of numbers) found.add(number);
  }
  return found;
}

/** The objects that hold all words, in the order of the site. @param {string[]} asked */
async function matching(asked) {
  const sets = await Promise.all(asked.map(holding));
  return [...sets[0]].filter((number) => sets.every((set) => set.has(number))).sort((a, b) => a - b);
}

/** @param {number} number @returns {Promise<Card>} */
const card = async (number) => (await part(`objects-${Math.floor(number / PORTION)}`))[number % PORTION];

/** @template {keyof HTMLElementTagNameMap} N @param {N} name @param {Record<string, string>} attributes @param {(Node | string)[]} children */
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** @param {Card} one */
function drawn(one) {
  const picture = one.picture ? make("img", { src: one.picture, alt: "", loading: "lazy", width: "400", height: "300" }) : make("span", { class: "sign", "aria-hidden": "true" });
  const kinds = one.kinds.map((kind) => make("li", {}, words[`kind_${kind}`] ?? kind));
  return make(
    "li",
    { class: "card" },
    make("div", { class: "picture" }, picture),
    make("div", { class: "words" }, make("h3", {}, make("a", { href: one.page + ending }, one.title)), make("p", { class: "quiet" }, one.lead), make("ul", { class: "chips" }, ...kinds)),
  );
}

let turn = 0;

async function search() {
  const mine = ++turn;
  const asked = folded(field.value);
  history.replaceState(null, "", asked.length > 0 ? `#q=${encodeURIComponent(field.value)}` : location.pathname + location.search);
  all.hidden = asked.length > 0;
  list.hidden = asked.length === 0;
  if (asked.length === 0) {
    status.textContent = "";
    return;
  }
  const numbers = await matching(asked);
  const cards = await Promise.all(numbers.slice(0, MOST).map(card));
  if (mine !== turn) return;
  list.replaceChildren(...cards.map(drawn));
  status.textContent = `${words[numbers.length === 1 ? "found_one" : "found"].replace("{n}", String(numbers.length))}${numbers.length > MOST ? ` ${words.first.replace("{n}", String(MOST))}` : ""}`;
  list.dataset.asked = field.value;
}

form.hidden = false;
void part("shards"); // it is at hand when the first word is typed
form.addEventListener("submit", (event) => (event.preventDefault(), void search()));
field.addEventListener("input", () => void search());
const asked = new URLSearchParams(location.hash.slice(1)).get("q");
if (asked) {
  field.value = asked;
  void search();
}
