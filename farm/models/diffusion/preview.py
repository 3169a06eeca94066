"""A glimpse of a take while it is made: latents to colours, without the decoder and without known factors.

    vae.encode(still) ──▶ latents of the still ─┐
    still, averaged down to their size ─────────┴─least squares──▶ 3 x (channels + 1) map ──▶ any latents as colours

A latent pixel's colour is close to linear in its channels, and the still that every take starts from shows by how
much: the map is fitted once per still, from what the pipeline encodes anyway. Where no still was encoded, or the
latents are too few to tell the channels apart, there is no preview.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

_RIDGE = 1e-3
"""Of the channels' own spread: settles directions that a still does not show."""


class Preview:
    """The map of the still encoded last. Hand `encoded` to the memo, then ask for pictures."""

    def __init__(self) -> None:
        self._map: torch.Tensor | None = None

    def encoded(self, pixels: torch.Tensor, output: Any) -> None:
        """Fit the map to a picture (batch, 3, [frames,] height, width) between -1 and 1, and its encoding."""
        latents = _first(_latents(output))
        self._map = fitted_map(_first(pixels), latents)

    def picture(self, latents: torch.Tensor) -> NDArray[np.uint8] | None:
        """(channels, frames, height, width) in the space of `vae.encode` -> the middle frame, (height, width, 3)."""
        import torch

        if self._map is None or latents.shape[0] + 1 != self._map.shape[0]:
            return None
        middle = latents[:, latents.shape[1] // 2].detach().to("cpu", torch.float64)
        colours = _with_one(middle) @ self._map
        shown = ((colours + 1.0) * 127.5).nan_to_num().round().clamp(0, 255)
        return shown.to(torch.uint8).view(*middle.shape[1:], 3).numpy()


def fitted_map(pixels: torch.Tensor, latents: torch.Tensor) -> torch.Tensor | None:
    """(channels + 1, 3): least squares from latents (channels, h, w) to pixels (3, H, W) averaged to h x w."""
    import torch
    from torch.nn.functional import adaptive_avg_pool2d

    height, width = latents.shape[1:]
    if height * width <= 4:
        return None
    features = _with_one(latents.detach().to("cpu", torch.float64))
    small = adaptive_avg_pool2d(pixels.detach().to("cpu", torch.float64)[None], (height, width))[0]
    gram = features.T @ features
    gram += torch.diag(_RIDGE * gram.diag().clamp(min=1e-12))
    return torch.linalg.solve(gram, features.T @ small.reshape(3, -1).T)


def _with_one(latents: torch.Tensor) -> torch.Tensor:
    """(pixels, channels + 1): a column of ones takes up the mean."""
    import torch

    flat = latents.reshape(latents.shape[0], -1).T
    return torch.cat([flat, flat.new_ones(len(flat), 1)], dim=1)


def _latents(output: Any) -> torch.Tensor:
    if hasattr(output, "latent_dist"):
        return output.latent_dist.mode()
    return output[0].mode() if hasattr(output[0], "mode") and not hasattr(output[0], "dtype") else output[0]


def _first(batch: torch.Tensor) -> torch.Tensor:
    """First picture of a batch of pictures or movies: (channels, height, width)."""
    return batch[0] if batch.ndim == 4 else batch[0, :, 0]
