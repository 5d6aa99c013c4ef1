"""The model card: what a model is, for whom it is given to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparring.evaluation.result import Evaluation
from sparring.shown import visible_line

TASKS = {"images": "unconditional-image-generation"}
"""What hubs call the task of a model, by the kind of what it generates."""


def card(config: Mapping[str, Any], evaluation: Evaluation | None, noise: str | None) -> str:
    """A model card in Markdown, with a head in YAML as hubs want it.

    Args:
        config: the contents of config.json.
        evaluation: the figures that the run has, if any.
        noise: of 64 samples, in terms of NumPy, where there is an ONNX file.
    """
    title, system = visible_line(config["title"]), visible_line(config["system"])
    data = config["data"]
    kind = data["spec"]["examples"]["kind"]
    names = config["condition"].get("names", [])
    told = f", of {len(names)} classes on demand: {', '.join(map(visible_line, names[:20]))}" if names else ""
    head = ["---", "library_name: sparring", "tags:", "- gan", f"- {system}"]
    head += [f"pipeline_tag: {TASKS[kind]}"] if kind in TASKS else []
    parts = [
        "\n".join([*head, "---"]),
        f"# {title}",
        f"A generator of {kind}{told}. System `{system}`, {config['step']:,} steps, trained with sparring "
        f"{config['versions'].get('sparring', '')}.",
        f"![Samples](samples{config['suffix']})" if config["suffix"] == ".png" else "",
        f"## Trained on\n\n{visible_line(data['summary'])}.",
        _figures(evaluation),
        _use(config, noise),
        "## Limits\n\nIt makes what its training data has, in its proportions, with its gaps. Samples may be "
        "near-copies of training examples: `memorised` in the figures says how many.",
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _figures(evaluation: Evaluation | None) -> str:
    if evaluation is None:
        return "## Figures\n\nNone: the run was exported before it was evaluated."
    rows = ["| figure | value | interval | real data | meaning |", "|---|---|---|---|---|"]
    for name, found in evaluation.figures.items():
        interval = "" if found.low is None else f"{found.low:.4g} to {found.high:.4g}"
        real = "" if found.reference is None else f"{found.reference:.4g}"
        rows.append(
            f"| {name} | {found.value:.4g} | {interval} | {real} | {evaluation.about.get(name, '')} |"
        )
    return (
        f"## Figures\n\n{evaluation.verdict.text}\n\n" + "\n".join(rows) + f"\n\n{evaluation.seen_through()}"
    )


def _use(config: Mapping[str, Any], noise: str | None) -> str:
    lines = [
        "## Use",
        '```python\nimport sparring\n\nmodel = sparring.load("path/to/this/folder")\n'
        f'model.sample(64, seed=1).save("samples{config["suffix"]}")\n```',
    ]
    if noise:
        told = bool(config["condition"].get("names"))
        more = ', "condition": np.zeros(64, np.int64)' if told else ""
        lines.append(
            "or without sparring, images from 0 to 1 as count x channels x height x width:\n\n"
            "```python\nimport numpy as np\nimport onnxruntime\n\n"
            'session = onnxruntime.InferenceSession("model.onnx")\n'
            f"noise = {noise}\n"
            f'(samples,) = session.run(None, {{"noise": noise.astype(np.float32){more}}})\n```'
        )
    return "\n\n".join(lines)
