"""A recurrent network that writes texts, token by token."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sparring.nn.draws import Draws
from sparring.nn.surprise import summed_surprise

START = 0
"""The token that stands before every text."""
State = tuple[Tensor, Tensor]
"""What the network remembers of what it has read: two tensors (1, count, hidden)."""


class Writer(nn.Module):
    """One LSTM between an embedding of tokens and a linear layer that scores what may come next.

    PyTorch's LSTM has two biases for each gate; their sum is the one of the equations.

    Args:
        vocabulary: number of tokens.
        embedding_size: numbers that stand for a token.
        hidden_size: numbers that stand for what has been read.
    """

    def __init__(self, vocabulary: int, embedding_size: int, hidden_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding_size)
        self.memory = nn.LSTM(embedding_size, hidden_size, batch_first=True)
        self.scores = nn.Linear(hidden_size, vocabulary)

    def read(self, tokens: Tensor) -> Tensor:
        """What is remembered before each token of texts (count, length): (count, length, hidden)."""
        before: Tensor = self.memory(self.embedding(F.pad(tokens[:, :-1], (1, 0), value=START)))[0]
        return before

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (count, length, vocabulary) of each token of texts, from those before it."""
        logits: Tensor = self.scores(self.read(tokens))
        return logits

    def surprise(self, tokens: Tensor, weights: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        """-log p of each token given those before it, in nats.

        Args:
            tokens: texts, int64 (count, length).
            weights: what each token counts for in the sum, (count, length).
            temperature: divides the scores, as when texts are written.

        Returns:
            The weighted sum, which can be differentiated, and what each token adds to it without its weight,
            (count, length), which cannot.
        """
        hidden = self.read(tokens)
        # Before the first token all texts are alike: it is scored once for all of them.
        later = hidden[:, 1:].flatten(0, 1)
        rows = F.pad(torch.arange(len(later), device=tokens.device).view_as(tokens[:, 1:]) + 1, (1, 0))
        total, each = summed_surprise(
            torch.cat([hidden[:1, 0], later]) / temperature,
            self.scores.weight,
            self.scores.bias / temperature,
            tokens.flatten(),
            weights.flatten(),
            rows.flatten(),
        )
        return total, each.view_as(tokens)

    def begin(self, count: int) -> tuple[Tensor, State]:
        """What comes before the first token of so many texts: the start, and a memory of nothing."""
        weight = self.scores.weight
        nothing = weight.new_zeros(1, count, self.memory.hidden_size)
        return torch.full((count,), START, device=weight.device), (nothing, nothing)

    def draws(self, temperature: float = 1.0) -> Draws:
        """What takes a token by its chances, of what is remembered before it.

        Args:
            temperature: divides the scores; below 1 the likely becomes likelier.
        """
        return Draws(self.scores.weight, self.scores.bias, temperature)

    def remember(self, token: Tensor, state: State) -> tuple[Tensor, State]:
        """What is remembered after one more token of each text, int64 (count,): as it is scored by, (count,
        hidden), and as it is gone on from."""
        hidden, state = self.memory(self.embedding(token)[:, None], state)
        return hidden[:, 0], state

    def write(self, noise: Tensor, temperature: float = 1.0) -> Tensor:
        """Texts, int64 (count, length), from noise of U(0, 1), (count, length)."""
        draws, (token, state) = self.draws(temperature), self.begin(len(noise))
        tokens = []
        for part in noise.unbind(1):
            hidden, state = self.remember(token, state)
            token = draws(hidden, part)
            tokens.append(token)
        return torch.stack(tokens, 1)

    def write_softly(self, noise: Tensor, sharpness: float) -> tuple[Tensor, Tensor]:
        """Texts as they are and as shares of all tokens that a gradient goes through.

        Args:
            noise: of a standard Gumbel distribution, (count, length, vocabulary): the largest of scores with
                such noise is a draw from their softmax.
            sharpness: what the noisy scores are multiplied by before the softmax; the larger, the nearer are
                shares to 0 and 1.

        Returns:
            The shares, (count, length, vocabulary), and the tokens, int64 (count, length).
        """
        token, state = self.begin(len(noise))
        shares, tokens = [], []
        for part in noise.unbind(1):
            hidden, state = self.remember(token, state)
            noisy = self.scores(hidden) + part
            token = noisy.argmax(1)
            tokens.append(token)
            shares.append((sharpness * noisy).softmax(1))
        return torch.stack(shares, 1), torch.stack(tokens, 1)

    def complete(self, texts: Tensor, noise: Tensor) -> Tensor:
        """Every beginning of texts written to its end, in several ways; all at once, each going on from what
        is remembered of its beginning.

        Args:
            texts: int64 (count, length).
            noise: from U(0, 1), (count, ways, length - 1, length): for each text, way, beginning and token.

        Returns:
            int64 (length - 1, count, ways, length): first those that keep one token, then two, and so on.
        """
        count, ways, _, length = noise.shape
        draws = self.draws()
        whole = texts[:, None].expand(length - 1, count, ways, length).clone()
        token, (hidden, cell) = self.begin(count)
        rows = hidden.new_zeros(1, 0, hidden.shape[2])
        written, memory = token[:0], (rows, rows)
        for place in range(1, length):
            # The texts are read up to the token at hand, from which one more beginning goes on.
            _, (hidden, cell) = self.remember(token, (hidden, cell))
            token = texts[:, place - 1]
            written = torch.cat([written, token.repeat_interleave(ways)])
            new = (part.repeat_interleave(ways, 1) for part in (hidden, cell))
            hiddens, cells = (torch.cat(pair, 1) for pair in zip(memory, new, strict=True))
            falls = noise[:, :, :place, place].permute(2, 0, 1)
            remembered, memory = self.remember(written, (hiddens, cells))
            written = draws(remembered, falls.flatten())
            whole[:place, :, :, place] = written.view(place, count, ways)
        return whole
