// As far as our modules must know it; written by hand.
export class Vector3 {
  constructor(...coordinates: number[]);
  [key: string]: any;
}
export const ACESFilmicToneMapping: any, Box3: any, Color: any, DirectionalLight: any, GLTFLoader: any;
export const HemisphereLight: any, MeshStandardMaterial: any, OrbitControls: any, PerspectiveCamera: any;
export const Scene: any, Sphere: any, WebGLRenderer: any;
