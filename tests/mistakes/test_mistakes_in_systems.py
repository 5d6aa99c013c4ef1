"""What `train` says of systems of one's own in which one thing is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Changes = tuple[tuple[str, str], ...]
Train = Callable[..., Any]
SUPER = "        super().__init__(settings, data, random)\n"
NEEDS = '    needs = Needs(examples=("points",))\n'
GRID = "    grid = (2, 2)\n"
RETURNS = "return Terms(adversarial=cost)"
PLAYERS = (
    "return two_players(SGD(self.generator.parameters(), rate), critic=SGD(self.critic.parameters(), rate))"
)
ROUND = 'return [Turn("critic", self.critic_loss), Turn("generator", self.generator_loss)]'
DECORATED = "    @dataclass(frozen=True)\n"
CLASS_OF_SETTINGS = f"{DECORATED}    class Settings(GameSettings):\n"
SETTING = "rate: float = 0.01"


def file(text: str) -> Changes:
    """At the end of the file something else."""
    return (
        ("        return self.generator(latent)\n", f"        return self.generator(latent)\n\n\n{text}\n"),
    )


def attribute(line: str) -> Changes:
    """The class says something else of itself."""
    return ((GRID, f"    {line}\n"),)


def needs(text: str) -> Changes:
    """The class needs something else."""
    return (('Needs(examples=("points",))', text),)


def setting(text: str) -> Changes:
    """Another setting."""
    return ((SETTING, text),)


def returning(value: str) -> Changes:
    """The generator's loss returns something else."""
    return ((RETURNS, f"return {value}"),)


def players(text: str) -> Changes:
    """`players` returns something else."""
    return ((PLAYERS, text),)


def turns(text: str) -> Changes:
    """`round` returns something else."""
    return ((ROUND, text),)


def phases(text: str) -> Changes:
    """Phases in the place of a round."""
    return (("def round(self):", "def phases(self):"), (ROUND, text))


def schedule(text: str) -> Changes:
    """The critic's learning rate has a schedule of its own."""
    new = f"both = {PLAYERS.removeprefix('return ')}\n"
    return players(f"{new}        return both | {{'critic': replace(both['critic'], schedule={text})}}")


def method(text: str) -> Changes:
    """A further method."""
    return (("    def latent(", f"    def {text}\n\n    def latent("),)


def class_method(text: str) -> Changes:
    """A further method of the class."""
    return (("    def latent(", f"    @classmethod\n    def {text}\n\n    def latent("),)


def latent(text: str) -> Changes:
    """Other noise."""
    return (("return random.normal(count, 3)", text),)


def generate(text: str) -> Changes:
    """Other samples, where nothing is learnt."""
    return (("return self.generator(latent)", f"made = self.generator(latent)\n        return {text}"),)


