"""RelGAN with the words themselves in the place of softened ones: to see that nothing can be learnt so."""

from torch import Tensor

from sparring.zoo.relgan import RelGAN


class Argmax(RelGAN):
    """The critic is shown what is written, through which no gradient goes."""

    def softened(self, count: int) -> Tensor:
        """The largest of the shares instead of all."""
        return self.kind.softened(super().softened(count).argmax(2))
