"""A trained game as one uses it: `load` a run, `sample` from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from sparring.data.arrays import save_samples
from sparring.data.dataset import Dataset, DataSpec, to_bytes
from sparring.errors import CheckpointError, RunError, SettingError, nearest
from sparring.files import write_atomically
from sparring.game import Game
from sparring.plots import grid_png, points_png
from sparring.processes import join_processes
from sparring.randomness import Randomness, derived_seed, seeded_initialisation
from sparring.run import Run
from sparring.zoo import find_system, short_name

SAMPLE_BATCH = 250
"""Examples generated at a time; fixed, so that the same seed gives the same samples."""
MOST_COLUMNS = 20
"""Classes shown in a picture at the most."""
POINTS_SHOWN = 2500


@dataclass(frozen=True, eq=False)
class Samples:
    """Generated examples."""

    examples: Tensor
    """Images as uint8 (count, channels, height, width), or points as float32 (count, dimensions)."""
    labels: Tensor | None
    """The classes asked for, int64 (count,); None for a system that is not told classes."""

    def save(self, path: Path | str, columns: int = 10) -> None:
        """Write a picture (`.png`) or the arrays (`.npz`) of the samples.

        Raises:
            SettingError: the file's ending is neither.
            RunError: it cannot be written.
        """
        path = check_samples_file(path)
        if path.suffix.lower() == ".npz":
            save_samples(path, self.examples, self.labels)
        else:
            write_atomically(path, self.picture(columns))

    def picture(self, columns: int = 10) -> bytes:
        """A PNG of the samples, row by row."""
        if self.examples.dim() == 2:
            return points_png(self.examples, self.examples, None)
        columns = min(columns, len(self.examples))
        rows = -(-len(self.examples) // columns)
        missing = rows * columns - len(self.examples)
        blank = self.examples.new_full((missing, *self.examples.shape[1:]), 255)
        return grid_png(torch.cat([self.examples, blank]).unflatten(0, (rows, columns)))


def check_samples_file(path: Path | str) -> Path:
    """The path, if samples can be written under such a name.

    Raises:
        SettingError: its ending is neither .png nor .npz.
    """
    path = Path(path)
    if path.suffix.lower() not in (".png", ".npz"):
        raise SettingError(f"Samples are written as .png (a picture) or .npz (arrays), not as '{path.name}'.")
    return path


class Model:
    """A trained game, ready to be sampled.

    Args:
        game: the game with its weights.
        class_names: a name for each class.
    """

    def __init__(self, game: Game, class_names: tuple[str, ...] = ()) -> None:
        self.game = game.eval()
        self.class_names = class_names

    def sample(self, count: int = 100, label: int | str | None = None, seed: int = 0) -> Samples:
        """Generate examples; the same seed gives the same ones.

        Args:
            count: how many.
            label: a class, by number or name, for all of them; by default all classes in turn.
            seed: decides the noise.

        Raises:
            SettingError: count below 1, seed below 0, or a label that the system cannot be told.
        """
        if count < 1:
            raise SettingError(f"count is {count}: it must be at least 1.")
        if seed < 0:
            raise SettingError(f"seed is {seed}: it must be at least 0.")
        random = Randomness(derived_seed(seed, "samples"), self._device)
        labels = self._labels(count, label)
        latent = torch.cat([self.game.latent(SAMPLE_BATCH, random) for _ in range(0, count, SAMPLE_BATCH)])[
            :count
        ]
        return Samples(generate_bytes(self.game, latent, labels), None if labels is None else labels.cpu())

    @property
    def _device(self) -> torch.device:
        return next(self.game.parameters()).device

    def _labels(self, count: int, label: int | str | None) -> Tensor | None:
        if not self.game.conditional:
            if label is not None:
                raise SettingError("This system was not told classes while it trained: leave --label out.")
            return None
        if label is None:
            return torch.arange(count, device=self._device) % self.game.data.classes
        return torch.full((count,), self._label_number(label), device=self._device)

    def _label_number(self, label: int | str) -> int:
        if str(label) in self.class_names:
            return self.class_names.index(str(label))
        if str(label).isdecimal() and int(label) < self.game.data.classes:
            return int(label)
        names = ", ".join(self.class_names[:MOST_COLUMNS])
        raise SettingError(
            f"There is no class '{label}'.{nearest(str(label), self.class_names)} The classes are: {names}."
        )


def load(run: Run | Path | str, epoch: int | None = None, device: str = "auto") -> Model:
    """The trained game of a run.

    Args:
        run: the run or its folder.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to put it.

    Raises:
        SparringError: no such run, no checkpoint yet, a damaged one, or one of another system.
    """
    run = Run.open(run.path if isinstance(run, Run) else run)
    described = run.description
    game_class = recorded_system(run)
    data = described["data"]
    spec = DataSpec(tuple(data["shape"]), len(data["class_names"]), data["count"])
    settings = game_class.Settings.of(described["settings"], str(run.path / "run.json"))
    processes = join_processes(device)
    with seeded_initialisation(described["seed"]):
        game = game_class(settings, spec, Randomness(0, processes.device)).to(processes.device)
    if epoch is None:
        checkpoint = run.latest()
        if checkpoint is None:
            raise CheckpointError(
                f"{run.path} has no checkpoint yet: wait for its first, or go on with "
                f"`sparring resume {run.path}`."
            )
        networks = checkpoint.networks
    else:
        networks = run.kept_networks(epoch)
    load_networks(game, networks, f"{run.path} ({short_name(described['system'])})")
    return Model(game, tuple(data["class_names"]))


def recorded_system(run: Run) -> type[Game]:
    """The class of a run's system.

    Opening a stranger's run must not run code that came with it. So a system of one's own is taken only from
    the full path that `train` recorded, and never from within the run.

    Raises:
        RunError: the path is relative, leads through links, or lies in the run folder.
        SettingError: there is no such system.
    """
    reference = run.description["system"]
    if ":" in reference:
        file, folder = Path(reference.rpartition(":")[0]), run.path.resolve()
        # A path through links, such as the system's own link to the current folder, is as good as relative.
        if not file.is_absolute() or file != file.resolve() or file.is_relative_to(folder):
            raise RunError(
                f"{run.path} names its system as {reference}, which may have come with the run: a system of "
                "one's own is only taken from a full path, without links, outside the run folder."
            )
    return find_system(reference)


def load_networks(game: Game, networks: dict[str, Tensor], owner: str) -> None:
    """Put saved tensors into a game.

    Raises:
        CheckpointError: they are not this game's.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in game.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in networks.items()}
    if expected != found:
        wrong = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )
        raise CheckpointError(
            f"The checkpoint of {owner} is of another system or other settings: '{wrong[0]}' is "
            f"{found.get(wrong[0], 'missing')} in it and should be {expected.get(wrong[0], 'absent')}."
        )
    game.load_state_dict(networks)


