// What a tray still waits for, remembered by the browser, so that a page that was closed goes on where it was.
//
// Folders that were dropped can be read again by a handle where the browser has them (and, where it must, asks
// the person first); of chosen files only names and sizes are remembered.

/** @typedef {{path: string, size: number}} Wanted */
/** @typedef {{wanted: Wanted[], handles: FileSystemHandle[]}} Known */

/** @returns {Promise<IDBObjectStore>} @param {IDBTransactionMode} mode */
function store(mode) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("vestige-intake", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("trays");
    opening.onsuccess = () => resolve(opening.result.transaction("trays", mode).objectStore("trays"));
    opening.onerror = () => reject(opening.error);
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Note what a tray is to get, beside what was noted before. @param {string} key @param {Known} told */
export async function remember(key, told) {
  try {
    const before = await recalled(key);
    const names = new Set(told.wanted.map((one) => one.path));
    const wanted = [...(before?.wanted ?? []).filter((one) => !names.has(one.path)), ...told.wanted];
    await done((await store("readwrite")).put({ wanted, handles: [...(before?.handles ?? []), ...told.handles] }, key));
  } catch {
    // A browser that keeps nothing: the person chooses the folder again.
  }
}

/** @param {string} key @returns {Promise<Known | null>} */
export async function recalled(key) {
  try {
    return (await done((await store("readonly")).get(key))) ?? null;
  } catch {
    return null;
  }
}

/** @param {string} key */
export async function forget(key) {
  try {
    await done((await store("readwrite")).delete(key));
  } catch {
    // Nothing was kept.
  }
}

/** Whether all handles may be read; `ask` lets the browser ask the person. @param {FileSystemHandle[]} handles @param {boolean} ask */
export async function readable(handles, ask) {
  for (const handle of handles) {
    const able = /** @type {any} */ (handle);
    const how = { mode: "read" };
    const said = ask ? await able.requestPermission?.(how) : await able.queryPermission?.(how);
    if (said !== undefined && said !== "granted") return false;
  }
  return handles.length > 0;
}

/** All files beneath a handle. @param {FileSystemHandle} handle @param {string} [within] @returns {Promise<{file: File, path: string}[]>} */
export async function beneath(handle, within = "") {
  const path = within ? `${within}/${handle.name}` : handle.name;
  if (handle.kind === "file") return [{ file: await /** @type {FileSystemFileHandle} */ (handle).getFile(), path }];
  const found = [];
  for await (const inner of /** @type {any} */ (handle).values()) found.push(...(await beneath(inner, path)));
  return found;
}
