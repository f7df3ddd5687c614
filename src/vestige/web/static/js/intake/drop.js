// Files dropped or chosen go to the desk in pieces; what is cut off goes on where it ended.

import { spoken } from "../running/time.js";
import { beneath, forget, readable, recalled, remember } from "./resume.js";

/** @typedef {{file: File, path: string}} Found */
/** @typedef {{name: string, size: number, modified: number, offset: number}} Part */

const PATIENCE = [1000, 2000, 4000, 8000];
const csrf = document.querySelector("meta[name=csrf]")?.getAttribute("content") ?? "";
const started = performance.now();
let busy = false;

/** @param {string} name */
function part(name) {
  return /** @type {HTMLElement} */ (document.getElementById(name));
}

/** Everything in what was dropped, folders within included. @param {DataTransferItemList} items @returns {Promise<Found[]>} */
async function dropped(items) {
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const found = await Promise.all(entries.map((entry) => walked(entry)));
  return found.flat();
}

/** @param {FileSystemEntry} entry @returns {Promise<Found[]>} */
async function walked(entry) {
  if (entry.name.startsWith(".")) return [];
  if (entry instanceof FileSystemFileEntry) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    return [{ file, path: entry.fullPath.replace(/^\//, "") }];
  }
  if (!(entry instanceof FileSystemDirectoryEntry)) return [];
  const reader = entry.createReader();
  const inner = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    inner.push(...some);
  }
  return (await Promise.all(inner.map((item) => walked(item)))).flat();
}

/** The tray to fill, made where there is none yet. @param {HTMLElement} form @param {Found[]} found */
async function trayOf(form, found) {
  if (form.dataset.tray) return form.dataset.tray;
  const body = new URLSearchParams();
  const identifier = form.querySelector("#identifier");
  body.set("identifier", identifier instanceof HTMLInputElement ? identifier.value : "");
  body.set("source", found[0].path.includes("/") ? found[0].path.split("/")[0] : "");
  const answer = await insisted(() => fetch("/intake", { method: "POST", body, headers: { "X-CSRF": csrf, Accept: "application/json" } }));
  const { key } = await answer.json();
  form.dataset.tray = key;
  return key;
}

/** Ask until the server answers: it may be away for a while. @param {() => Promise<Response>} ask @returns {Promise<Response>} */
async function insisted(ask) {
  for (let tries = 0; ; tries++) {
    try {
      const answer = await ask();
      if (answer.status < 500 && answer.status !== 408 && answer.status !== 429) return answer;
      if (answer.status === 507) return answer;
    } catch {
      // The server is away: it is asked again.
    }
    part("sent-said").textContent = wordsOf().cut;
    await new Promise((resolve) => setTimeout(resolve, PATIENCE[Math.min(tries, PATIENCE.length - 1)]));
  }
}

function wordsOf() {
  return JSON.parse(part("drop").dataset.words ?? "{}");
}

/** @param {Blob} piece */
async function digest(piece) {
  if (!globalThis.crypto?.subtle) return "";
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", await piece.arrayBuffer()));
  return [...sum].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Send one file; answers with what the server said against it, or nothing.
 * @param {string} key @param {Found} found @param {number} size @param {number} from @param {(bytes: number) => void} tell
 */
async function send(key, found, size, from, tell) {
  const { file, path } = found;
  let offset = from;
  let told = 0;
  do {
    const piece = file.slice(offset, offset + size);
    const sum = await digest(piece);
    const query = new URLSearchParams({ name: path, size: String(file.size), offset: String(offset), modified: String(file.lastModified) });
    const answer = await insisted(() => fetch(`/intake/${key}/piece?${query}`, { method: "POST", body: piece, headers: { "X-CSRF": csrf, "X-Digest": sum, "Content-Type": "application/octet-stream" } }));
    const said = await answer.json().catch(() => ({ fault: `${answer.status}` }));
    if (answer.status === 409) offset = said.offset;
    else if (!answer.ok) return said.fault ?? `${answer.status}`;
    else offset = said.whole ? file.size : said.offset;
    tell(Math.max(0, offset - told));
    told = Math.max(told, offset);
  } while (offset < file.size);
  return "";
}

/** What a tray has: whole files by name and size, and how much of those that were cut off. @param {string} key */
async function held(key) {
  const answer = await insisted(() => fetch(`/intake/${key}/files`));
  /** @type {{files: {name: string, size: number}[], parts: Part[]}} */
  const { files, parts } = await answer.json();
  return { files: new Set(files.map((one) => `${one.size} ${one.name}`)), parts };
}

/** The name under which the tray keeps a file of a folder. @param {string} path */
function kept(path) {
  const parts = path.split("/");
  return (parts.length > 1 ? parts.slice(1) : parts).join("_");
}

/** @param {Found[]} found @param {FileSystemHandle[]} [handles] */
async function take(found, handles = []) {
  const form = part("drop");
  const words = wordsOf();
  const files = found.filter((one) => !one.path.split("/").some((name) => name.startsWith(".")) && one.file.size > 0);
  files.sort((one, other) => one.path.localeCompare(other.path, undefined, { numeric: true }));
  part("sending").hidden = false;
  if (files.length === 0) {
    part("sent-said").textContent = words.nothing;
    return;
  }
  busy = true;
  const key = await trayOf(form, files);
  if (!handles.length || handles[0] !== going) {
    await remember(key, { wanted: files.map((one) => ({ path: one.path, size: one.file.size })), handles });
  }
  part("resume").hidden = true;
  const has = await held(key);
  const total = files.reduce((sum, one) => sum + one.file.size, 0);
  let sent = 0;
  let next = 0;
  const began = performance.now();
  const size = Number(form.dataset.piece) || 4194304;
  const bar = /** @type {HTMLProgressElement} */ (part("sent"));
  const work = async () => {
    while (next < files.length) {
      const one = files[next++];
      const cut = has.parts.find((piece) => piece.name === kept(one.path) && piece.size === one.file.size && piece.modified === one.file.lastModified);
      const whole = has.files.has(`${one.file.size} ${kept(one.path)}`);
      if (whole) sent += one.file.size;
      const fault = whole ? "" : await send(key, one, size, cut?.offset ?? 0, (bytes) => {
        sent += bytes;
        bar.value = sent / total;
        const left = sent > 0 ? ((performance.now() - began) / 1000) * (total / sent - 1) : null;
        part("sent-said").textContent = [words.sending.replace("{n}", String(next)).replace("{total}", String(files.length)), spoken(left, words)].filter(Boolean).join(" · ");
      });
      if (fault) refuse(fault);
    }
  };
  await Promise.all([work(), work()]);
  busy = false;
  if (!part("refused").childElementCount) await forget(key);
  bar.value = 1;
  part("sent-said").textContent = words.sent.replace("{n}", String(files.length));
  if (location.pathname !== `/intake/${key}`) location.assign(`/intake/${key}`);
  else dispatchEvent(new CustomEvent("sent"));
}

/** @type {FileSystemHandle | undefined} */
let going;

/** A tray whose files did not all arrive: go on by oneself, or say what to do. */
async function resume() {
  const key = document.getElementById("drop")?.dataset.tray;
  const known = key ? await recalled(key) : null;
  if (!key || !known) return;
  const has = await held(key);
  const missing = known.wanted.filter((one) => !has.files.has(`${one.size} ${kept(one.path)}`));
  if (missing.length === 0) return forget(key);
  const words = wordsOf();
  const told = part("resume");
  const on = async () => {
    going = known.handles[0];
    const found = (await Promise.all(known.handles.map((handle) => beneath(handle)))).flat();
    await take(found, known.handles);
  };
  if (known.handles.length && (await readable(known.handles, false))) return on();
  told.hidden = false;
  part("resume-said").textContent = `${words.missing.replace("{n}", String(missing.length))} ${known.handles.length ? words.ask : words.again}`;
  const press = part("resume-do");
  press.hidden = known.handles.length === 0;
  press.addEventListener("click", async () => {
    if (await readable(known.handles, true)) await on();
  });
}
void resume();

/** @param {string} fault */
function refuse(fault) {
  const line = document.createElement("li");
  line.textContent = fault;
  part("refused").append(line);
}

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.getElementById("drop")?.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.getElementById("drop")?.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.getElementById("drop")?.classList.remove("over");
  const items = event.dataTransfer?.items;
  if (!items || !document.getElementById("drop")) return;
  const handles = [...items].map((item) => /** @type {any} */ (item).getAsFileSystemHandle?.());
  void Promise.all([dropped(items), Promise.all(handles)]).then(([found, known]) => take(found, known.filter(Boolean)));
});
document.addEventListener("change", (event) => {
  const chosen = event.target;
  if (!(chosen instanceof HTMLInputElement) || chosen.type !== "file" || !chosen.files) return;
  void take([...chosen.files].map((file) => ({ file, path: file.webkitRelativePath || file.name })));
});
addEventListener("beforeunload", (event) => {
  if (busy && performance.now() - started > 500) event.preventDefault();
});