@torch.no_grad()
def generate_bytes(game: Game, latent: Tensor, labels: Tensor | None) -> Tensor:
    """Examples from latents in evaluation mode: images as bytes, points as they are; on the CPU."""
    training = game.training
    game.eval()
    parts = []
    for start in range(0, len(latent), SAMPLE_BATCH):
        chosen = slice(start, start + SAMPLE_BATCH)
        examples: Tensor = game.sample(latent[chosen], None if labels is None else labels[chosen])
        parts.append(to_bytes(examples, game.value_range) if game.data.is_image else examples)
    game.train(training)
    return torch.cat(parts).cpu()


def sample_picture(game: Game, dataset: Dataset, seed: int, epoch: float) -> bytes:
    """The run's sample picture as PNG, from latents that depend on the seed alone.

    Images stand in the game's grid. A conditional system has one column for each class, and the same noise
    along a row; if the game wants it, a white column and real images sorted by class stand beside them.
    """
    device = next(game.parameters()).device
    random = Randomness(derived_seed(seed, "picture"), device)
    if not game.data.is_image:
        points = generate_bytes(game, game.latent(POINTS_SHOWN, random), None)
        return points_png(points, dataset.examples, dataset.mixture)
    rows, columns = game.grid
    labels = None
    if game.conditional:
        columns = min(game.data.classes, MOST_COLUMNS)
        latent = game.latent(rows, random).repeat_interleave(columns, dim=0)
        labels = torch.arange(columns, device=device).repeat(rows)
    else:
        latent = game.latent(rows * columns, random)
    blocks = [generate_bytes(game, latent, labels).unflatten(0, (rows, columns))]
    if game.shows_real:
        blocks.append(_real_block(dataset, rows, columns, epoch))
    return grid_png(*blocks)


def _real_block(dataset: Dataset, rows: int, columns: int, epoch: float) -> Tensor:
    """Real images, other ones each epoch, sorted by class down the columns."""
    first = max(0, int(epoch) - 1) * rows * columns
    chosen = (torch.arange(rows * columns) + first) % len(dataset)
    if dataset.labels is not None:
        chosen = chosen[dataset.labels[chosen].argsort(stable=True)]
    return dataset.examples[chosen].reshape(columns, rows, *dataset.spec.shape).transpose(0, 1)


def sample(
    run: Run | Path | str,
    count: int = 100,
    *,
    label: int | str | None = None,
    seed: int = 0,
    epoch: int | None = None,
    device: str = "auto",
) -> Samples:
    """Generate examples from a run: `load(run, epoch, device).sample(count, label, seed)`."""
    return load(run, epoch, device).sample(count, label, seed)
