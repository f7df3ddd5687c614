// The shaders of light.js. Four corners cover a tile; `box` says where it lies on the canvas, `inner` which
// part of its texture is the tile itself: each carries a rim of its neighbours, so that no seam shows.

export const VERTEX = `#version 300 es
uniform vec4 box;
uniform vec4 inner;
out vec2 place;
void main() {
  vec2 corner = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1));
  gl_Position = vec4(mix(box.xy, box.zw, corner), 0.0, 1.0);
  place = mix(inner.xy, inner.zw, corner);
}`;

const HEAD = `#version 300 es
precision highp float;
precision highp sampler2DArray;
uniform sampler2DArray picture;
in vec2 place;
out vec4 colour;
`;

// A stored byte c means (c - bias) x scale; the picture is the sum of the planes times their weights.
// With a luminance, the first three planes are the colour that the sum of the others is multiplied with.
export const PLANES = `${HEAD}
uniform int layers;
uniform int luminance;
uniform vec3 scale[64];
uniform vec3 bias[64];
uniform vec3 weight[64];
void main() {
  vec3 sum = vec3(0.0);
  vec3 base = vec3(1.0);
  for (int i = 0; i < layers; i++) {
    vec3 value = (texture(picture, vec3(place, float(i))).rgb - bias[i]) * scale[i];
    if (luminance == 1 && i == 0) base = value;
    else sum += value * weight[i];
  }
  if (luminance == 1) sum = base * (sum.r + sum.g + sum.b);
  colour = vec4(clamp(sum, 0.0, 1.0), 1.0);
}`;

export const NORMALS = `${HEAD}
uniform vec3 light;
uniform int style;
void main() {
  vec3 code = texture(picture, vec3(place, 0.0)).rgb;
  if (style == 2) { colour = vec4(code, 1.0); return; }
  vec3 normal = normalize(code * 2.0 - 1.0 + vec3(0.0, 0.0, 1e-4));
  float shade = max(dot(normal, light), 0.0);
  vec3 lit = vec3(0.90, 0.87, 0.82) * (0.05 + 0.9 * shade);
  if (style == 1) {
    vec3 halfway = normalize(light + vec3(0.0, 0.0, 1.0));
    lit = vec3(0.34, 0.33, 0.32) * (0.1 + 0.8 * shade) + 0.9 * pow(max(dot(normal, halfway), 0.0), 38.0);
  }
  colour = vec4(pow(clamp(lit, 0.0, 1.0), vec3(1.0 / 1.5)), 1.0);
}`;
