"""HTML in which everything is text unless it was made here: elements escape whatever they are given."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable
from pathlib import Path

from sparring.errors import SettingError
from sparring.reporting.script import SCRIPT
from sparring.reporting.style import STYLE
from sparring.runs.files import write_atomically
from sparring.shown import visible

_WITHOUT_CONTENT = frozenset({"img", "input", "meta"})


class Html(str):
    """Markup that is safe to put on a page."""

    __slots__ = ()


Child = str | Iterable["Child"] | None
"""What stands within an element: Html as it is, any other string escaped, None not at all."""


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Html:
    """An element.

    Args:
        name: of the element.
        children: its contents.
        attributes: their names, with `_` for `-` and at the end of Python's keywords (`class_`); True writes
            the name alone, None and False leave the attribute out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _WITHOUT_CONTENT:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """Contents without an element around them."""
    return Html("".join(_child(child) for child in children))


def _child(child: Child) -> str:
    if child is None or isinstance(child, Html):
        return child or ""
    return html.escape(visible(child)) if isinstance(child, str) else join(*child)


def _attribute(name: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(visible(value))}"'


class Section(Html):
    """A part of a page under its heading."""

    heading: str


def section(title: str, *children: Child) -> Section:
    """A part of a page under its heading, to which the contents lead."""
    made = Section(tag("section", tag("h2", title, id=_anchor(title)), *children))
    made.heading = title
    return made


def contents(sections: Iterable[Section]) -> Html:
    """Links to the sections of a page."""
    links = [tag("a", each.heading, href=f"#{_anchor(each.heading)}") for each in sections]
    return tag("nav", *links, aria_label="contents")


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def paragraph(*children: Child, class_: str | None = None) -> Html:
    """A paragraph."""
    return tag("p", *children, class_=class_)


def prose(text: str) -> Html:
    """A text in which what stands between backticks is code."""
    return join(*(tag("code", part) if place % 2 else part for place, part in enumerate(text.split("`"))))


def command(text: str) -> Html:
    """A command as one copies it."""
    return tag("pre", tag("code", text), class_="command")


def table(header: Iterable[Child], rows: Iterable[Html]) -> Html:
    """A table in a box that scrolls where the page is too narrow for it."""
    head = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in header)))
    return tag("div", tag("table", head, tag("tbody", *rows)), class_="scroll")


def table_row(*cells: Child, class_: str | None = None) -> Html:
    """A row of a table, whose first cell names it."""
    first, *others = cells
    return tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in others), class_=class_)


def with_interval(number: str, interval: str) -> Html:
    """A number with its interval, if it has one, below it."""
    return join(number, tag("span", interval, class_="range") if interval else None)


def image(png: bytes, description: str, width: int, height: int) -> Html:
    """A picture within the page; a small one is enlarged by a whole number, so that pixels stay square."""
    scale = max(1, 640 // width)
    return tag(
        "img",
        src=f"data:image/png;base64,{base64.b64encode(png).decode()}",
        alt=description,
        width=width * scale,
        height=height * scale,
        class_="pixels" if scale > 1 else None,
    )


def page(title: str, *children: Child, script: str = SCRIPT, style: str = STYLE) -> str:
    """A whole document that loads nothing, and that a browser will not let load anything.

    Args:
        title: of the document.
        children: what is on the page.
        script: the only one that a browser will run.
        style: how it looks.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(style)),
    )
    body = tag("body", tag("main", *children), tag("script", Html(script)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def check_page_file(path: Path | str) -> Path:
    """The path, if a page can be written under such a name.

    Raises:
        SettingError: its ending is not .html.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise SettingError(f"A page is written as .html, so that browsers open it, not as '{path.name}'.")
    return path


def write_page(path: Path, text: str) -> None:
    """Write a page, whole or not at all."""
    write_atomically(path, text.encode())
