"""Draws the figures of docs/why-gans-fail.md from real runs, in two or three minutes on one thread.

    python docs/figures/why_gans_fail.py [NAME ...]

Without names, all of them are drawn. Every figure is the same each time on the same machine.
"""

from __future__ import annotations

import io
import math
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.style
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

import sparring
from sparring.data.kinds import Points
from sparring.nn.networks import build_critic, build_generator, no_norm
from sparring.objectives import MINIMAX, NON_SATURATING
from sparring.penalties import gradient_penalty, input_gradient, zero_centred_penalty
from sparring.randomness import Randomness, seeded_initialisation
from sparring.zoo.dcgan import DCGAN

IMAGES = Path(__file__).parents[1] / "images"
BLUE, ORANGE, GREEN, RED, GREY = "#2563eb", "#d9700a", "#0f8a5f", "#c42b4f", "#6b7280"
QUIET: dict[str, Any] = {"preset": "paper", "threads": 1, "quiet": True, "device": "cpu", "seed": 0}
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
}


# -- mode collapse -----------------------------------------------------------------------------------------


class PlainDCGAN(DCGAN):
    """`dcgan` whose generator has no batch normalisation: the toy of Metz et al. 2017, section 3.1."""

    def built(self, role: sparring.Role, network: nn.Module) -> Any:
        """The network of `dcgan`, or another generator in its place."""
        if role is sparring.Role.GENERATOR:
            s = self.settings
            network = build_generator(
                self.data, s.latent_size, norm=no_norm, width=s.width, units=s.point_units
            )
        return super().built(role, network)


def mode_collapse() -> Figure:
    """Points on the ring over time, of `dcgan` without and with batch normalisation in its generator."""
    moments = (1500, 2000, 2500)
    rates = {"generator_lr": 1e-3, "discriminator_lr": 1e-4}
    collapsing = points_over_time(f"{__file__}:PlainDCGAN", moments, **rates)
    (covering,) = points_over_time("dcgan", moments[-1:], **rates)
    figure = new_figure(9.6, 2.75)
    panels = figure.subplots(1, 4, sharex=True, sharey=True)
    for axes, points, step in zip(panels, collapsing, moments, strict=False):
        draw_ring(axes, points, RED)
        axes.set_title(f"no batch norm, step {step:,}")
    draw_ring(panels[-1], covering, BLUE)
    panels[-1].set_title(f"batch norm, step {moments[-1]:,}")
    return figure


def points_over_time(system: str, moments: Sequence[int], **settings: Any) -> list[Tensor]:
    """1000 samples, (1000, 2), of one run on the ring after each of so many steps."""
    with tempfile.TemporaryDirectory() as folder:
        first, *later = moments
        run = sparring.train(system, data="ring", out=f"{folder}/run", max_steps=first, **QUIET, **settings)
        shots = [sparring.load(run).sample(1000).examples]
        for moment in later:
            run = sparring.resume(run.path, max_steps=moment, quiet=True)
            shots.append(sparring.load(run).sample(1000).examples)
        return shots


def draw_ring(axes: Axes, points: Tensor, colour: str) -> None:
    """Points, (count, 2), over the modes of the ring."""
    centres = sparring.load_dataset("ring").truth.centres
    assert centres is not None
    axes.scatter(
        centres[:, 0],
        centres[:, 1],
        s=170,
        facecolors="#e5e7eb",
        edgecolors=GREY,
        linewidths=0.8,
        zorder=2,
    )
    axes.scatter(points[:, 0], points[:, 1], s=5, color=colour, linewidths=0, alpha=0.7, zorder=3)
    axes.set(xlim=(-1.45, 1.45), ylim=(-1.45, 1.45), aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))


# -- vanishing gradients -----------------------------------------------------------------------------------


