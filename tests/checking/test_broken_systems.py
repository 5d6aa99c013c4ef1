"""What is said of systems in which one thing is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sparring.checking import CheckReport
from sparring.checking.report import Verdict

Examine = Callable[..., CheckReport]
RETURNS = "        return Terms(**terms)\n"
"""The end of the generator's loss."""
IMAGES = (
    ('("points",)', '("images",)'),
    ("nn.Linear(8, 2))", "nn.Linear(8, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))"),
    ("nn.Sequential(nn.Linear(2, 8)", "nn.Sequential(nn.Flatten(), nn.Linear(784, 8)"),
    ("class Small", "SIDE = 28\n\n\nclass Small"),
)
"""What makes it a system of grey images."""

RAN = "        of_fake = self.judge(self.critic, self.fake(len(real)), real=False)\n        of_real"
"""A place within the generator's loss."""
INIT = "        super().__init__(settings, data, random)\n"
WITH_NOISE = ("self.generator(latent)", "self.generator(latent + {})")

Changes = tuple[tuple[str, str], ...]


def returning(value: str) -> Changes:
    """The generator's loss returns something else."""
    return ((RETURNS, f"        return {value}\n"),)


WRONG: dict[str, tuple[str, Changes, str]] = {
    # -- losses
    "none": (
        "losses",
        returning("None"),
        "Small.generator_loss (small.py, line <def generator_loss>) returns None: return named",
    ),
    "a tensor": (
        "losses",
        returning("of_fake.mean()"),
        "returns a tensor: return named terms, as in `return Terms(",
    ),
    "a number": ("losses", returning("of_fake.mean().item()"), "returns a float: return named terms"),
    "a list": ("losses", returning("list(terms.values())"), "returns a list: return named terms"),
    "nothing": ("losses", returning("Terms()"), "returns no term at all"),
    "a number as a term": (
        "losses",
        returning("Terms(cost=1.5)"),
        "has the term 'cost' as 1.5: a term is a tensor, neither .item() nor float()",
    ),
    "a vector": (
        "losses",
        returning("Terms(cost=of_fake)"),
        "the term 'cost' of shape (8, 1): a term is one number",
    ),
    "a vector beside it": (
        "losses",
        returning("Terms(**terms).observing(logits=of_fake)"),
        "the term 'logits' of shape (8, 1)",
    ),
    "complex": (
        "losses",
        returning("Terms(cost=of_fake.mean() * 1j)"),
        "the term 'cost' as a complex number",
    ),
    "not a number": (
        "losses",
        returning("Terms(cost=(of_fake - of_fake).mean().log())"),
        "the term 'cost' at -inf",
    ),
    "detached": (
        "losses",
        returning("Terms(cost=of_fake.detach().mean())"),
        "has no gradient for 'generator'",
    ),
    "another's": (
        "losses",
        ((RAN, "        of_fake = self.judge(self.critic, real.examples, real=True)\n        of_real"),),
        "has no gradient for 'generator': what it returns does not depend on the parameters",
    ),
    "an error": (
        "losses",
        (("(of_fake, of_real)", "(of_fake + torch.zeros(7, 8), of_real)"),),
        "Small.generator_loss (small.py, line <torch.zeros>) fails: RuntimeError: The size of tensor a",
    ),
    "an error after it": (
        "losses",
        (("self.generator_loss)]", "self.generator_loss, after=lambda values: values['cost'])]"),),
        "fails: KeyError: 'cost'.",
    ),
    "whole batches only": (
        "losses",
        (
            (
                "self.fake(len(real)), real=False)\n        of_real",
                "self.fake(8), real=False).view(len(real))\n        of_real",
            ),
        ),
        "as the last of an epoch may be, Small.generator_loss (small.py, line <self.fake(8)>) "
        "fails: RuntimeError: shape '[4]' is invalid for input of size 8",
    ),
    # -- players and phases
    "no players": (
        "build",
        (("return two_players", "two_players"),),
        "Small.players (small.py, line <def players>) returns None: return a dict",
    ),
    "bare optimisers": (
        "build",
        (("return two_players(", "return dict(generator="),),
        "Small.players (small.py, line <def players>) gives a SGD for 'generator': write Player(Role.GENERA",
    ),
    "no turn": (
        "build",
        (("return [Turn", "return []; [Turn"),),
        "Small.round (small.py, line <def round>) gives no turn where Turn(",
    ),
    "tuples for turns": (
        "build",
        (("[Turn(", "[tuple("), ('"critic", self.critic_loss', '("critic",)')),
        "gives a tuple",
    ),
    "no length": (
        "build",
        (
            ("def round(self):", "def phases(self):"),
            ("return [Turn", "return [Phase(n, (Turn('critic', self.critic_loss),)) for n in 'ab']; [Turn"),
        ),
        "the phase 'a' needs a length in steps or epochs",
    ),
    "an unknown player": (
        "players",
        (('Turn("generator"', 'Turn("painter"'),),
        "has a turn of 'painter', and players() names only",
    ),
    "an unknown source": (
        "players",
        (("self.generator_loss)", "self.generator_loss, sources=('photos',))"),),
        "has a turn that looks at 'photos', and sources() names only real",
    ),
    "networks in a list": (
        "players",
        (
            ("self.critic = self.built", "self.critics = [self.built"),
            ("(Role.CRITIC, critic)", "(Role.CRITIC, critic)]"),
            ("self.critic.parameters()", "self.critics[0].parameters()"),
            ("self.judge(self.critic", "self.judge(self.critics[0]"),
        ),
        "has 'critic' move parameters that do not belong to the game (4)",
    ),
    # -- the class
    "old arguments": (
        "class",
        (("def generate(self, latent, condition)", "def generate(self, latent)"),),
        "Small.generate (small.py, line <def generate(>) must take (self, latent, condition): it takes (sel",
    ),
    "no round": (
        "class",
        (("def round", "def rounds"),),
        "Small (small.py, line <class Small>) lacks round() or phases().",
    ),
    "no dataclass": (
        "class",
        (("    @dataclass(frozen=True)\n", ""),),
        "Small.Settings (small.py, line <class Settings>) is no dataclass",
    ),
    "no type": (
        "class",
        (("rate: float = 0.01", "other: float = 0.1\n        rate = 0.01"),),
        "Small.Settings.rate (small.py, line <rate = 0.01>) has no type",
    ),
    "a list as a setting": (
        "class",
        (("rate: float = 0.01", "rate: tuple[int, ...] = (1, 2)"),),
        "of a type that no command",
    ),
    "a name of the run's": (
        "class",
        (("rate: float", "seed: float"),),
        "calls a setting 'seed', as every run calls",
    ),
    "a name of a trick's": (
        "class",
        (("rate: float", "packing: float"),),
        "calls a setting 'packing', as a trick calls",
    ),
    "a default of another type": ("class", (("0.01", "'fast'"),), "rate is 'fast': it must be a number."),
    # -- samples
    "another shape": (
        "samples",
        (("return self.generator(latent)", "return self.generator(latent) if self.training else latent"),),
        "Small.generate (small.py, line <def generate(>) makes shape (1, 3) of 1 latent, and points of 2 "
        "dimensions have (1, 2).",
    ),
    "another type": (
        "samples",
        (
            ("return self.generator(latent)", "return self.generator(latent).double()"),
            ("self.fake(len(real))", "self.fake(len(real)).float()"),
        ),
        "makes torch.float64 that are no points of 2 dimensions",
    ),
    "noise of its own in latents": (
        "samples",
        (("random.normal(count, 3)", "self.random.normal(count, 3)"),),
        "gives other noise for the same `random`",
    ),
    "too few latents": (
        "samples",
        (("random.normal(count, 3)", "random.normal(8, 3)"),),
        "returns shape (8, 3) for 1 sample:",
    ),
    "chance in generate": (
        "samples",
        (
            ("self.generator(latent)", "self.generator(latent + CHANCE.normal(*latent.shape))"),
            ("class Small", "CHANCE = __import__('sparring').Randomness(0)\n\n\nclass Small"),
        ),
        "makes another sample of the same latent",
    ),
    "a tanh for a sigmoid": (
        "samples",
        (*IMAGES, ("    needs", "    value_range = (0.0, 1.0)\n    needs")),
        "makes values from -1 to 1, as a tanh does, and examples are dealt in (0, 1)",
    ),
    "a sigmoid for a tanh": (
        "samples",
        (*IMAGES, ("nn.Tanh()", "nn.Sigmoid()")),
        "from 0 to 1, as a sigmoid does, and examples are dealt in (-1, 1)",
    ),
    "bytes": (
        "samples",
        (*IMAGES, ("self.generator(latent)", "255 * self.generator(latent)")),
        "far outside (-1, 1), in which examples are dealt",
    ),
    # -- memory and noise
    "a counter": (
        "resume",
        (
            (INIT, f"{INIT}        self.seen = 0\n"),
            (RAN, f"        self.seen += 1\n{RAN}"),
            ("(**terms)", "(cost=self.seen * of_fake.mean())"),
        ),
        "at step 4, the run is another one: critic.0.bias, critic.0.weight, critic.2.bias and 5 more differ. "
        "Memory that is no parameter or buffer is in no checkpoint, such as self.seen",
    ),
    "a pool": (
        "resume",
        (
            (INIT, f"{INIT}        self.pool = []\n"),
            ("        of_real", "        self.pool.append(real.examples)\n        of_real"),
            (
                "self.judge(self.critic, real.examples, real=True)\n",
                "self.judge(self.critic, self.pool[0], real=True)\n",
            ),
        ),
        "such as self.pool: use self.register_buffer",
    ),
    "torch's generator": (
        "noise",
        (("random.normal(count, 3)", "torch.randn(count, 3)"),),
        "A round uses torch's global generator at Small.latent (small.py, line <torch.randn>): draw from "
        "self.random",
    ),
    "dropout": (
        "noise",
        (("nn.ReLU(), nn.Linear(8, 1)", "nn.Dropout(0.5), nn.Linear(8, 1)"),),
        "instead of nn.Dropout take sparring.nn.layers.Dropout",
    ),
    "numpy's generator": (
        "noise",
        ((RAN, f"        np.random.rand()\n{RAN}"),),
        "numpy.random at Small.generator_loss (small.py, line <np.random>)",
    ),
    "Python's generator": (
        "noise",
        ((RAN, f"        python_random.random()\n{RAN}"),),
        "Python's random at Small.generator_loss (small.py, line <python_random.random>)",
    ),
    "the system's entropy": (
        "noise",
        (
            (
                "return random.normal(count, 3)",
                "return random.normal(count, 3) + np.random.default_rng().random()",
            ),
        ),
        "The same step played twice is not the same",
    ),
    "weights from numpy": (
        "noise",
        (
            (
                "    def players",
                "        nn.init.constant_(self.critic[0].bias, np.random.rand())\n\n    def players",
            ),
        ),
        "Building the networks uses numpy.random at Small.__init__ (small.py, line <np.random>)",
    ),
    "weights from entropy": (
        "noise",
        (
            (
                "    def players",
                "        nn.init.constant_(self.critic[0].bias, np.random.default_rng().random())\n\n    def "
                "players",
            ),
        ),
        "Networks of the same seed begin differently: critic.0.bias",
    ),
    # -- what must not change a run
    "a test that learns": (
        "passes",
        (
            (
                "    def latent",
                "    def test_losses(self):\n        self.critic[0].bias.data.add_(1.0)\n        return "
                "{}\n\n    def latent",
            ),
        ),
        "A test pass (test_losses, figures) changes the run: critic.0.bias.",
    ),
    "a sample that counts": (
        "passes",
        (
            (INIT, f"{INIT}        self.register_buffer('made', torch.zeros(()))\n"),
            (
                "        return self.generator(latent)",
                "        self.made.add_(not self.training)\n        return self.generator(latent)",
            ),
        ),
        "Sampling changes the run: made.",
    ),
    "a sample that is remembered": (
        "passes",
        (
            (INIT, f"{INIT}        self.made = 1.0\n"),
            (
                "        return self.generator(latent)",
                "        self.made += not self.training\n        return self.generator(latent) * self.made",
            ),
        ),
        "A run that was tested, sampled and measured becomes another one",
    ),
    "a mode that stays": (
        "passes",
        (
            (
                "    def latent",
                "    def test_losses(self):\n        self.critic.eval()\n        return {}\n\n    def latent",
            ),
        ),
        "changes the run: which networks are in training mode",
    ),
    # -- tricks and roles
    "a critic called directly": (
        "doors",
        (
            (
                "self.judge(self.critic, self.fake(len(real)), real=False)\n        of_real",
                "self.critic(self.fake(len(real)))\n        of_real",
            ),
        ),
        "Small.generator_loss (small.py, line <def generator_loss>) calls a critic directly",
    ),
    "shown for nothing": (
        "tricks",
        (
            (
                "self.judge(self.critic, self.fake(len(real)), real=False)",
                "self.looked(self.fake(len(real)), False)",
            ),
            ("self.judge(self.critic, real.examples, real=True)", "self.looked(real.examples, True)"),
            (
                "    def latent",
                "    def looked(self, examples, real):\n        self.show(examples, real=real)\n        "
                "return self.critic(examples)\n\n    def latent",
            ),
        ),
        "The trick 'replay' changes nothing",
    ),
    "critics only": (
        "health",
        (
            ("return two_players(", "players = two_players("),
            (
                "    def round",
                "        return {n: Player(Role.CRITIC, p.optimizer) for n, p in players.items()}\n\n    def "
                "round",
            ),
        ),
        "All players (generator, critic) are critics",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_said(case: str, examined: Examine, tmp_path: Path) -> None:
    checks, changes, sentence = WRONG[case]
    report = examined(checks, *changes)
    # Numbers of lines stand as what the first of them holds that is meant.
    lines = (tmp_path / "small.py").read_text().splitlines()
    for text in re.findall("<(.*?)>", sentence):
        number = next(number for number, line in enumerate(lines, 1) if text in line)
        sentence = sentence.replace(f"<{text}>", str(number))
    assert not report.passed
    assert sentence in report.sentences[0], report.text(traceback=True)


NOTED: dict[str, tuple[str, Changes, str]] = {
    "no docstring": ("class", (('    """A generator against a critic."""\n', ""),), "Small has no docstring"),
    "no help": (
        "class",
        (('        """Learning rate."""\n', ""),),
        "Small.Settings.rate has no docstring below it",
    ),
    "not built": (
        "build",
        (("self.critic = self.built(Role.CRITIC, ", "self.critic = ("),),
        "No network of 'critic' has passed through self.built(Role.CRITIC, network) in __init__: tricks",
    ),
    "built for another role": (
        "build",
        (("self.built(Role.CRITIC, ", "self.built(Role.OTHER, "),),
        "self.built(Role.CRITIC, network) in __init__ (it did as other)",
    ),
    "weights of two players": (
        "players",
        (("SGD(self.critic.parameters()", "SGD(self.parameters()"),),
        "generator.0.bias, generator.0.weight, generator.2.bias and 1 more are moved by generator and by "
        "critic.",
    ),
    "weights of nobody": (
        "players",
        ((INIT, f"{INIT}        self.unused = nn.Linear(2, 2)\n"),),
        "unused.bias and unused.weight are moved by nobody",
    ),
    "a player without turns": (
        "players",
        ((', Turn("generator", self.generator_loss)', ""),),
        "'generator' never takes a turn, in no phase.",
    ),
    "a term called loss": (
        "losses",
        returning("Terms(loss=of_fake.mean(), other=of_fake.square().mean())"),
        "calls one of several terms 'loss', which is the name of their sum",
    ),
    "another objective": (
        "doors",
        (
            ("self.objective.for_critic(of_real, of_fake)", "{'cost': of_fake.mean() - of_real.mean()}"),
            (
                "self.objective.for_generator(of_fake, of_real)",
                "{'cost': -of_fake.mean()}",
            ),
        ),
        "Small never asks for self.objective",
    ),
    "deaf to classes": (
        "samples",
        ((*IMAGES, ("    needs", "    conditional = True\n    needs"))),
        "makes the same of a latent whatever the condition",
    ),
    "needs that are not said": (
        "data",
        (('    needs = Needs(examples=("points",))\n', ""),),
        'say what it trains on, as in `needs = Needs(examples=("points",))` (grey images: Small.critic_loss',
    ),
}


@pytest.mark.parametrize("case", NOTED)
def test_what_is_worth_knowing_is_noted(case: str, examined: Examine) -> None:
    checks, changes, sentence = NOTED[case]
    report = examined(checks, *changes)
    assert report.named(Verdict.NOTE) == [checks]
    assert any(sentence in said for said in report.sentences), report.text(traceback=True)
    report.raise_if_wrong()