FILE: dict[str, tuple[Changes, str]] = {
    "an error": (file("1 / 0"), "cannot be imported: the file itself (small.py, line <1 / 0>) fails: Zero"),
    "no such module": (
        file("import no_such"),
        "(small.py, line <import no_such>) fails: ModuleNotFoundError:",
    ),
    "no such name": (file("from sparring import Gamee"), "cannot import name 'Gamee' from 'sparring'"),
    "syntax": (file("class Other"), "(small.py, line <class Other>) fails: SyntaxError: expected ':'."),
    "indentation": (file("  x = 1"), "(small.py, line <  x = 1>) fails: IndentationError: unindent"),
    "an end": (file("sys.exit(0)"), "the file itself (small.py, line <sys.exit(0)>) fails: SystemExit: 0."),
    "an end with words": (file("sys.exit('done')"), "(small.py, line <sys.exit>) fails: SystemExit: done."),
    "an assertion": (file("assert False"), "(small.py, line <assert False>) fails: AssertionError."),
    "no end": (file("def f():\n    f()\nf()"), "f (small.py, line <    f()>) fails: RecursionError"),
    "a misspelt name": ((("class Small(Game)", "class Smal(Game)"),), "Did you mean 'Smal'? It has: Smal."),
    "no game": ((("class Small(Game)", "class Small(nn.Module)"),), "no subclass of Game called 'Small'."),
    "a function": ((("class Small(Game):", "def Small():"),), "no subclass of Game called 'Small'."),
    "in the class": (attribute("grid = gird"), "Small (small.py, line <grid = gird>) fails: NameError: name"),
}
CLASS: dict[str, tuple[Changes, str]] = {
    "no players": (
        (("def players", "def playing"),),
        "Small (small.py, line <class Small>) lacks players().",
    ),
    "no latent": (
        (("def latent", "def noise"),),
        "(small.py, line <class Small>) lacks latent(count, random).",
    ),
    "no round": ((("def round", "def rounds"),), "(small.py, line <class Small>) lacks round() or phases()."),
    "nothing to generate with": (
        (
            ("def generate(", "def generated("),
            ("self.generator =", "self.painter ="),
            ("self.generator.parameters", "self.painter.parameters"),
        ),
        "Small (small.py, line <class Small>) has neither a method generate(latent, condition) nor a network",
    ),
    "__init__ of another shape": (
        (("def __init__(self, settings, data, random)", "def __init__(self, settings, data)"),),
        "Small.__init__ (small.py, line <def __init__>) must take (self, settings, data, random): it takes",
    ),
    "latent of another shape": (
        (("def latent(self, count, random)", "def latent(self, count)"),),
        "Small.latent (small.py, line <def latent>) must take (self, count, random): it takes (self, count).",
    ),
    "generate of another shape": (
        (("def generate(self, latent, condition)", "def generate(self, latent)"),),
        "Small.generate (small.py, line <def generate(>) must take (self, latent, condition): it takes",
    ),
    "sample of another shape": (
        method("sample(self): pass"),
        "Small.sample (small.py, line <def sample>) must",
    ),
    "players of another shape": (
        (("def players(self)", "def players(self, rate)"),),
        "Small.players (small.py, line <def players>) must take (self): it takes (self, rate).",
    ),
    "round without self": (
        (("def round(self)", "def round()"),),
        "Small.round (small.py, line <def round>) must",
    ),
    "a list for a round": (
        (("    def round(self):\n        " + ROUND, "    round = []"),),
        "Small.round (small.py, line <round = []>) must be a method: it is [].",
    ),
    "sources of a game": (
        method("sources(self, settings, data): pass"),
        "Small.sources (small.py, line <def sources>) is no class method: write @classmethod above it.",
    ),
    "no range": (
        attribute("value_range = 1.0"),
        "Small.value_range (small.py, line <value_range>) is 1.0: it",
    ),
    "half a range": (attribute("value_range = (1.0,)"), "is (1.0,): it must be two numbers, the lower first"),
    "a range backwards": (
        attribute("value_range = (1, -1)"),
        "is (1, -1): it must be two numbers, the lower",
    ),
    "a range of texts": (attribute("value_range = ('0', '1')"), "is ('0', '1'): it must be two numbers"),
    "an infinite range": (
        attribute("value_range = (0, float('inf'))"),
        "is (0, inf): it must be two numbers",
    ),
    "a grid of nothing": (
        attribute("grid = (0, 5)"),
        "Small.grid (small.py, line <grid>) is (0, 5): it must be",
    ),
    "a grid of one number": (attribute("grid = 8"), "is 8: it must be rows and columns, each at least 1"),
    "a grid of fractions": (attribute("grid = (2.5, 2)"), "is (2.5, 2): it must be rows and columns"),
    "a length of a number": (
        attribute("length = 20"),
        "Small.length (small.py, line <length>) is 20: write `l",
    ),
    "two lengths": (
        attribute("length = Limit(epochs=1, steps=2)"),
        "exactly one limit (epochs, steps or minutes), not 2",
    ),
    "a wish for a picture": (
        attribute("shows_real = 'yes'"),
        "Small.shows_real (small.py, line <shows_real>) is",
    ),
    "how often": (
        attribute("keep_every = -1"),
        "Small.keep_every (small.py, line <keep_every>) is -1: it must",
    ),
    "told how": (attribute("conditional = 'class'"), "is 'class': it must be True or False."),
    "a list of presets": (
        attribute("presets = ['fast']"),
        "(small.py, line <presets>) is ['fast']: write `pre",
    ),
    "a preset of nothing": (
        attribute("presets = {'fast': {'speed': 1}}"),
        "the preset 'fast' of Small.presets (small.py, line <presets>) has no setting 'speed'.",
    ),
    "a paper that is no text": (
        attribute("paper = 2014"),
        "Small.paper (small.py, line <paper>) is 2014: it must",
    ),
    "needs that are no needs": (
        needs('("points",)'),
        "Small.needs (small.py, line <needs>) is a tuple: write",
    ),
    "needs of a text": (
        needs("Needs(examples='points')"),
        "(small.py, line <needs>) has examples='points': write",
    ),
    "needs of no kind": (
        needs("Needs(examples=('point',))"),
        "names a kind of data 'point'. Did you mean 'points'",
    ),
    "needs of a size": (needs("Needs(multiple=0)"), "has multiple=0: it must be a whole number of pixels"),
    "other data": (needs("Needs(examples=('images',))"), "Small trains on images; this data has points"),
}
SETTINGS: dict[str, tuple[Changes, str]] = {
    "no dataclass": (
        ((DECORATED, ""),),
        "Small.Settings (small.py, line <class Settings>) is no dataclass, so its fields are no settings: w",
    ),
    "not frozen": (
        (("(frozen=True)", ""),),
        "non-frozen dataclass from a frozen one: write @dataclass(frozen",
    ),
    "another base": (
        (("Settings(GameSettings)", "Settings"),),
        "Small.Settings (small.py, line <class Settings>) must be a subclass of GameSettings.",
    ),
    "no class": (
        ((CLASS_OF_SETTINGS, f"    Settings = {{}}\n\n{DECORATED}    class Other(GameSettings):\n"),),
        "must be a subclass of GameSettings.",
    ),
    "no default": (
        setting("rate: float"),
        "fails: TypeError: non-default argument 'rate' follows default argum",
    ),
    "no default, by name": (
        (("(frozen=True)", "(frozen=True, kw_only=True)"), *setting("rate: float")),
        "cannot be made without arguments",
    ),
    "no type": (
        setting("rate = 0.01"),
        "Small.Settings.rate (small.py, line <rate = 0.01>) has no type, and so",
    ),
    "an unknown type": (setting("rate: Rate = 1"), "fails: NameError: name 'Rate' is not defined."),
    "an unknown type in quotes": (setting("rate: 'Rate' = 1"), "has a type that is not known (name 'Rate'"),
    "a list": (
        setting("rate: tuple[int, ...] = (1,)"),
        "Settings.rate (small.py, line <rate: tuple>) is of a t",
    ),
    "a default that changes": (setting("rate: list = []"), "fails: ValueError: mutable default"),
    "a network": (
        setting("rate: nn.Module = None"),
        "is of a type that no command line can give: int, float",
    ),
    "a default of another type": (
        setting("rate: float = 'fast'"),
        "not accept: rate is 'fast': it must be a numb",
    ),
    "a name of the run's": (
        setting("seed: int = 1"),
        "calls a setting 'seed', as every run calls one of its own",
    ),
    "a name of a callback's": (
        setting("on_end: int = 1"),
        "calls a setting 'on_end', as every run calls one of its own",
    ),
    "a name of a command's": (
        setting("traceback: bool = False"),
        "calls a setting 'traceback', as every command calls one of its own",
    ),
    "a name of a trick's": (
        setting("packing: int = 1"),
        "(small.py, line <packing>) calls a setting 'packing', as",
    ),
}
BUILDING: dict[str, tuple[Changes, str]] = {
    "no super": (
        ((SUPER, ""),),
        "Small.__init__ (small.py, line <self.generator = >) fails: AttributeError: 'Small' object has no a",
    ),
    "a network before super": (
        ((SUPER, f"        self.other = nn.Linear(2, 2)\n{SUPER}"),),
        "cannot assign module before Module.__init__() call: call super().__init__(settings, data, random)",
    ),
    "super of a module": (
        ((SUPER, "        nn.Module.__init__(self)\n"),),
        "object has no attribute 'tricks': call super().__init__(settings, data, random) before anything el",
    ),
    "nothing begun": (
        ((SUPER, "        return\n"),),
        "Small.__init__ (small.py, line <def __init__>) does not begin as a game: call super().__init__(",
    ),
    "an error in __init__": (
        ((SUPER, f"{SUPER}        data.size\n"),),
        "Small.__init__ (small.py, line <data.size>) fails: AttributeError: 'DataSpec' object has no attrib",
    ),
    "an end in __init__": (
        ((SUPER, f"{SUPER}        sys.exit(3)\n"),),
        "Small.__init__ (small.py, line <sys.exit>) fails: SystemExit: 3.",
    ),
    "built the other way round": (
        (("self.built(Role.CRITIC, critic)", "self.built(critic, Role.CRITIC)"),),
        "self.built is given a Sequential and Role.CRITIC: it takes a Role, such as Role.GENERATOR, and a "
        "network (Small.__init__ (small.py, line <self.built(critic>)).",
    ),
    "nothing built": (
        (("(Role.CRITIC, critic)", "(Role.CRITIC, None)"),),
        "self.built is given Role.CRITIC and None: it takes a Role, such as Role.GENERATOR, and a network",
    ),
    "no player": (
        players("pass"),
        "Small.players (small.py, line <def players>) returns None: return a dictionary",
    ),
    "a list of players": (
        players("return [1]"),
        "returns a list: return a dictionary from each player's name",
    ),
    "an empty table": (
        players("return {}"),
        "Small.players (small.py, line <def players>) returns an empty dict",
    ),
    "bare optimisers": (
        players("return {'critic': SGD(self.critic.parameters(), rate)}"),
        "gives a SGD for 'critic': write Player(Role.GENERATOR, optimizer), or two_players(",
    ),
    "no optimiser": (
        players("return {'critic': Player(Role.CRITIC, None)}"),
        "makes 'critic' of Role.CRITIC and None: a Player is made of a Role and an optimiser.",
    ),
    "a list for an optimiser": (
        players("return {'critic': Player(Role.CRITIC, [SGD(self.critic.parameters(), rate)])}"),
        "makes 'critic' of Role.CRITIC and a list: a Player is made of a Role and an optimiser.",
    ),
    "a class for an optimiser": (
        players("return {'a': Player(Role.CRITIC, SGD)}"),
        "and the class SGD: a Player",
    ),
    "a text for a role": (
        players("return {'critic': Player('critic', SGD(self.critic.parameters(), rate))}"),
        "a Player is made of a Role and an optimiser.",
    ),
    "an optimiser of several losses": (
        players(
            "return two_players(LBFGS(self.generator.parameters()), critic=LBFGS(self.critic.parameters()))"
        ),
        "Small.players (small.py, line <def players>) gives 'generator' a LBFGS, which computes the loss se",
    ),
    "weights of no game": (
        players("return two_players(SGD(nn.Linear(2, 2).parameters(), 1), critic=SGD(self.parameters(), 1))"),
        "has 'generator' move parameters that do not belong to the game (2), so that no checkpoint holds",
    ),
    "an optimiser of nothing": (
        players("return two_players(SGD([], rate), critic=SGD(self.critic.parameters(), rate))"),
        "Small.players (small.py, line <return two_players>) fails: ValueError: optimizer got an empty para",
    ),
    "a player without a name": (
        players("return {1: Player(Role.CRITIC, SGD(self.critic.parameters(), rate))}"),
        "calls a player 1: a name is a text.",
    ),
    "an error in players": (
        players("return self.nothing"),
        "Small.players (small.py, line <return self.nothing>",
    ),
    "a number for a schedule": (
        schedule("0.5"),
        "gives 'critic' the schedule 0.5: a schedule takes the progress",
    ),
    "a schedule of nothing": (
        schedule("lambda: 1.0"),
        "gives 'critic' the schedule Small.players.",
    ),
    "a schedule that returns none": (
        schedule("lambda progress: None"),
        "returns None at 0: a schedule takes the progress of the phase, from 0 to 1, and returns a factor s",
    ),
    "a schedule that returns a text": (schedule("lambda p: 'slow'"), "returns 'slow' at 0: a schedule takes"),
    "a schedule that ends badly": (
        schedule("lambda p: 1.0 if p < 1 else float('nan')"),
        "returns nan at 1: a sch",
    ),
    "a schedule that fails": (
        schedule("lambda p: 1 / (0.5 - p)"),
        "fails: ZeroDivisionError: float division by z",
    ),
}
COURSE: dict[str, tuple[Changes, str]] = {
    "no round": (
        turns("pass"),
        "Small.round (small.py, line <def round>) returns None: return a list of Turn(",
    ),
    "an empty round": (
        turns("return []"),
        "Small.round (small.py, line <def round>) gives no turn where Turn(",
    ),
    "one turn alone": (
        turns("return Turn('critic', self.critic_loss)"),
        "returns a Turn: return a list of Turn(",
    ),
    "tuples for turns": (
        turns("return [('critic', self.critic_loss)]"),
        "gives a tuple where Turn(player, loss)",
    ),
    "an unknown player": (
        turns("return [Turn('painter', self.critic_loss)]"),
        "Small.round (small.py, line <def round>) has a turn of 'painter', and players() names only generat",
    ),
    "a loss that was called": (
        turns("return [Turn('critic', 1.0)]"),
        "has a turn of 'critic' with 1.0 for its loss: give the method itself, as in Turn('generator', self",
    ),
    "a loss of nothing": (
        (("def generator_loss(self, real)", "def generator_loss(self)"),),
        "Small.generator_loss (small.py, line <def generator_loss>) is given 1 batch in its turn, one for",
    ),
    "a loss of two": (
        (("def generator_loss(self, real)", "def generator_loss(self, real, more)"),),
        "Small.generator_loss (small.py, line <def generator_loss>) is given 1 batch in its turn",
    ),
    "an unknown source": (
        turns("return [Turn('critic', self.critic_loss, sources=('photos',))]"),
        "has a turn that looks at 'photos', and sources() names only real.",
    ),
    "a text for sources": (
        turns("return [Turn('critic', self.critic_loss, sources='real')]"),
        "has a turn with sources='real': write names in a tuple",
    ),
    "something after it": (
        turns("return [Turn('critic', self.critic_loss, after=lambda: None)]"),
        "it must take the values of the terms, as in `def after(self, values)`.",
    ),
    "an error after it": (
        turns("return [Turn('critic', self.critic_loss, after=lambda values: values['cost'])]"),
        "(small.py, line <return [Turn>) fails: KeyError: 'cost'.",
    ),
    "no phases": (
        phases("return None"),
        "Small.phases (small.py, line <def phases>) returns None: return a list",
    ),
    "empty phases": (
        phases("return []"),
        "Small.phases (small.py, line <def phases>) returns an empty list: re",
    ),
    "turns for phases": (phases(ROUND), "gives a Turn where Phase(name, turns, length) is wanted."),
    "a phase without turns": (
        phases("return [Phase('a', ())]"),
        "in the phase 'a', gives no turn where Turn(play",
    ),
    "a phase without a length": (
        phases("return [Phase(name, (Turn('critic', self.critic_loss),)) for name in 'ab']"),
        "Small.phases (small.py, line <def phases>): the phase 'a' needs a length in steps or epochs",
    ),
    "a phase of minutes": (
        phases("return [Phase('a', (Turn('critic', self.critic_loss),), Limit(minutes=1))]"),
        "the phase 'a' needs a length in steps or epochs",
    ),
    "a phase of a number": (
        phases("return [Phase('a', (Turn('critic', self.critic_loss),), 100)]"),
        "gives the phase 'a' the length 100: write Limit(steps=1000) or Limit(epochs=5).",
    ),
    "sources of nothing": (
        class_method("sources(cls, settings, data): pass"),
        "Small.sources (small.py, line <@classmethod>) returns None: return {",
    ),
    "data for a source": (
        class_method("sources(cls, settings, data): return {'real': data}"),
        "Small.sources (small.py, line <@classmethod>) gives a Dataset for 'real': write Source(data, sett",
    ),
    "a source of no size": (
        class_method("sources(cls, settings, data): return {'real': Source(data, 0)}"),
        "gives 'real' batches of 0: write a whole number from 1.",
    ),
    "condition of nothing": (
        class_method("condition(cls, data): pass"),
        "Small.condition (small.py, line <@classmethod>) returns None: return a column, such as d",
    ),
    "a start of nothing": (
        method("start(self): pass"),
        "Small.start (small.py, line <def start>) is given first batches by name: it must take (real).",
    ),
    "an error at the start": (
        method("start(self, real): real.pixels"),
        "Small.start (small.py, line <def start>",
    ),
}
LOSSES: dict[str, tuple[Changes, str]] = {
    "none": (
        returning("None"),
        "Small.generator_loss (small.py, line <def generator_loss>) returns None: return named terms, as in",
    ),
    "a tensor": (
        returning("cost"),
        "Small.generator_loss (small.py, line <def generator_loss>) returns a tensor:",
    ),
    "a float": (returning("cost.item()"), "returns a float: return named terms, as in `return Terms("),
    "a list": (returning("[cost]"), "returns a list: return named terms, as in `return Terms("),
    "a tuple": (returning("cost, cost"), "returns a tuple: return named terms"),
    "no term": (returning("Terms()"), "returns no term at all: return named terms"),
    "a number as a term": (
        returning("Terms(cost=1.5)"),
        "has the term 'cost' as 1.5: a term is a tensor, neither",
    ),
    "none as a term": (returning("Terms(cost=None)"), "has the term 'cost' as None: a term is a tensor"),
    "a vector": (
        returning("Terms(cost=cost.expand(5))"),
        "has the term 'cost' of shape (5,): a term is one number",
    ),
    "a vector of one": (
        returning("Terms(cost=cost[None])"),
        "has the term 'cost' of shape (1,): a term is one",
    ),
    "a complex term": (
        returning("Terms(cost=cost * 1j)"),
        "has the term 'cost' as a complex number: a term is",
    ),
    "a vector beside it": (
        returning("Terms(cost=cost).observing(logits=cost.expand(5))"),
        "has the term 'logits' of shape (5,)",
    ),
    "a number beside it": (
        returning("Terms(cost=cost).observing(d=0.5)"),
        "has the term 'd' as 0.5: a term is a",
    ),
    "no gradient": (
        returning("Terms(cost=cost.detach())"),
        "Small.generator_loss (small.py, line <def generator_loss>) has no gradient for 'generator': what it",
    ),
    "none later on": (
        returning("Terms(cost=cost) if self.step < 2 else None"),
        "Small.generator_loss (small.py, line <def generator_loss>) returns None: return named terms",
    ),
    "an error in a loss": (
        (("cost = terms", "torch.zeros(2) + torch.zeros(3); cost = terms"),),
        "Small.generator_loss (small.py, line <torch.zeros(2)>) fails: RuntimeError: The size of tensor a (",
    ),
    "an error later on": (
        (("cost = terms", "1 / (self.step - 1); cost = terms"),),
        "Small.generator_loss (small.py, line <1 / (self>) fails: ZeroDivisionError: division by zero.",
    ),
    "an end in a loss": (
        (("cost = terms", "sys.exit(0); cost = terms"),),
        "Small.generator_loss (small.py, line <sys.exit>) fails: SystemExit: 0.",
    ),
    "a gradient done before": (
        (("cost = terms", "terms['adversarial'].backward(); cost = terms"),),
        "sparring fails with what the system gave it: RuntimeError: Trying to backward through the graph a",
    ),
    "no objective": (
        method("aim(self): pass"),
        "Small.aim (small.py, line <def aim>) returns None: return an Objective, such as sparring.objectives",
    ),
    "the name of an objective": (method("aim(self): return 'hinge'"), "returns 'hinge': return an Objective"),
    "networks that do not fit": (
        (("nn.Sequential(nn.Linear(2, 8)", "nn.Sequential(nn.Linear(5, 8)"),),
        "Small.critic_loss (small.py, line <of_fake = self.judge>) fails: RuntimeError: mat1 and mat2 shape",
    ),
}
SAMPLES: dict[str, tuple[Changes, str]] = {
    "no noise": (
        latent("pass"),
        "Small.latent (small.py, line <def latent>) returns None: return a tensor of sha",
    ),
    "a list of noise": (
        latent("return [0.0] * count"),
        "returns a list: return a tensor of shape (count, ...).",
    ),
    "always as much noise": (
        latent("return random.normal(8, 3)"),
        "Small.latent (small.py, line <def latent>) returns shape (8, 3) for 2 samples: its first must be c",
    ),
    "one number": (
        latent("return torch.zeros(())"),
        "returns shape () for 2 samples: its first must be count.",
    ),
    "noise of another width": (
        latent("return random.normal(count, 4)"),
        "Small.generate (small.py, line <return self.generator(latent)>) fails: RuntimeError: mat1 and mat2",
    ),
    "no samples": (
        generate("None"),
        "Small.generate (small.py, line <def generate(>) returns None: return a tens",
    ),
    "several": (
        generate("made, made"),
        "Small.generate (small.py, line <def generate(>) returns a tuple: return",
    ),
    "samples of another shape": (
        generate("made[:, :1]"),
        "makes shape (2, 1) of 2 latents, and points of 2 dimensions have (2, 2).",
    ),
    "fewer samples": (
        generate("made[:1]"),
        "makes shape (1, 2) of 2 latents, and points of 2 dimensions have",
    ),
    "samples of another type": (
        generate("made.double()"),
        "makes torch.float64 that are no points of 2 dimens",
    ),
    "complex samples": (generate("made * 1j"), "makes torch.complex64 that are no points of 2 dimensions."),
    "another sample": (
        method("sample(self, latent, condition): return latent"),
        "Small.sample (small.py, line <def sample>) makes shape (2, 3) of 2 latents, and points of 2 dimens",
    ),
}
FIGURES: dict[str, tuple[Changes, str]] = {
    "no test losses": (
        method("test_losses(self): pass"),
        "Small.test_losses (small.py, line <def test_losses>) returns None: return a dictionary from player",
    ),
    "test losses of nothing": (
        method("test_losses(self): return {'critic': lambda: None}"),
        "for 'critic': a test loss is a function of one batch.",
    ),
    "a test loss that was called": (
        method("test_losses(self): return {'critic': 0.5}"),
        "gives 0.5 for 'critic': a test loss is a function of one batch.",
    ),
    "no figures": (
        method("figures(self): pass"),
        "Small.figures (small.py, line <def figures>) returns None: ret",
    ),
    "a number for a figure": (
        method("figures(self): return {'error': 0.5}"),
        "gives 0.5 for 'error': write Figure(measure, about).",
    ),
}
ALL = {
    f"{group}: {name}": case
    for group, table in {
        "file": FILE,
        "class": CLASS,
        "settings": SETTINGS,
        "building": BUILDING,
        "course": COURSE,
        "losses": LOSSES,
        "samples": SAMPLES,
        "figures": FIGURES,
    }.items()
    for name, case in table.items()
}


def test_what_is_changed_is_right(train: Train) -> None:
    said = train()
    assert (said.code, said.complaint) == (0, "")
    assert json.loads((said.run / "status.json").read_text())["state"] == "finished"
    assert len(ALL) >= 100


@pytest.mark.parametrize("case", ALL)
def test_an_ordinary_mistake_gets_a_sentence(case: str, train: Train) -> None:
    changes, sentence = ALL[case]
    train(changes).check(sentence)