def vanishing_gradient() -> Figure:
    """The slope of both generator losses, the gradients that they give `gan` on MNIST, and what it draws."""
    steps = 1500
    losses = {True: ("log(1 - D)", RED), False: ("-log D", BLUE)}
    figure = new_figure(9.6, 3.1)
    slopes, norms, pictures = figure.subplots(1, 3, width_ratios=(1, 1.3, 1))
    logits = torch.linspace(-10, 6, 200)
    for saturating, (name, colour) in losses.items():
        slopes.plot(logits, slope(logits, saturating), color=colour, label=name)
        for turns, line in ((1, "-"), (5, ":")):
            seen, gradients, samples = play_gan(steps, saturating=saturating, discriminator_steps=turns)
            norms.semilogy(seen, gradients, line, color=colour, label=f"{name}, k = {turns}")
            if turns == 1:
                draw_digits(pictures, samples, 0 if saturating else 64, name, colour)
    slopes.set(
        title="slope of the generator's loss", xlabel="logit of D for a generated image", ylabel="size"
    )
    slopes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22))
    norms.set(title="length of the generator's gradient: gan, MNIST", xlabel="step")
    norms.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.22))
    pictures.set(title=f"samples at step {steps:,}, k = 1")
    return figure


def slope(logits: Tensor, saturating: bool) -> Tensor:
    """Size of the derivative of the generator's loss by each logit."""
    logits = logits.clone().requires_grad_()
    objective = MINIMAX if saturating else NON_SATURATING
    (gradient,) = torch.autograd.grad(objective.deceive(logits).sum(), logits)
    return gradient.abs()


def play_gan(steps: int, **settings: Any) -> tuple[list[int], list[float], Tensor]:
    """Steps, lengths of the generator's gradient there, and the last samples, of a `gan` on MNIST."""
    with tempfile.TemporaryDirectory() as folder:
        run = sparring.train(
            "gan", out=f"{folder}/run", max_steps=steps, health_every=20, **QUIET, **settings
        )
        rows = [row for row in run.history() if row["kind"] == "health"]
        samples = sparring.load(run).sample(12).examples
    return [row["step"] for row in rows], [row["generator/gradient_norm"] for row in rows], samples


def draw_digits(axes: Axes, images: Tensor, top: int, name: str, colour: str) -> None:
    """12 images, (12, 1, 28, 28), as two rows from so many pixels downwards, with a name beside them."""
    rows = images.reshape(2, 6, 28, 28).permute(0, 2, 1, 3).reshape(56, 168)
    axes.imshow(rows, cmap="Greys_r", extent=(0, 168, top + 56, top), aspect="equal")
    axes.text(-5, top + 28, name, color=colour, rotation=90, ha="right", va="center")
    axes.set(xlim=(0, 168), ylim=(120, 0), xticks=(), yticks=())
    axes.grid(False)
    axes.spines[:].set_visible(False)


# -- saddle points -----------------------------------------------------------------------------------------

Losses = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""The losses of two players, each of whom moves one number."""


def bilinear(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The simplest game: one player makes xy small, the other large."""
    return x * y, -x * y


