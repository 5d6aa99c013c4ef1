"""The survey's ACGAN in Keras 3: for every line that has a number of rounds, the seconds of one.

    python acgan_keras.py

Networks, batches, losses and weights of the survey's listing, in the Keras of today on whatever backend it
finds; images are random, because what they show does not matter to the time.
"""

from __future__ import annotations

import sys
import time

import keras
import numpy as np
from keras import layers

BATCH, LATENT, CLASSES = 100, 100, 10


def convolution(filters: int, stride: int) -> list[layers.Layer]:
    """A convolution of the discriminator with what follows it."""
    return [
        layers.Conv2D(filters, 3, padding="same", strides=stride),
        layers.LeakyReLU(negative_slope=0.2),
        layers.Dropout(0.3),
    ]


def make_generator() -> keras.Model:
    """Noise times the embedding of a class, then three transposed convolutions."""

    def transposed(filters: int, activation: str, **options: object) -> layers.Layer:
        return layers.Conv2DTranspose(
            filters, 5, activation=activation, kernel_initializer="glorot_normal", **options
        )

    latent, label = keras.Input((LATENT,)), keras.Input((1,), dtype="int32")
    embedded = layers.Flatten()(layers.Embedding(CLASSES, LATENT, "glorot_normal")(label))
    body = keras.Sequential(
        [
            layers.Dense(3 * 3 * 384, activation="relu"),
            layers.Reshape((3, 3, 384)),
            transposed(192, "relu", strides=1, padding="valid"),
            layers.BatchNormalization(),
            transposed(96, "relu", strides=2, padding="same"),
            layers.BatchNormalization(),
            transposed(1, "tanh", strides=2, padding="same"),
        ]
    )
    return keras.Model([latent, label], body(layers.multiply([latent, embedded])))


def make_discriminator() -> keras.Model:
    """Four convolutions, then two heads."""
    image = keras.Input((28, 28, 1))
    stack = [
        each
        for filters, stride in ((32, 2), (64, 1), (128, 2), (256, 1))
        for each in convolution(filters, stride)
    ]
    features = keras.Sequential([*stack, layers.Flatten()])(image)
    generation = layers.Dense(1, activation="sigmoid", name="generation")(features)
    auxiliary = layers.Dense(CLASSES, activation="softmax", name="auxiliary")(features)
    return keras.Model(image, [generation, auxiliary])


def compiled(model: keras.Model) -> keras.Model:
    """The model with the listing's losses and optimiser."""
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=2e-4, beta_1=0.5),
        loss=["binary_crossentropy", "sparse_categorical_crossentropy"],
    )
    return model


class Rounds:
    """The listing's training loop."""

    def __init__(self) -> None:
        self.discriminator = compiled(make_discriminator())
        self.generator = make_generator()
        self.discriminator.trainable = False
        latent, label = keras.Input((LATENT,)), keras.Input((1,), dtype="int32")
        self.combined = compiled(
            keras.Model([latent, label], self.discriminator(self.generator([latent, label])))
        )
        self.chance = np.random.default_rng(0)
        self.images = self.chance.uniform(-1, 1, (BATCH, 28, 28, 1)).astype("float32")
        self.labels = self.chance.integers(0, CLASSES, (BATCH, 1))

    def drawn(self, count: int) -> list[np.ndarray]:
        """Noise and classes."""
        noise = self.chance.uniform(-1, 1, (count, LATENT)).astype("float32")
        return [noise, self.chance.integers(0, CLASSES, (count, 1))]

    def play(self) -> None:
        """The discriminator on real and generated images, then the generator on twice as many."""
        noise, labels = self.drawn(BATCH)
        fake = self.generator.predict_on_batch([noise, labels])
        real_or_not = np.repeat([0.95, 0.0], BATCH)[:, None].astype("float32")
        weights = [np.ones(2 * BATCH), np.repeat([2.0, 0.0], BATCH)]
        self.discriminator.train_on_batch(
            np.concatenate([self.images, fake]),
            [real_or_not, np.concatenate([self.labels, labels])],
            sample_weight=weights,
        )
        noise, labels = self.drawn(2 * BATCH)
        self.combined.train_on_batch([noise, labels], [np.full((2 * BATCH, 1), 0.95, "float32"), labels])


def main() -> None:
    """Answer lines until there are none."""
    rounds = Rounds()
    rounds.play()
    rounds.play()
    for line in sys.stdin:
        began = time.perf_counter()
        for _ in range(int(line)):
            rounds.play()
        print((time.perf_counter() - began) / int(line), flush=True)


if __name__ == "__main__":
    main()
