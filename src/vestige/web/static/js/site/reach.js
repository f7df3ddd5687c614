// How a viewer reaches what it shows in a published site, which may be opened from a disk: pictures by their
// addresses, everything else from scripts, for a browser fetches nothing from a file.

export const served = false;

/** What scripts of data have said, by their address. @type {Map<string, any>} */
const said = new Map();
Object.assign(window, {
  vestigeSays: (/** @type {any} */ value) => said.set(/** @type {HTMLScriptElement} */ (document.currentScript).src, value),
});

/** What the script at an address says. @param {string} address @returns {Promise<any>} */
export function json(address) {
  const script = document.createElement("script");
  script.src = address;
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => {
      const value = said.get(script.src);
      said.delete(script.src);
      script.remove();
      resolve(value);
    });
    script.addEventListener("error", () => (script.remove(), reject(new Error(address))));
    document.head.append(script);
  });
}

/** The bytes that the script at an address carries. @param {string} address */
export async function blob(address) {
  const text = atob(await json(address));
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return new Blob([bytes]);
}

/** The name of a way to show values: each was made beforehand in a folder of its own. @param {Record<string, string | number>} wish */
const way = (wish) => String(wish.look ?? wish.bands ?? "plain").replaceAll(",", "-");

/** @param {{tiles: string, ending: string}} item @param {Record<string, string | number>} wish @param {number} level @param {number} x @param {number} y */
export const tile = (item, wish, level, x, y) => `${item.tiles}/${way(wish)}/${level}/${x}-${y}.${item.ending}`;

/** @param {{tiles: string}} told @param {number} level @param {number} x @param {number} y */
export const layered = (told, level, x, y) => `${told.tiles}/${level}/${x}-${y}.js`;

/** @param {string} address @param {Record<string, string | number>} wish */
export const overview = (address, wish) => `${address}-${way(wish)}.webp`;