def dirac_gan(weight: float) -> Losses:
    """Mescheder et al. 2018, section 2: all data at 0, all samples at x, y * example the logit of each.

    Args:
        weight: gamma of R1, the penalty on the discriminator's gradient at the data.
    """

    def losses(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        data, sample = torch.zeros(1, 1), x.reshape(1, 1)
        judge: Callable[[Tensor], Tensor] = lambda examples: y * examples.squeeze(1)  # noqa: E731
        penalty = weight / 2 * zero_centred_penalty(judge, data)
        discriminator = MINIMAX.real(judge(data)).mean() + MINIMAX.fake(judge(sample)).mean() + penalty
        return MINIMAX.deceive(judge(sample)).mean(), discriminator

    return losses


def saddle_point() -> Figure:
    """The ways of two players around the equilibrium, by gradient descent of each on its own loss."""
    figure = new_figure(9.6, 3.4)
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    games = {"xy": bilinear, "Dirac-GAN": dirac_gan(0.0), "Dirac-GAN with R1": dirac_gan(1.0)}
    for axes, (title, losses) in zip(panels, games.items(), strict=True):
        draw_field(axes, losses)
        for alternating, colour, name in ((False, RED, "both at once"), (True, BLUE, "in turn")):
            way = descend(losses, (1.0, 0.0), steps=300, rate=0.1, alternating=alternating)
            axes.plot(*way.T, color=colour, label=name, lw=1.1)
        axes.plot(1.0, 0.0, "o", color=GREY, ms=5, label="start")
        axes.plot(0.0, 0.0, "*", color="black", ms=9, label="equilibrium")
        axes.set(title=title, xlabel="x: the generator's number", xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
    panels[0].set_ylabel("y: the discriminator's number")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def descend(losses: Losses, start: tuple[float, float], steps: int, rate: float, alternating: bool) -> Tensor:
    """The way, (steps + 1, 2), of two players; in turn, the second sees where the first has gone."""
    way = [torch.tensor(start)]
    for _ in range(steps):
        place = way[-1].clone()
        place[0] -= rate * own_gradients(losses, place)[0]
        place[1] -= rate * own_gradients(losses, place if alternating else way[-1])[1]
        way.append(place)
    return torch.stack(way)


def own_gradients(losses: Losses, place: Tensor) -> Tensor:
    """The derivative of each player's loss by the number which that player moves, (2,)."""
    x, y = place.clone().requires_grad_().unbind()
    return torch.stack(
        [torch.autograd.grad(loss, own)[0] for loss, own in zip(losses(x, y), (x, y), strict=True)]
    )


def draw_field(axes: Axes, losses: Losses) -> None:
    """An arrow in the direction in which both players would go, from each place of a lattice."""
    places = torch.cartesian_prod(*[torch.linspace(-2.8, 2.8, 13)] * 2)
    arrows = torch.stack([-own_gradients(losses, place) for place in places])
    arrows = F.normalize(arrows, dim=1)
    axes.quiver(*places.T, *arrows.T, color="#c4c9d0", scale=22, width=0.005, zorder=1)


# -- Jensen-Shannon divergence -----------------------------------------------------------------------------


def divergence() -> Figure:
    """Two parallel segments pulled apart: what a discriminator and a critic say, and the slopes they give."""
    distances = torch.linspace(0, 1, 11)
    judged = [measure_segments(distance.item()) for distance in distances]
    figure = new_figure(9.6, 3.2)
    values, slopes = figure.subplots(1, 2)
    values.plot(distances, distances, "--", color=GREEN, lw=1, label="Wasserstein: exact")
    values.plot(distances, [j["critic"] for j in judged], "o", color=GREEN, ms=5, label="by a trained critic")
    values.plot(
        [0, 0, 1], [0, math.log(2), math.log(2)], "--", color=RED, lw=1, label="Jensen-Shannon: exact"
    )
    values.plot(
        distances,
        [j["discriminator"] for j in judged],
        "s",
        color=RED,
        ms=4,
        label="by a trained discriminator",
    )
    values.set(title="how far apart they are called", xlabel="distance of the segments", ylabel="divergence")
    values.legend(loc="lower right")
    apart = distances[1:]
    for name, colour, mark, label in (
        ("critic_slope", GREEN, "o", "critic's score"),
        ("default_slope", BLUE, "^", "-log D"),
        ("saturating_slope", RED, "s", "log(1 - D)"),
    ):
        slopes.semilogy(apart, [j[name] for j in judged[1:]], mark + "-", color=colour, ms=4, label=label)
    slopes.set(
        title="how strongly the generator is pulled",
        xlabel="distance of the segments",
        ylabel="size of the slope",
    )
    slopes.legend(loc="center right", bbox_to_anchor=(1, 0.38))
    return figure


def measure_segments(distance: float, steps: int = 400, batch: int = 256) -> dict[str, float]:
    """Train a discriminator and a critic to tell two segments of length 1 at a distance apart.

    Both networks have three hidden layers of 64 units and Adam's learning rate 0.001.

    Returns:
        `discriminator`: its estimate of the Jensen-Shannon divergence; `critic`: of the Wasserstein distance;
        `saturating_slope`, `default_slope`, `critic_slope`: mean size of the derivative of log(1 - D), of
        -log D, and of the critic's score, by the place of a generated point.
    """
    random = Randomness(0)

    def segment(place: float) -> Tensor:
        height = random.uniform(batch, 1, low=0.0, high=1.0)
        return torch.cat([torch.full_like(height, place), height], dim=1)

    def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
        terms = NON_SATURATING.for_critic(discriminator(real), discriminator(fake))
        return torch.stack(list(terms.values())).sum()

    spec = sparring.DataSpec(Points((2,)), count=batch)
    with seeded_initialisation(0):
        discriminator = build_critic(spec, norm=no_norm, width=1, units=64)
        critic = build_critic(spec, norm=no_norm, width=1, units=64)
    optimizer = Adam([*discriminator.parameters(), *critic.parameters()], 1e-3)
    for _ in range(steps):
        real, fake = segment(0.0), segment(distance)
        optimizer.zero_grad()
        gap = critic(real).mean() - critic(fake).mean()
        (cross_entropy(real, fake) - gap + 10 * gradient_penalty(critic, real, fake, random)).backward()
        optimizer.step()

    real, fake = segment(0.0), segment(distance)
    return {
        "discriminator": (math.log(2) - cross_entropy(real, fake) / 2).item(),
        "critic": (critic(real).mean() - critic(fake).mean()).item(),
        "saturating_slope": mean_length(
            input_gradient(lambda points: MINIMAX.deceive(discriminator(points)), fake)
        ),
        "default_slope": mean_length(
            input_gradient(lambda points: NON_SATURATING.deceive(discriminator(points)), fake)
        ),
        "critic_slope": mean_length(input_gradient(critic, fake)),
    }


def mean_length(vectors: Tensor) -> float:
    """Mean length of vectors (count, size)."""
    return float(vectors.detach().norm(dim=1).mean())


# -- text --------------------------------------------------------------------------------------------------

REAL = torch.tensor([0.05, 0.35, 0.10, 0.25, 0.20, 0.05])
"""How often each of six words is in the real text; the generator begins with all equally often."""
VERDICTS = (REAL * len(REAL)).log()
"""The best discriminator's logit for each word then: log(p / q)."""
WORD = 1
"""The word whose weight is moved."""
BATCH = 16

Estimator = Callable[[Tensor, Randomness], Tensor]
"""From logits (repeats, BATCH, words) a loss (repeats,), whose derivative estimates that of the mean loss."""


def text() -> Figure:
    """The loss of one generated word as its weight moves, and four estimates of the slope of its mean."""
    figure = new_figure(9.6, 3.2)
    losses, slopes = figure.subplots(1, 2, width_ratios=(1, 1.15))
    weights = torch.linspace(-3, 3, 601)
    gumbel = gumbel_noise(Randomness(3), 5, 1, len(REAL))
    word_losses = F.softplus(-VERDICTS)
    for number, noise in enumerate(gumbel):
        words = (logits_of(weights) + noise).argmax(1)
        label = "one sampled word, each with its own noise" if number == 0 else None
        losses.plot(weights, word_losses[words], color=RED, lw=1, alpha=0.55, label=label)
    expected = logits_of(weights).softmax(1) @ word_losses
    losses.plot(weights, expected, color=BLUE, lw=2.2, label="mean over all words")
    losses.set(
        title="-log D of the word",
        xlabel="weight w of one word of six",
        ylabel="generator's loss",
        ylim=(0.3, 1.8),
    )
    losses.legend(loc="upper right")

    names = {
        "the words themselves": hard_sample,
        "REINFORCE": reinforce,
        "REINFORCE, baseline": lambda logits, random: reinforce(logits, random, baseline=True),
        "Gumbel-softmax, τ = 2": gumbel_softmax(2.0),
        "Gumbel-softmax, τ = 0.5": gumbel_softmax(0.5),
        "Gumbel-softmax, τ = 0.1": gumbel_softmax(0.1),
    }
    colours = (RED, ORANGE, ORANGE, GREEN, GREEN, GREEN)
    for place, ((_, estimator), colour) in enumerate(zip(names.items(), colours, strict=True)):
        estimates = slope_estimates(estimator)
        mean, deviation = estimates.mean(), estimates.std()
        slopes.errorbar(mean, -place, xerr=deviation, fmt="o", color=colour, capsize=3, ms=5)
    (exact,) = exact_slope(torch.zeros(1))
    slopes.axvline(exact.item(), color=BLUE, lw=1.2, ls="--")
    slopes.annotate("exact", (exact.item(), -5.6), (5, 0), textcoords="offset points", color=BLUE, fontsize=8)
    slopes.set(
        title=f"estimates of the slope at w = 0 from {BATCH} words",
        xlabel="mean and standard deviation of 2000 estimates",
        xticks=(-0.15, -0.1, -0.05, 0),
        yticks=[-place for place in range(len(names))],
        yticklabels=list(names),
    )
    slopes.set_ylim(-5.8, 0.5)
    return figure


def logits_of(weights: Tensor) -> Tensor:
    """The generator's logits (..., words) where one word has a weight and all others 0."""
    return weights.unsqueeze(-1) * F.one_hot(torch.tensor(WORD), len(REAL))


def gumbel_noise(random: Randomness, *shape: int) -> Tensor:
    """Noise whose argmax, added to logits, is a sample of their softmax (Jang et al. 2017, equation 1)."""
    return -(-random.uniform(*shape, low=1e-9, high=1.0).log()).log()


def exact_slope(weights: Tensor) -> Tensor:
    """The derivative of the expected loss by each weight."""
    weights = weights.requires_grad_()
    expected = logits_of(weights).softmax(-1) @ F.softplus(-VERDICTS)
    return torch.autograd.grad(expected.sum(), weights)[0]


def real_loss_of(words: Tensor) -> Tensor:
    """-log D of words (repeats, BATCH, words), one-hot or softened, averaged over each batch."""
    return F.softplus(-(words @ VERDICTS)).mean(1)


def hard_sample(logits: Tensor, random: Randomness) -> Tensor:
    """-log D of sampled words, through which no derivative goes."""
    words = (logits + gumbel_noise(random, *logits.shape)).argmax(2)
    return real_loss_of(F.one_hot(words, len(REAL)).float())


def reinforce(logits: Tensor, random: Randomness, baseline: bool = False) -> Tensor:
    """Williams 1992: the loss times the log-probability of each sampled word (Yu et al. 2017, equation 7).

    Args:
        logits: (repeats, BATCH, words).
        random: samples the words.
        baseline: subtract from each loss the mean of the others in its batch, which changes no mean.
    """
    words = (logits + gumbel_noise(random, *logits.shape)).argmax(2)
    losses = F.softplus(-VERDICTS)[words]
    if baseline:
        losses = losses - (losses.sum(1, keepdim=True) - losses) / (BATCH - 1)
    log_probabilities = logits.log_softmax(2).gather(2, words.unsqueeze(2)).squeeze(2)
    return (losses * log_probabilities).mean(1)


def gumbel_softmax(temperature: float) -> Estimator:
    """Jang et al. 2017, equation 2: a softened word takes the place of the sampled one."""

    def estimate(logits: Tensor, random: Randomness) -> Tensor:
        noisy = logits + gumbel_noise(random, *logits.shape)
        return real_loss_of((noisy / temperature).softmax(2))

    return estimate


def slope_estimates(estimator: Estimator, repeats: int = 2000) -> Tensor:
    """So many estimates, each from BATCH words, of the slope at weight 0; 0 where nothing depends on it."""
    weights = torch.zeros(repeats, requires_grad=True)
    logits = logits_of(weights).unsqueeze(1).expand(-1, BATCH, -1)
    total = estimator(logits, Randomness(0)).sum()
    return torch.autograd.grad(total, weights)[0] if total.requires_grad else torch.zeros(repeats)


# -- all of them -------------------------------------------------------------------------------------------


def new_figure(width: float, height: float) -> Figure:
    """A figure of a size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


FIGURES = {
    "mode-collapse": mode_collapse,
    "vanishing-gradient": vanishing_gradient,
    "saddle-point": saddle_point,
    "divergence": divergence,
    "text": text,
}


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG of few colours, which makes it a third as large."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=120)
    Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def main(names: Sequence[str]) -> None:
    """Draw the figures of these names, or all."""
    torch.set_num_threads(1)
    matplotlib.style.use(STYLE)
    for name in names or FIGURES:
        path = IMAGES / f"why-{name}.png"
        save(FIGURES[name](), path)
        print(path)


if __name__ == "__main__":
    main(sys.argv[1:])
