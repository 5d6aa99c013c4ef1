"""Likeness: closed forms of PSNR and SSIM, features, the untouched source beside what is made."""

import pytest
import torch

from sparring.translation.likeness import feature_distance, psnr, shaped_like, ssim


def test_psnr_in_closed_form() -> None:
    wanted = torch.zeros(3, 1, 12, 12)
    made = wanted + torch.tensor([0.2, 0.02, 0.0]).view(3, 1, 1, 1)
    # A tenth of the range is 20 decibels, a hundredth 40; nothing at all counts for 100.
    assert psnr(made, wanted, (-1.0, 1.0)).tolist() == pytest.approx([20, 40, 100], abs=1e-3)


def test_ssim_is_1_of_the_same_and_less_of_others() -> None:
    images = torch.rand(4, 3, 16, 16)
    assert ssim(images, images, (0.0, 1.0)).tolist() == pytest.approx([1.0] * 4)
    near, far = (
        ssim(images + deviation * torch.randn(4, 3, 16, 16), images, (0.0, 1.0)) for deviation in (0.05, 0.5)
    )
    assert (far < near).all()
    assert (near < 1).all()
    assert ssim(images[:1], images[1:2], (0.0, 1.0)).shape == (1,)


def test_ssim_is_that_of_values_from_0_whatever_their_range() -> None:
    """In closed form of flat images (2ab + c)/(a² + b² + c), c = 0.01² (Wang et al. 2004, equation 6)."""
    a, b = 134 / 255, 121 / 255
    flat = torch.full((1, 3, 16, 16), a), torch.full((1, 3, 16, 16), b)
    expected = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4)
    assert ssim(*flat, (0.0, 1.0)).item() == pytest.approx(expected, abs=2e-4)
    noise = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for one, other in (flat, (noise, 1 - noise), (noise, 0.9 * noise)):
        shifted = ssim(2 * one - 1, 2 * other - 1, (-1.0, 1.0))
        torch.testing.assert_close(shifted, ssim(one, other, (0.0, 1.0)), atol=1e-4, rtol=0)


def test_features_tell_what_is_fine_and_keep_to_the_range() -> None:
    wanted = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    assert feature_distance(wanted, wanted, (-1.0, 1.0)).tolist() == [0, 0]
    made = 0.5 * wanted
    apart = feature_distance(made, wanted, (-1.0, 1.0))
    assert torch.allclose(apart, feature_distance((made + 1) / 2, (wanted + 1) / 2, (0.0, 1.0)), rtol=1e-4)
    # What convolutions without biases answer to half of an image is half of what they answer to it.
    nothing = torch.zeros_like(wanted)
    assert torch.allclose(apart, feature_distance(made, nothing, (-1.0, 1.0)), rtol=1e-4)


def test_shapes_are_brought_together() -> None:
    span = (-1.0, 1.0)
    grey, colour = (stored(2, channels, side) / 127.5 - 1 for channels, side in ((1, 8), (3, 16)))
    assert torch.allclose(shaped_like(grey, colour[..., :8, :8], span)[:, 2], grey[:, 0], atol=1e-6)
    luma = (colour * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1)
    assert torch.allclose(shaped_like(colour, grey.repeat(1, 1, 2, 2), span)[:, 0], luma, atol=1 / 254)
    large = shaped_like(grey, colour, span)
    assert large.shape == colour.shape
    # Bicubic interpolation goes beyond what it is between.
    assert large.abs().max() <= 1


def test_transparency_is_no_colour() -> None:
    """An opaque picture is as like one without transparency as one can be, both ways."""
    span = (-1.0, 1.0)
    colour = stored(2, 3, 8) / 127.5 - 1
    opaque = torch.cat([colour, torch.ones(2, 1, 8, 8)], 1)
    grey = colour[:, :1]
    whole = torch.cat([grey.expand(-1, 3, -1, -1), torch.ones(2, 1, 8, 8)], 1)
    for source, target in ((opaque, colour), (colour, opaque), (grey, whole), (whole, grey)):
        assert psnr(shaped_like(source, target, span), target, span).min() == pytest.approx(100, abs=1e-3)
    clear = torch.cat([colour, -torch.ones(2, 1, 8, 8)], 1)
    assert torch.allclose(shaped_like(clear, colour, span), torch.ones_like(colour))


def stored(*shape: int) -> torch.Tensor:
    """Random square images (count, channels, side, side) as files have them."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (*shape, shape[-1]), generator=generator)
