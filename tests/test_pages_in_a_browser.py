"""Pages as a browser opens them: scripts run, what is offered works, and they fit phones and desktops."""

from __future__ import annotations

import html
import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import sparring

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no browser, chromium, is installed")

PHONE, DESKTOP = 390, 1280
LOOKS = [(width, dark) for width in (PHONE, DESKTOP) for dark in (False, True)]
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
FRAME = """<!doctype html><meta name="color-scheme" content="light dark"><body style="margin:0">
<iframe style="border:0;width:{width}px;height:900px" src="{page}"></iframe>"""
"""Windows have a least width, which is that of no phone; frames have not."""


def opened(page: Path, tmp_path: Path, *flags: str) -> str:
    """The document of a page once its scripts have run."""
    assert BROWSER is not None
    done = subprocess.run(
        [
            BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,1000", *flags,
            "--virtual-time-budget=4000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert said == [], "an error of a script, or something that the page may not do"
    return done.stdout


def asked(page: Path, tmp_path: Path, script: str, width: int = PHONE, dark: bool = False) -> Any:
    """What a script says that runs in a page of some width, half a second after the page's own.

    Its own policy lets no other script run, so the page is a copy without it, which puts what the script
    returns into the document around it.
    """
    probe = (
        "<script>addEventListener('load', () => setTimeout(async () => {"
        f"const said = await (async () => {{ {script} }})();"
        "parent.postMessage(JSON.stringify(said), '*'); }, 500));</script>"
    )
    text, replaced = POLICY.subn("", page.read_text())
    assert replaced <= 1
    (tmp_path / "probed.html").write_text(text.replace("</body>", f"{probe}</body>"))
    around = FRAME.format(width=width, page="probed.html")
    around += "<script>onmessage = ({data}) => { document.title = data; };</script>"
    (tmp_path / "around.html").write_text(around)
    flags = ("--blink-settings=preferredColorScheme=0",) if dark else ()
    seen = opened(tmp_path / "around.html", tmp_path, *flags)
    (said,) = re.findall("<title>(.*?)</title>", seen, re.DOTALL)
    return json.loads(html.unescape(said))


SHAPE = """
const root = document.documentElement;
return {wide: root.scrollWidth, window: innerWidth, back: getComputedStyle(root).backgroundColor,
  body: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
  dark: matchMedia("(prefers-color-scheme: dark)").matches};
"""
CLICKS = """
const large = document.querySelector("canvas"), seen = [];
const wait = () => new Promise((done) => setTimeout(done, 300));
const look = () => seen.push(large.toDataURL());
const button = (text) => [...document.querySelectorAll("button")].find((each) => each.textContent === text);
look();
const slider = document.querySelector("input[type=range]");
slider.value = 3; slider.dispatchEvent(new Event("input")); look();
button("Sliders back").click(); look();
button("New noise").click(); look();
await wait();
document.querySelector(".others button").click(); look();
const choice = document.querySelector("select");
if (choice) { choice.value = 1; choice.dispatchEvent(new Event("change")); look(); }
return seen;
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_npz: Path) -> list[sparring.Run]:
    """Two short runs of a system that is told classes."""
    folder, small = tmp_path_factory.mktemp("seen"), {"generator_width": 4, "discriminator_width": 4}
    told: dict[str, Any] = {"data": f"npz:{tiny_npz}", "epochs": 2, "batch_size": 20, "quiet": True, **small}
    return [sparring.train("r3gan", out=folder / f"{seed}", seed=seed, **told) for seed in (0, 1)]


@pytest.fixture(scope="module")
def pages(runs: list[sparring.Run], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    sparring.compare(runs, folder / "comparison.html")
    return {
        "generator": Path(sparring.export(runs[0], folder / "model", onnx=False)) / "page.html",
        "report": Path(sparring.report(runs[0])),
        "comparison": folder / "comparison.html",
    }


def test_the_page_of_a_generator_checks_itself(pages: dict[str, Path], tmp_path: Path) -> None:
    seen = opened(pages["generator"], tmp_path)
    (apart,) = re.findall(r"the largest difference from torch is ([\d.e+-]+) of", seen)
    assert float(apart) < 1e-5
    assert seen.count("<canvas") == 9, "a sample, and eight to choose from"
    assert seen.count('<input type="range"') == 8


def test_what_the_page_of_a_generator_offers_works(pages: dict[str, Path], tmp_path: Path) -> None:
    """A slider moves the sample and goes back; new noise, another sample and another class are others."""
    first, moved, back, new, chosen, of_a_class = asked(pages["generator"], tmp_path, CLICKS)
    assert first == back
    for one, other in itertools.combinations((first, moved, new, chosen, of_a_class), 2):
        assert one != other


def test_a_report_runs_its_script(pages: dict[str, Path], tmp_path: Path) -> None:
    assert 'aria-valuetext="epoch 2"' in opened(pages["report"], tmp_path)


@pytest.mark.parametrize(("width", "dark"), LOOKS)
@pytest.mark.parametrize("kind", ["generator", "report", "comparison"])
def test_pages_fit_phones_and_desktops_by_day_and_by_night(
    kind: str, width: int, dark: bool, pages: dict[str, Path], tmp_path: Path
) -> None:
    found = asked(pages[kind], tmp_path, SHAPE, width, dark)
    assert found["window"] == width
    assert found["wide"] <= width, "it has to be pushed from side to side"
    assert found["dark"] == dark
    ink, back = (
        sum(map(int, re.findall(r"\d+", colour)[:3]))
        for colour in (
            found["ink"],
            next(each for each in (found["body"], found["back"]) if "0)" not in each[-3:]),
        )
    )
    assert (ink > back) == dark, "letters are dark by day, and light by night"
