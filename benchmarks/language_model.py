"""What a step of `language-model` costs against the same step written with PyTorch's own layers and losses.

    OMP_NUM_THREADS=1 python benchmarks/language_model.py

Both have the sizes of SeqGAN's oracle: 64 texts of 20 tokens out of 5,000, 32 units. The plain version
computes all logits, their cross-entropy, clips, and takes a step of Adam; ours goes through the engine.
Printed is the median, over pairs of blocks that alternate in one process, of the ratio of their times, and
the quartiles.
"""

from __future__ import annotations

from collections.abc import Callable

import pairs
import torch
from torch import nn
from torch.nn import functional as F

from sparring.data.dataset import Column, Dataset
from sparring.data.kinds import Tokens
from sparring.processes import Processes
from sparring.training.engine import Engine
from sparring.zoo.language_model import LanguageModel

VOCABULARY, LENGTH, SIZE, BATCH = 5_000, 20, 32, 64
STEPS, PAIRS = 10, 12


def plain(texts: torch.Tensor) -> Callable[[], None]:
    """Steps of the straightforward version."""
    embedding, scores = nn.Embedding(VOCABULARY, SIZE), nn.Linear(SIZE, VOCABULARY)
    memory = nn.LSTM(SIZE, SIZE, batch_first=True)
    parameters = [*embedding.parameters(), *memory.parameters(), *scores.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-2)

    def steps() -> None:
        for batch in texts[: STEPS * BATCH].split(BATCH):
            logits = scores(memory(embedding(F.pad(batch[:, :-1], (1, 0))))[0])
            loss = F.cross_entropy(logits.flatten(0, 1), batch.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 5.0)
            optimizer.step()
            loss.item()

    return steps


def ours(texts: torch.Tensor) -> Callable[[], None]:
    """Steps of the system of the zoo."""
    kind = Tokens((LENGTH,), tuple(str(number) for number in range(VOCABULARY)))
    dataset = Dataset("random texts", Column(kind, texts))
    engine = Engine(
        LanguageModel, LanguageModel.Settings(), dataset, 10**6, 0, Processes(torch.device("cpu"))
    )

    def steps() -> None:
        for _ in range(STEPS):
            engine.play_round()

    return steps


if __name__ == "__main__":
    torch.set_num_threads(1)
    texts = torch.randint(VOCABULARY, (100 * BATCH, LENGTH))
    print(pairs.summary(pairs.ratios(ours(texts), plain(texts), PAIRS)))
