// A surface in three dimensions: turn it, come closer, look at it as clay.
import { ACESFilmicToneMapping, Box3, Color, DirectionalLight, GLTFLoader, HemisphereLight, MeshStandardMaterial, OrbitControls, PerspectiveCamera, Scene, Sphere, Vector3, WebGLRenderer } from "../vendor/three.js";
import { help } from "./looking/help.js";
import { beside, copyLink, recalled, remember } from "./looking/place.js";
import { blob } from "./reach.js";
import { button, choice, failed, fullScreen, group, make, ready, stage, toggle, told, view, word } from "./stage.js";

const canvas = make("canvas", { tabindex: "0", role: "img", "aria-label": word("look") });
view.append(canvas);

function begin() {
  if (!document.createElement("canvas").getContext("webgl2")) {
    failed(word("no_webgl"));
    return;
  }
  const renderer = new WebGLRenderer({ canvas, antialias: true });
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  renderer.toneMapping = ACESFilmicToneMapping;
  const scene = new Scene();
  scene.background = new Color(0x23211e);
  const camera = new PerspectiveCamera(35, 1, 0.01, 100);
  scene.add(new HemisphereLight(0xffffff, 0x6b6258, 2.1));
  const key = new DirectionalLight(0xfff4e2, 2.4);
  key.position.set(-1.2, 1.6, 1.4);
  camera.add(key);
  scene.add(camera);
  const controls = new OrbitControls(camera, canvas);
  controls.enableDamping = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  controls.autoRotateSpeed = 1.2;

  const home = new Vector3(0.55, 0.4, 1);
  let radius = 1;
  const look = (/** @type {Vector3} */ from) => {
    const distance = (radius * 0.84) / Math.sin((camera.fov * Math.PI) / 360) / Math.min(1, camera.aspect);
    camera.position.copy(from.clone().normalize().multiplyScalar(distance));
    controls.target.set(0, 0, 0);
    controls.update();
  };
  const size = () => {
    renderer.setSize(stage.clientWidth, stage.clientHeight, false);
    camera.aspect = stage.clientWidth / Math.max(1, stage.clientHeight);
    camera.updateProjectionMatrix();
  };
  new ResizeObserver(size).observe(stage);
  size();

  const shown = (/** @type {any} */ gltf) => {
    const object = gltf.scene;
    const sphere = new Box3().setFromObject(object).getBoundingSphere(new Sphere());
    radius = 1;
    const scale = 1 / Math.max(sphere.radius, 1e-9);
    object.scale.multiplyScalar(scale);
    object.position.copy(sphere.center).multiplyScalar(-scale);
    scene.add(object);
    tools(object);
    look(home);
    recall();
    controls.addEventListener("change", keep);
    renderer.setAnimationLoop(() => {
      controls.update();
      renderer.render(scene, camera);
      ready();
    });
  };
  blob(told.model)
    .then((bytes) => bytes.arrayBuffer())
    .then((bytes) => new GLTFLoader().parse(bytes, "", shown, failed))
    .catch(failed);

  /** Where the camera stood when a link was made. */
  function recall() {
    stand((recalled("camera") ?? "").split(",").map(Number));
  }

  /** Put the camera at a place, looking at another. @param {number[]} places */
  function stand(places) {
    if (places.length !== 6 || !places.every(Number.isFinite)) return;
    camera.position.set(places[0], places[1], places[2]);
    controls.target.set(places[3], places[4], places[5]);
    controls.update();
  }

  const stood = () => [...camera.position.toArray(), ...controls.target.toArray()].map((value) => value.toFixed(3)).join(",");
  /** Where the viewer beside this one stands: that is not told back. */
  let led = "";

  function keep() {
    if (controls.autoRotate) return;
    const camera = stood();
    if (camera !== led) remember({ camera });
  }

  beside((view) => {
    if (typeof view.camera !== "string") return;
    led = view.camera;
    stand(led.split(",").map(Number));
  });

  /** @param {any} object */
  function tools(object) {
    group(
      button("zoom_in", () => camera.position.multiplyScalar(0.8)),
      button("zoom_out", () => camera.position.multiplyScalar(1.25)),
      button("fit", () => look(home)),
      fullScreen(),
    );
    group(button("copy_link", () => void copyLink()), helped.button);
    group(
      button("front", () => look(new Vector3(0, 0, 1))),
      button("side", () => look(new Vector3(1, 0, 0))),
      button("top", () => look(new Vector3(0, 1, 0.001))),
    );
    const clay = new MeshStandardMaterial({ color: 0xc9bfae, roughness: 0.85, metalness: 0 });
    object.traverse((/** @type {any} */ part) => {
      if (!part.isMesh) return;
      if (!part.geometry.getAttribute("normal")) part.geometry.computeVertexNormals();
      part.userData.own = part.material;
    });
    choice(["colour", "clay"], "colour", (kind) =>
      object.traverse((/** @type {any} */ part) => {
        if (part.isMesh) part.material = kind === "clay" ? clay : part.userData.own;
      }),
    );
    group(toggle("turn", false, (on) => (controls.autoRotate = on)));
  }

  const helped = help([
    ["← → ↑ ↓", "key_turn"],
    ["+  −", "key_zoom"],
    ["0", "fit"],
    ["f", "full"],
    ["?", "help"],
  ]);
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const turn = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] })[event.key];
    if (event.key === "+" || event.key === "=") camera.position.multiplyScalar(0.9);
    else if (event.key === "-") camera.position.multiplyScalar(1.1);
    else if (event.key === "0") look(home);
    else if (event.key === "f") void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen?.());
    else if (event.key === "?" || event.key === "h") helped.open();
    else if (!turn) return;
    else orbit(0.12 * turn[0], 0.12 * turn[1]);
    event.preventDefault();
  });

  /** @param {number} across @param {number} up radians */
  function orbit(across, up) {
    const arm = camera.position.clone().sub(controls.target);
    arm.applyAxisAngle(new Vector3(0, 1, 0), across);
    const tilt = new Vector3(0, 1, 0).cross(arm).normalize();
    const tipped = arm.clone().applyAxisAngle(tilt, -up);
    if (Math.abs(tipped.clone().normalize().y) < 0.99) arm.copy(tipped);
    camera.position.copy(controls.target).add(arm);
    controls.update();
  }
}

try {
  begin();
} catch (error) {
  failed(error);
}
