"""The few lines that move the sliders of a page."""

SCRIPT = """
for (const film of document.querySelectorAll(".film")) {
  const slider = film.querySelector("input");
  if (!slider) continue;
  const shots = film.querySelectorAll("figure");
  const show = () => {
    shots.forEach((shot, number) => { shot.hidden = number !== Number(slider.value); });
    slider.setAttribute("aria-valuetext", shots[slider.value].querySelector("figcaption").textContent);
  };
  slider.addEventListener("input", show);
  show();
}
"""
