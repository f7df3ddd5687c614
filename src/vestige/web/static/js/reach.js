// How a viewer reaches what it shows: here by asking the workbench. A published site puts site/reach.js in the place of
// this module, which needs no server; both say the same names.

/** Whether there is a server that can compute what was not made beforehand. */
export const served = true;

/** @param {string} address */
async function answered(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(String(answer.status));
  return answer;
}

/** What is told at an address. @param {string} address @returns {Promise<any>} */
export const json = async (address) => (await answered(address)).json();

/** The bytes at an address. @param {string} address */
export const blob = async (address) => (await answered(address)).blob();

/** @typedef {Record<string, string | number>} Wish how values are shown: look, low and high, or bands */

/** The address of a tile. @param {{tiles: string, version: string}} item @param {Wish} wish @param {number} level @param {number} x @param {number} y */
export const tile = (item, wish, level, x, y) => `${item.tiles}/${level}/${x}/${y}?${new URLSearchParams({ v: item.version, ...texts(wish) })}`;

/** The address of a tile made of layers. @param {{tiles: string, version: string}} told @param {number} level @param {number} x @param {number} y */
export const layered = (told, level, x, y) => `${told.tiles}/${level}/${x}/${y}?v=${told.version}`;

/** The address of a whole raster. @param {string} address @param {Wish} wish */
export const overview = (address, wish) => `${address}?${new URLSearchParams({ side: "2048", ...texts(wish) })}`;

/** @param {Wish} wish */
const texts = (wish) => Object.fromEntries(Object.entries(wish).map(([key, value]) => [key, String(value)]));
