"""Settings that make the networks of each system small."""

from __future__ import annotations

from typing import Any

SMALL_NETWORKS: dict[str, dict[str, Any]] = {
    "dcgan-tflearn": {"width": 4},
    "acgan": {"width": 4},
    "dcgan": {"width": 4},
    "wgan": {"width": 4, "n_critic": 2, "point_units": 8},
    "wgan-gp": {"width": 4, "n_critic": 2, "point_units": 8},
    "fastgan": {"width": 4, "latent_size": 8},
    "began": {"width": 4, "latent_size": 8, "point_units": 8},
    "r3gan": {"generator_width": 4, "discriminator_width": 4, "discriminator_units": 16},
    "improved-gan": {"labelled": 10, "width": 4},
    "bad-gan": {"labelled": 10, "width": 4, "density_units": 8, "density_epochs": 1},
    "bayesian-gan": {"width": 4, "generators": 3},
    "pix2pix": {"width": 4, "critic_width": 4},
    "restore": {"width": 4, "critic_width": 4},
    "inpaint": {"width": 4, "critic_width": 4},
    "cartoon": {"width": 4, "critic_width": 4, "blocks": 1, "content_steps": 1},
    "denoise": {"width": 4, "depth": 3, "critic_width": 4, "noise_width": 4, "noise_steps": 1, "n_critic": 2},
    "srgan": {"width": 4, "critic_width": 4, "blocks": 1, "resnet_steps": 1},
    "cyclegan": {"width": 4, "critic_width": 4, "blocks": 1},
    "seqgan": {"likelihood_epochs": 1, "critic_epochs": 1, "critic_steps": 2, "rollouts": 2},
    "relgan": {"likelihood_epochs": 1, "critic_steps": 2, "critic_filters": 8, "critic_embedding": 8},
}
