"""Load the trained game of a run, or of a folder that `export` wrote."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from sparring.data.dataset import Dataset, spec_from
from sparring.data.kinds import kind_from
from sparring.errors import CheckpointError, DataError, SettingError
from sparring.exporting.hub import PREFIX, fetched
from sparring.exporting.layout import WEIGHTS, is_exported, read_config
from sparring.game import Game, GameSettings
from sparring.model import Model
from sparring.processes import join_processes
from sparring.randomness import Randomness, seeded_initialisation
from sparring.runs.checkpoint import read_weights, unpacked
from sparring.runs.description import white_of
from sparring.runs.folder import Run
from sparring.runs.origins import recorded_dataset, recorded_system, refuse_what_came_with
from sparring.zoo import find_system, short_name


def load(run: Run | Path | str, epoch: int | None = None, device: str = "auto", **sampling: float) -> Model:
    """The trained game of a run.

    Args:
        run: the run or its folder, or one that `export` wrote, or the name of such a one on the hub of
            Hugging Face, `hub:OWNER/NAME`, which is then fetched.
        epoch: an epoch whose networks were kept; by default the latest checkpoint.
        device: where to put it.
        sampling: settings of its `Game.sampling`, such as a temperature; by default as the run has them.

    Raises:
        SparringError: no such run, no checkpoint yet, a damaged one, one of another system, or a setting that
            says more than how samples are made.
    """
    if isinstance(run, str) and run.startswith(PREFIX):
        run = fetched(run)
    if not isinstance(run, Run) and is_exported(run):
        if epoch is not None:
            raise SettingError(
                f"{run} is an exported model, which has the networks of one moment: leave the epoch out."
            )
        return _exported(Path(run), device, sampling)
    (model,) = load_each(run, [sampling], epoch, device)
    return model


def load_each(
    run: Run | Path | str,
    samplings: Sequence[Mapping[str, float]],
    epoch: int | None = None,
    device: str = "auto",
) -> Iterator[Model]:
    """A model for each of some ways to make samples, all of the same moment, though the run may go on.

    Args:
        run: the run or its folder.
        samplings: the settings of each, as `load` takes them.
        epoch: as `load` takes it.
        device: likewise.

    Raises:
        SparringError: as `load` does.
    """
    run = Run.open(run.path if isinstance(run, Run) else run)
    game_class = recorded_system(run)
    networks, step = _saved(run) if epoch is None else (run.kept_networks(epoch), None)
    for sampling in samplings:
        yield _model(
            game_class,
            run.description,
            networks,
            run.path,
            device,
            sampling,
            lambda: recorded_dataset(run).in_range(*game_class.value_range),
            step,
        )


def _saved(run: Run) -> tuple[dict[str, Tensor], int]:
    """The networks of the latest checkpoint, and its step."""
    checkpoint = run.checkpoints.latest()
    if checkpoint is None:
        raise CheckpointError(
            f"{run.path} has no checkpoint yet: wait for its first, or go on with "
            f"`sparring resume {run.path}`."
        )
    if checkpoint.step == 0:
        warnings.warn(
            f"{run.path} has saved its beginning alone: its networks have learnt nothing.", stacklevel=4
        )
    return checkpoint.networks, checkpoint.step


def _exported(path: Path, device: str, sampling: Mapping[str, float]) -> Model:
    """The model in a folder that `export` wrote."""
    config = read_config(path)
    if ":" in config["system"]:
        refuse_what_came_with(path, "system", config["system"])
    networks = unpacked(read_weights(path / WEIGHTS), path / WEIGHTS)

    def no_data() -> Dataset:
        raise DataError(f"{path} is an exported model, which has no data: use the run itself.")

    return _model(find_system(config["system"]), config, networks, path, device, sampling, no_data)


def _model(
    game_class: type[Game],
    described: Mapping[str, Any],
    networks: dict[str, Tensor],
    path: Path,
    device: str,
    sampling: Mapping[str, float],
    dataset: Callable[[], Dataset],
    step: int | None = None,
) -> Model:
    """A game as a folder describes it, with the weights in it."""
    spec = spec_from(described["data"]["spec"], game_class.value_range)
    condition = kind_from(described["condition"]).in_range(*game_class.value_range)
    settings = game_class.Settings.of(described["settings"], str(path))
    settings = with_sampling(game_class, settings, sampling)
    processes = join_processes(device)
    # Not before: weights are refused where they are of other settings, however large their networks are.
    with seeded_initialisation(described["seed"]):
        game = game_class(settings, spec, Randomness(0, processes.device)).to(processes.device)
    check_networks(game, networks, f"{path} ({short_name(described['system'])})")
    game.load_state_dict(networks)
    data = described["data"]
    game.tricks.rest(game)
    return Model(game, condition, dataset, white_of(data), data.get("fit", "crop"), step)


def with_sampling(system: type[Game], settings: GameSettings, sampling: Mapping[str, float]) -> GameSettings:
    """Settings with others for how samples are made.

    Raises:
        SettingError: one says more than that, or has a value that it does not accept.
    """
    for name in sampling:
        if name not in system.sampling:
            raise SettingError(
                f"{system.__name__} cannot be given another '{name}' once it is trained: "
                f"{' and '.join(system.sampling) or 'no setting'} may change where samples are made."
            )
    changed: dict[str, Any] = dict(sampling)
    return dataclasses.replace(settings, **changed)


def check_networks(game: Game, networks: dict[str, Tensor], owner: str) -> None:
    """Raise CheckpointError unless saved tensors are such as a game has.

    Args:
        game: for which they are meant.
        networks: by name.
        owner: whose they are, in words.
    """
    expected = {name: _form(tensor) for name, tensor in game.state_dict().items()}
    found = {name: _form(tensor) for name, tensor in networks.items()}
    if expected != found:
        wrong = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )
        raise CheckpointError(
            f"The checkpoint of {owner} is of another system or other settings: '{wrong[0]}' is "
            f"{found.get(wrong[0], 'missing')} in it and should be {expected.get(wrong[0], 'absent')}."
        )


def _form(tensor: Tensor) -> str:
    """Shape and type of a tensor in words."""
    return f"{tuple(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"
