// Time left, in words.

/** @param {number | null} left @param {{left: string, minutes: string}} words */
export function spoken(left, words) {
  if (left === null) return "";
  if (left < 90) return words.left.replace("{n}", String(Math.max(1, Math.round(left))));
  return words.minutes.replace("{n}", String(Math.round(left / 60)));
}
