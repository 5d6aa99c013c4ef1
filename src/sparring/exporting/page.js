// The page of a generator: a sample, sliders that move its noise, others to choose from.
const about = JSON.parse(document.getElementById("about").textContent);
const packed = Uint8Array.from(atob(document.getElementById("weights").textContent), (letter) => letter.charCodeAt(0));
const program = { steps: about.steps, weights: new Float32Array(packed.buffer) };
const FURTHEST = 4, OTHERS = 8, DELAY = 30;

const make = (name, parent, settings = {}) => parent.appendChild(Object.assign(document.createElement(name), settings));
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const { low, high } = about.noise;
const draw = () => Float32Array.from({ length: about.noise.size }, () =>
  low === null ? normal() : low + (high - low) * Math.random());
const bounded = (number) => (low === null ? number : Math.min(Math.max(number, low), high));

const maker = document.getElementById("maker");
const left = make("div", maker), right = make("div", maker);
const large = make("canvas", left);
const others = make("div", left, { className: "others" });
const buttons = make("div", right, { className: "buttons" });
let noise = draw();

let choice = null;
if (about.classes.length) {
  choice = make("select", buttons, { ariaLabel: "class" });
  about.classes.forEach((name, number) => make("option", choice, { value: number, textContent: name }));
  choice.addEventListener("change", () => { show(); showOthers(); });
}
const another = make("button", buttons, { textContent: "New noise" });
const back = make("button", buttons, { textContent: "Sliders back" });
const sliders = about.directions.map((_, number) => {
  const label = make("label", right, { textContent: `direction ${number + 1}` });
  const step = 0.05;
  return make("input", label, { type: "range", min: -FURTHEST, max: FURTHEST, step, value: 0, oninput: () => show() });
});

function sampleOf(given) {
  const inputs = { noise: { shape: [1, given.length], data: given } };
  if (choice) inputs.condition = { shape: [1], data: [Number(choice.value)] };
  return generate(program, inputs);
}
function paint(canvas, made) {
  const [channels, tall, broad] = about.shape, places = tall * broad;
  Object.assign(canvas, { width: broad, height: tall });
  const picture = new ImageData(broad, tall);
  for (let at = 0; at < places; at++) {
    for (let colour = 0; colour < 3; colour++)
      picture.data[4 * at + colour] = Math.round(255 * made[(channels < 3 ? 0 : colour) * places + at]);
    picture.data[4 * at + 3] = channels % 2 ? 255 : Math.round(255 * made[(channels - 1) * places + at]);
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}
function show() {
  const moved = noise.map((number, place) =>
    bounded(sliders.reduce((sum, slider, which) => sum + slider.value * about.directions[which][place], number)));
  paint(large, sampleOf(moved));
}
function reset() {
  for (const slider of sliders) slider.value = 0;
  show();
}
function showOthers() {
  others.replaceChildren();
  for (let number = 0; number < OTHERS; number++) {
    const drawn = draw();
    const button = make("button", others, { ariaLabel: `sample ${number + 1}: choose it` });
    const small = make("canvas", button);
    button.addEventListener("click", () => { noise = drawn; reset(); });
    setTimeout(() => paint(small, sampleOf(drawn)), DELAY * number);
  }
}
another.addEventListener("click", () => { noise = draw(); reset(); showOthers(); });
back.addEventListener("click", reset);

const found = generate(program, about.check.inputs);
const apart = about.check.made.reduce((most, number, at) => Math.max(most, Math.abs(number - found[at])), 0);
document.querySelector("p.quiet").textContent =
  `Checked in this browser: the largest difference from torch is ${apart.toExponential(1)} of the range of the pixels.`;
reset();
showOthers();
