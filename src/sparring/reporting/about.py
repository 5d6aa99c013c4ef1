"""The section of a report that says what was trained, on what."""

from __future__ import annotations

from typing import Any

from sparring.reporting.facts import Facts, class_names, kind_text
from sparring.reporting.html import Html, Section, section, tag
from sparring.reporting.text import as_number, count_text, names_text, value_text
from sparring.shown import amount, visible
from sparring.zoo import short_name


def about_section(facts: Facts) -> Section:
    """System, data and length in words."""
    return section("The run", tag("dl", *(_fact(name, value) for name, value in _facts(facts).items())))


def _fact(name: str, value: str) -> Html:
    return Html(tag("dt", name) + tag("dd", value))


def _facts(facts: Facts) -> dict[str, str]:
    description = facts.description
    data, spec = description["data"], description["data"]["spec"]
    said = {"system": _system_text(facts)}
    if facts.system is not None and facts.system.paper:
        said["paper"] = facts.system.paper
    said["players"] = names_text(list(facts.players.values()))
    said["data"] = f"{visible(data['name'])}: {_spec_text(spec)}"
    parts = spec.get("parts")
    if isinstance(parts, dict) and parts:
        said["parts"] = names_text([f"{name}: {_spec_text(part)}" for name, part in parts.items()])
    classes = class_names(spec.get("condition"))
    if classes:
        said["classes"] = names_text(classes)
    said["generator is told"] = kind_text(description["condition"])
    said["length"] = _length_text(facts)
    if facts.timeline.phases:
        said["phases"] = _phases_text(facts)
    said["seed"] = count_text(description["seed"])
    said["folder"] = visible(facts.run.path)
    return said


def _spec_text(spec: Any) -> str:
    """How many examples of what, each with which condition."""
    if not isinstance(spec, dict):
        return value_text(spec)
    about = ", ".join(kind_text(spec.get(name)) for name in ("examples", "condition"))
    return f"{amount(count_text(spec.get('count', '–')), 'example')}, {about}"


def _phases_text(facts: Facts) -> str:
    """The phases so far, and where among them a run is that has not come to its end."""
    begun = [f"{mark.name} from step {count_text(mark.place)}" for mark in facts.timeline.phases]
    now = "" if facts.state == "finished" else f"; now {value_text(facts.status.get('phase', '–'))}"
    return names_text(begun) + now


def _system_text(facts: Facts) -> str:
    name = visible(short_name(facts.description["system"]))
    if facts.system is None:
        return f"{name} ({visible(facts.description['system'])})"
    return f"{name}: {facts.system.purpose}"


def _length_text(facts: Facts) -> str:
    epoch = as_number(facts.status.get("epoch"))
    passed = "" if epoch is None else f", {amount(f'{epoch:.4g}', 'epoch')}"
    asked = "" if facts.limit is None else f"; asked for: {facts.limit}"
    return f"{facts.progress}{passed}{asked}"
