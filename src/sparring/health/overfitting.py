"""Overfitting: what a critic says of the examples that it trains on, beside what it says of others."""

from __future__ import annotations

import torch
from torch import Tensor

from sparring.data.dataset import Batch, Dataset, batch_of
from sparring.game import Role, Terms, Turn
from sparring.nn.modes import inference
from sparring.randomness import Randomness
from sparring.training.engine import Engine
from sparring.training.meter import Values

JUDGED = 64
"""Examples of either kind that are judged in a check."""
MOST_EXAMPLES = 10_000
"""Data sets of up to so many examples are watched; larger ones are seldom learnt by heart."""
GAP = "logit_gap"
"""What a critic's loss observes: how much higher real examples score than generated ones."""


class OverfittingVitals:
    """Compares a critic's scores of training examples with those of held-out ones.

    Both times against the same generated examples, as a loss does it in training: so whatever a critic is
    told and shown is as it always is. A critic that has learnt its examples by heart knows them from
    generated ones, and held-out ones hardly (Karras et al. 2020, arXiv:2006.06676, section 3.1).

    Args:
        engine: whose critics are watched.
        random: decides which examples are judged.
    """

    def __init__(self, engine: Engine, random: Randomness) -> None:
        self.engine = engine
        self.random = random
        held_out = engine.dataset.held_out
        few = held_out is not None and len(engine.dataset) <= MOST_EXAMPLES
        self.held_out = held_out if few else None

    def measure(self) -> Values:
        """Of every critic that takes turns, `CRITIC/gap_training` and `CRITIC/gap_held_out`: how much higher
        real examples of either kind score than generated ones. The game is left, bit for bit, as it was."""
        if self.held_out is None:
            return {}
        self.random.begin(f"step {self.engine.step}")
        trained_on, others = (self._some(data) for data in (self.engine.dataset, self.held_out))
        values: Values = {}
        for player, turn in self._turns().items():
            gaps = [self._gap(turn, batch) for batch in (trained_on, others)]
            if None not in gaps:
                values |= {f"{player}/gap_training": gaps[0] or 0.0, f"{player}/gap_held_out": gaps[1] or 0.0}
        return values

    def _turns(self) -> dict[str, Turn]:
        """A turn of each critic that looks at one source alone, which has to be the data itself."""
        source, *_ = self.engine.streams
        turns = self.engine.course.behind(self.engine.step).phase.turns
        roles = {name: player.role for name, player in self.engine.players.items()}
        return {
            turn.player: turn
            for turn in turns
            if roles[turn.player] == Role.CRITIC and turn.sources == (source,)
        }

    def _some(self, data: Dataset) -> Batch:
        """Some examples, dealt as if they were training examples: some games have noise for each of these."""
        count = min(JUDGED, len(data), len(self.engine.dataset))
        chosen = self.random.permutation(len(data))[:count].cpu()
        batch = batch_of(data, chosen)
        device = self.engine.processes.device
        return Batch(
            batch.examples.to(device), batch.condition.to(device), torch.arange(count, device=device)
        )

    def _gap(self, turn: Turn, batch: Batch) -> float | None:
        game = self.engine.game
        before = [(buffer, buffer.clone()) for buffer in game.buffers()]
        # As in the critic's turn: a loss may differentiate, and is refused where nothing asks for gradients.
        self.engine.free_only(turn.player)
        try:
            with game.random.aside("overfitting"), inference(game):
                terms = turn.loss(batch)
        finally:
            for buffer, value in before:
                buffer.data.copy_(value)
        gap: Tensor | None = terms.observed.get(GAP) if isinstance(terms, Terms) else None
        return None if gap is None else gap.item()
