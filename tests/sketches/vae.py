"""A variational autoencoder: one player, and no game at all (Kingma and Welling 2014, arXiv:1312.6114)."""

from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam

from sparring.game import Batch, DataSpec, Figure, Game, GameSettings, Loss, Needs, Player, Role, Terms, Turn
from sparring.randomness import Randomness


class VAE(Game):
    """An encoder and a decoder with Gaussian noise between them; the bound of equation 10."""

    needs = Needs(examples=("images",))
    value_range = (0.0, 1.0)

    def __init__(self, settings: GameSettings, data: DataSpec, random: Randomness) -> None:
        super().__init__(settings, data, random)
        size = data.kind.vector_size
        coder = nn.Sequential(nn.Flatten(), nn.Linear(size, 32), nn.Tanh(), nn.Linear(32, 2 * 4))
        maker = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, size), nn.Unflatten(1, data.shape))
        self.coder, self.maker = self.built(Role.OTHER, coder), self.built(Role.OTHER, maker)

    def players(self) -> dict[str, Player]:
        return {"autoencoder": Player(Role.OTHER, Adam(self.parameters(), 3e-3))}

    def round(self) -> list[Turn]:
        return [Turn("autoencoder", self.loss)]

    def loss(self, real: Batch) -> Terms:
        reconstruction, divergence = self.parts(real)
        return Terms(reconstruction=reconstruction.mean(), divergence=divergence.mean())

    def parts(self, real: Batch) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.coder(real.examples).chunk(2, 1)
        made = self.maker(mean + (log_variance / 2).exp() * self.latent(len(real), self.random))
        reconstruction = (
            F.binary_cross_entropy_with_logits(made, real.examples, reduction="none").flatten(1).sum(1)
        )
        return reconstruction, (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2

    def test_losses(self) -> dict[str, Loss]:
        return {"autoencoder": self.loss}

    def figures(self) -> dict[str, Figure]:
        return {
            "bound": Figure(lambda real: -sum(self.parts(real)), "log-likelihood at least; higher is better")
        }

    def latent(self, count: int, random: Randomness) -> Tensor:
        return random.normal(count, 4)

    def generate(self, latent: Tensor, condition: Tensor) -> Tensor:
        return self.maker(latent).sigmoid()
