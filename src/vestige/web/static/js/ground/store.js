// An interpretation as this page knows it: the features that were found, what everybody says of them, what one adds.
import { json } from "../reach.js";

/**
 * @typedef {{review: string, class: string, remark: string, moved: boolean, time: string}} Said
 * @typedef {{version: number, said: Record<string, Said>, differs: string[], overlap: number | null}} Mark
 * @typedef {{name: string, class: string, confidence: number | null, diameter: number | null, complete: number | null, peak: number | null, east: number, north: number, who?: string}} Feature
 * @typedef {{first: string, second: string, both: number, alike: number, kappa: number | null}} Agreement
 */

export const panel = /** @type {HTMLElement} */ (document.getElementById("interpretation"));
const words = JSON.parse(panel?.dataset.words ?? "{}");
const address = panel?.dataset.address ?? "";
/** The word for a key, with its blanks filled. @param {string} key @param {Record<string, string | number>} filled */
export const text = (key, filled = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => String(filled[name] ?? ""));

/** A feature as people read it: what was drawn begins with a plus. @param {string} name */
export const label = (name) => name.replace(/^d/, "+");

const NOTHING = /** @type {Mark} */ ({ version: 0, said: {}, differs: [], overlap: null });

export class Store {
  who = "";
  may = false;
  last = -1;
  /** The record that an undo would take back, and what it was about. @type {{number: number, entry: string, feature: string} | null} */
  undoable = null;
  /** @type {string[]} */
  interpreters = [];
  /** @type {Agreement[]} */
  agreements = [];
  /** @type {Map<string, Feature>} */
  features = new Map();
  /** @type {Map<string, Mark>} */
  marks = new Map();
  /** Called with the names of what changed. @type {((names: string[]) => void)[]} */
  listeners = [];

  /** Everything from the beginning. */
  async open() {
    const told = await json(address);
    [this.who, this.may] = [told.who, told.may];
    const columns = told.features;
    columns.name.forEach((/** @type {string} */ name, /** @type {number} */ place) => {
      const at = (/** @type {string} */ key) => columns[key][place];
      this.features.set(name, { name, class: at("class"), confidence: at("confidence"), diameter: at("diameter"), complete: at("complete"), peak: at("peak"), east: at("east"), north: at("north") });
    });
    this.take(told);
  }

  /** @param {string} name @returns {Mark} */
  mark(name) {
    return this.marks.get(name) ?? NOTHING;
  }

  /** What this person says of a feature. @param {string} name */
  review(name) {
    return this.mark(name).said[this.who]?.review ?? "unreviewed";
  }

  /** The class as this person has it. @param {Feature} feature */
  classOf(feature) {
    return this.mark(feature.name).said[this.who]?.class ?? feature.class;
  }

  /** What others say, one after the other. @param {string} name @returns {[string, Said][]} */
  others(name) {
    return Object.entries(this.mark(name).said).filter(([who]) => who !== this.who);
  }

  /** @param {any} told */
  take(told) {
    this.undoable = told.undo ? { number: told.undo, ...told.undoes } : null;
    if (told.changed === undefined) return;
    for (const [name, mark] of Object.entries(told.changed)) this.marks.set(name, mark);
    for (const [name, feature] of Object.entries(told.added)) this.features.set(name, { confidence: null, complete: null, peak: null, name, ...feature });
    for (const name of told.gone) this.features.delete(name);
    [this.last, this.interpreters, this.agreements] = [told.last, told.interpreters, told.agreements];
    const names = Object.keys(told.changed);
    for (const listener of this.listeners) listener(names);
  }

  /** What anybody said since. */
  async refresh() {
    this.take(await json(`${address}/since/${this.last}`));
  }

  /** Outlines in a box. @param {number[]} box @param {number} cell @param {number} least */
  outlines([west, south, east, north], cell, least) {
    return json(`${address}/outlines?${new URLSearchParams(Object.entries({ west, south, east, north, cell, least }).map(([key, value]) => [key, String(value)]))}`);
  }

  /** A feature in full. @param {string} name */
  whole(name) {
    return json(`${address}/feature/${name}`);
  }

  /** @param {string} who whose file; empty: what all agree on @param {string} suffix */
  file(who, suffix) {
    return `${address}/file/${suffix}?of=${encodeURIComponent(who)}`;
  }

  /**
   * Add what this person says. The answer comes when it lies on the disk for good.
   * @param {string} entry @param {string} feature @param {Record<string, any>} more
   * @returns {Promise<number>} the number of the record
   */
  async say(entry, feature, more = {}) {
    const fields = { entry, feature, last: String(Math.max(this.last, 0)), seen: String(feature ? this.mark(feature).version : 0), ...more };
    const csrf = /** @type {HTMLMetaElement} */ (document.querySelector('meta[name="csrf"]')).content;
    let answer;
    try {
      answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields), headers: { "X-CSRF": csrf } });
    } catch {
      throw new Error(text("away"));
    }
    if (!answer.headers.get("content-type")?.startsWith("application/json")) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      throw new Error(page.querySelector('[role="alert"], .notice, main h1')?.textContent?.trim() || `${text("refused")} (${answer.status})`);
    }
    const told = await answer.json();
    this.take(told);
    if (answer.status === 409) throw new Error(text("overtaken"));
    return told.number;
  }
}
