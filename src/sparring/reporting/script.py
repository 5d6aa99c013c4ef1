"""The few lines that move the sliders of a page, and show the values under a pointer."""

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
for (const wipe of document.querySelectorAll(".wipe")) {
  const slider = wipe.querySelector("input");
  slider.addEventListener("input", () => wipe.style.setProperty("--share", slider.value + "%"));
}
for (const chart of document.querySelectorAll("svg[data-over]")) {
  const curves = [...chart.querySelectorAll(".curve")].map((curve) => ({
    name: curve.dataset.name,
    places: [...curve.getAttribute("d").matchAll(/[ML]([-\\d.]+) /g)].map((found) => Number(found[1])),
    values: curve.dataset.values.split(" ").map((pair) => pair.split(",").map(Number)),
  }));
  const line = document.createElementNS(chart.namespaceURI, "path");
  line.setAttribute("class", "mark");
  const said = document.createElement("output");
  const leave = () => { line.remove(); said.remove(); };
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * chart.viewBox.baseVal.width;
    const near = curves.filter((curve) => curve.places.length).map((curve) => {
      const away = curve.places.map((place) => Math.abs(place - x));
      const found = away.indexOf(Math.min(...away));
      return { name: curve.name, place: curve.places[found], value: curve.values[found] };
    });
    if (!near.length) return;
    const apart = (each) => Math.abs(each.place - x);
    const at = near.reduce((one, other) => apart(other) < apart(one) ? other : one);
    const here = near.filter((each) => Math.abs(each.place - at.place) < 4);
    line.setAttribute("d", `M${at.place} 8V196`);
    chart.append(line);
    said.textContent = `${chart.dataset.over} ${at.value[0].toLocaleString("en")}: ` +
      here.map((each) => `${each.name} ${each.value[1]}`).join(", ");
    chart.before(said);
  });
  chart.addEventListener("pointerleave", leave);
}
"""
