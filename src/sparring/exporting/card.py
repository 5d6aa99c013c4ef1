"""The model card: what a model is, for whom it is given to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sparring.data.kinds import Kind, kind_from
from sparring.evaluation.result import Evaluation, short
from sparring.shown import counted, visible_line


def card(
    config: Mapping[str, Any], evaluation: Evaluation | None, inputs: Mapping[str, str], kept: int = 0
) -> str:
    """A model card in Markdown, with a head in YAML as hubs want it.

    Args:
        config: the contents of config.json.
        evaluation: the figures that the run has, if any.
        inputs: of the ONNX file, for 64 samples, by name in terms of NumPy; none where there is no such file.
        kept: training examples that are among the weights, if any.
    """
    title, system = in_markdown(config["title"]), visible_line(config["system"])
    data = config["data"]
    kind, condition = kind_from(data["spec"]["examples"]), kind_from(config["condition"])
    names = condition.class_names
    shown = ", ".join(map(in_markdown, names[:20]))
    told = f", of {counted(len(names), 'class')} on demand: {shown}" if names else ""
    head = ["---", "library_name: sparring", "tags:", "- gan", f"- {system}"]
    head += [f"pipeline_tag: {kind.hub_task}"] if kind.hub_task and not condition.from_data else []
    parts = [
        "\n".join([*head, "---"]),
        f"# {title}",
        f"A generator of {kind.name}{told}. System `{system}`, {counted(config['step'], 'step')}, trained "
        f"with sparring {config['versions'].get('sparring', '')}.",
        f"![Samples](samples{config['suffix']})" if config["suffix"] == ".png" else "",
        f"## Trained on\n\n{in_markdown(data['summary'])}.{_kept(kept)}",
        _figures(evaluation),
        _use(config["suffix"], kind, condition, inputs),
        "## Limits\n\nIt makes what its training data has, with its gaps, "
        + ("all classes in turn unless one is asked for" if names else "in its proportions")
        + ". Samples may be near-copies of training examples"
        + (
            ": `memorised` in the figures says how many."
            if evaluation and "memorised" in evaluation.figures
            else "."
        ),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _kept(count: int) -> str:
    if not count:
        return ""
    return (
        f" `model.safetensors` holds {counted(count, 'example')} of these with its class, by which the "
        "probabilities of classes are fitted."
    )


def in_markdown(text: object) -> str:
    """A text in one line that Markdown shows as it stands: names may hold what it takes for signs of its own,
    or for HTML."""
    return re.sub(r"[\\`*_{}\[\]<>#|&~]", r"\\\g<0>", visible_line(text))


def _figures(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return "## Figures\n\nNone: these weights were not evaluated before they were exported."
    # A whole name may hold a path of whoever trained it.
    own = "its data" if evaluation.trained_on else "other data"
    named = replace(evaluation, data=own if ":" in evaluation.data else evaluation.data)
    samples = f"{counted(named.count, 'sample')}{named.made} against {named.compared_with}."
    rows = ["| figure | value | interval | real data | meaning |", "|---|---|---|---|---|"]
    for name, found in evaluation.figures.items():
        interval = "" if found.at_least else f"{short(found.low)} to {short(found.high)}"
        value, real = short(found.value, found.at_least), short(found.reference, found.reference_at_least)
        rows.append(f"| {name} | {value} | {interval} | {real} | {evaluation.about.get(name, '')} |")
    parts = [
        f"## Figures\n\n{evaluation.verdict.text}",
        in_markdown(samples),
        in_markdown(evaluation.caution() or ""),
        "\n".join(rows),
        evaluation.seen_through(),
    ]
    return "\n\n".join(filter(None, parts))


def _use(suffix: str, kind: Kind, condition: Kind, inputs: Mapping[str, str]) -> str:
    # What examples are made of is not in the folder: the user has it.
    use = (
        'from PIL import Image\n\nmodel.translate(Image.open("photo.png")).save("made.png")'
        if condition.from_data
        else f'model.sample(64, seed=1).save("samples{suffix}")'
    )
    lines = [
        "## Use",
        f'```python\nimport sparring\n\nmodel = sparring.load("path/to/this/folder")\n{use}\n```',
    ]
    if inputs:
        given = "".join(f'    "{name}": {value},\n' for name, value in inputs.items())
        lines.append(
            f"or without sparring, {kind.exported_as}:\n\n"
            "```python\nimport numpy as np\nimport onnxruntime\n\n"
            'session = onnxruntime.InferenceSession("model.onnx")\n'
            f"given = {{\n{given}}}\n"
            "(samples,) = session.run(None, given)\n```"
        )
        if condition.class_names:
            places = (
                f"{number} is {in_markdown(name)}" for number, name in enumerate(condition.class_names[:20])
            )
            lines.append(f"`condition` is the place of a class among all, from 0: {', '.join(places)}.")
    return "\n\n".join(lines)
