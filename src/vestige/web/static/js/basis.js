// Functions of the light's direction by which a relightable picture is written down, in the order of Relight's
// web format: polynomials (Malzbender et al. 2001) and hemispherical harmonics (Gautron et al. 2004).

/**
 * The weight of each term under a light.
 * @param {"ptm" | "hsh"} type @param {number} terms @param {[number, number, number]} light x right, y up, z to the viewer
 * @returns {number[]}
 */
export function basis(type, terms, [x, y, z]) {
  return (type === "ptm" ? [1, x, y, x * x, x * y, y * y] : harmonics(x, y, z)).slice(0, terms);
}

/** @param {number} x @param {number} y @param {number} z */
function harmonics(x, y, z) {
  const c = Math.min(Math.max(z, 0), 1);
  const ring = Math.sqrt(Math.max(c - c * c, 0));
  const azimuth = Math.atan2(y, x);
  const [cosine, sine] = [Math.cos(azimuth), Math.sin(azimuth)];
  const [cosine2, sine2] = [Math.cos(2 * azimuth), Math.sin(2 * azimuth)];
  const [cosine3, sine3] = [Math.cos(3 * azimuth), Math.sin(3 * azimuth)];
  const shifted = 2 * c - 1;
  const cubic = 1 - 5 * c + 5 * c * c;
  const root = (/** @type {number} */ factor) => Math.sqrt(factor / Math.PI);
  return [
    root(0.5),
    root(6) * cosine * ring,
    root(1.5) * shifted,
    root(6) * sine * ring,
    -root(30) * cosine2 * ring ** 2,
    root(30) * cosine * shifted * ring,
    root(2.5) * (1 - 6 * c + 6 * c * c),
    root(30) * sine * shifted * ring,
    -root(30) * sine2 * ring ** 2,
    root(140) * cosine3 * ring ** 3,
    -root(210) * cosine2 * shifted * ring ** 2,
    root(84) * cosine * ring * cubic,
    root(3.5) * (-1 + 12 * c - 30 * c * c + 20 * c ** 3),
    root(84) * sine * ring * cubic,
    -root(210) * sine2 * shifted * ring ** 2,
    root(140) * sine3 * ring ** 3,
  ];
}
