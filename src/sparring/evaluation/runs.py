"""Evaluate a run, or samples from anywhere."""

from __future__ import annotations

from pathlib import Path

from sparring.data import load_dataset
from sparring.data.arrays import read_samples
from sparring.errors import SettingError
from sparring.evaluation.evaluate import Evaluation, evaluate_samples
from sparring.evaluation.features import load_extractor
from sparring.files import write_atomically
from sparring.model import load
from sparring.run import Run


def evaluate(
    target: Run | Path | str,
    count: int = 10_000,
    *,
    data: str | None = None,
    features: str | None = None,
    seed: int = 0,
    epoch: int | None = None,
    device: str = "auto",
) -> Evaluation:
    """Say how far generated examples are from real ones.

    Args:
        target: a run, or an `.npz` of samples with `images` or `points`, and `labels` where classes were
            asked for. The evaluation of a run is also written into it, as `evaluation.json`.
        count: how many samples to draw from a run, or to take of a file at the most.
        data: the real examples; by default what the run was trained on.
        features: what images are compared by: `digits`, `pixels`, or a file (see `load_extractor`); by
            default what suits the data.
        seed: of the samples, subsets and resamples.
        epoch: evaluate the networks kept after this epoch instead of the latest checkpoint.
        device: where to generate.

    Raises:
        SparringError: no such run or file, samples that are not shaped as the data, unknown features.
    """
    if str(target).endswith(".npz"):
        return _evaluate_file(Path(str(target)), count, data, features, seed)
    run = Run.open(target.path if isinstance(target, Run) else target)
    recorded = run.description["data"]
    if data is None:
        dataset = load_dataset(
            recorded["name"], size=recorded["size"], skip_bad_images=recorded["skip_bad_images"]
        )
    else:
        dataset = load_dataset(data, size=recorded["size"])
    samples = load(run, epoch, device).sample(count, seed=seed)
    evaluation = evaluate_samples(
        samples.examples,
        samples.labels,
        dataset,
        extractor=load_extractor(features) if features else None,
        seed=seed,
        checkpoint={"run": run.path.name, "step": run.status["step"], "epoch": epoch, "seed": seed},
    )
    write_atomically(run.path / "evaluation.json", evaluation.to_json().encode())
    return evaluation


def _evaluate_file(path: Path, count: int, data: str | None, features: str | None, seed: int) -> Evaluation:
    if data is None:
        raise SettingError(
            f"{path} does not say what it should look like: give --data, such as --data mnist."
        )
    examples, labels = read_samples(path)
    return evaluate_samples(
        examples[:count],
        None if labels is None else labels[:count],
        load_dataset(data),
        extractor=load_extractor(features) if features else None,
        seed=seed,
        checkpoint={"file": path.name},
    )
