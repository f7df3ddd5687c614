"""The networks in PyTorch: U-Net and ResUNet of the Mag-Net paper, and ours. Imported where models are
trained, nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

__all__ = ["HalfResolution", "UNet", "WithNormalisation", "build", "multiple_of"]

Name = Literal["unet", "resunet", "magnet"]


class _DoubleConvolution(nn.Module):
    """Twice 3 x 3 convolution, batch normalisation, ReLU; residual: plus a 1 x 1 convolution of the input."""

    def __init__(self, channels: int, filters: int, *, residual: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(filters)
        self.second = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(filters)
        self.shortcut = nn.Conv2d(channels, filters, 1) if residual else None

    def forward(self, image: Tensor) -> Tensor:
        inner = torch.relu(self.first_norm(self.first(image)))
        inner = self.second_norm(self.second(inner))
        if self.shortcut is not None:
            inner = inner + self.shortcut(image)
        return torch.relu(inner)


class UNet(nn.Module):
    """An encoder and a decoder joined at each depth (Ronneberger et al. 2015 [1]_; residual: Zhang et al.
    2018 [2]_).

    (n, 1, height, width) float32 to logits (n, classes, height, width); sides are multiples of 2 to the
    power of ``len(filters) - 1``.

    References
    ----------
    .. [1] Ronneberger, O., Fischer, P., Brox, T. (2015). U-Net. MICCAI.
    .. [2] Zhang, Z., Liu, Q., Wang, Y. (2018). Road extraction by deep residual U-Net. IEEE GRSL 15(5).

    >>> tuple(UNet((4, 8), network="unet")(torch.zeros(1, 1, 16, 16)).shape)
    (1, 3, 16, 16)
    """

    def __init__(
        self,
        filters: Sequence[int],
        *,
        network: Literal["unet", "resunet"] = "resunet",
        classes: int = 3,
        channels: int = 1,
    ) -> None:
        super().__init__()
        residual = network == "resunet"
        shallower = [channels, *filters[:-1]]
        self.down = nn.ModuleList(
            _DoubleConvolution(before, after, residual=residual)
            for before, after in zip(shallower, filters, strict=True)
        )
        steps = list(zip(filters[:0:-1], filters[-2::-1], strict=True))
        self.widen = nn.ModuleList(nn.ConvTranspose2d(deep, shallow, 2, stride=2) for deep, shallow in steps)
        self.up = nn.ModuleList(
            _DoubleConvolution(2 * shallow, shallow, residual=residual) for _, shallow in steps
        )
        self.head = nn.Conv2d(filters[0], classes, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Logits of each class."""
        kept: list[Tensor] = []
        for number, block in enumerate(self.down):
            image = block(image if number == 0 else torch.max_pool2d(image, 2))
            kept.append(image)
        for number, (widen, block) in enumerate(zip(self.widen, self.up, strict=True)):
            image = block(torch.cat([kept[-2 - number], widen(image)], dim=1))
        logits: Tensor = self.head(image)
        return logits


class HalfResolution(nn.Module):
    """A ResUNet that works on cells of twice the size: a quarter of the arithmetic, twice the context.

    A stem of stride 2 takes three views of the reading (cut to the paper's range; compressed by a logarithm,
    so that iron is told from ditch; whether it was read). Each cell then gives the logits of its four pixels
    (sub-pixel convolution, Shi et al. 2016 [1]_), so that edges stay as sharp as the labels.

    References
    ----------
    .. [1] Shi, W. et al. (2016). Real-time single image super-resolution using an efficient sub-pixel
       convolutional neural network. CVPR.

    >>> tuple(HalfResolution((4, 8))(torch.zeros(1, 3, 16, 16)).shape)
    (1, 3, 16, 16)
    """

    def __init__(self, filters: Sequence[int], *, classes: int = 3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, filters[0], 4, stride=2, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(filters[0])
        self.body = UNet(filters, classes=4 * classes, channels=filters[0])

    def forward(self, image: Tensor) -> Tensor:
        """Logits of each class."""
        halved = torch.relu(self.stem_norm(self.stem(image)))
        logits: Tensor = nn.functional.pixel_shuffle(self.body(halved), 2)
        return logits


def build(name: Name, filters: Sequence[int], classes: int = 3) -> nn.Module:
    """The network of a name, untrained.

    >>> type(build("magnet", (4, 8))).__name__
    'HalfResolution'
    """
    if name == "magnet":
        return HalfResolution(filters, classes=classes)
    return UNet(filters, network=name, classes=classes)


def multiple_of(name: Name, filters: Sequence[int]) -> int:
    """The number of pixels that the sides and the origins of tiles must be multiples of.

    >>> multiple_of("unet", (16, 32, 64, 128, 254)), multiple_of("magnet", (4, 8))
    (16, 4)
    """
    return int(2 ** (len(filters) - 1 + (name == "magnet")))


class WithNormalisation(nn.Module):
    """A network that takes nT, NaN where nothing was read, and gives probabilities.

    Values are cut to `low` .. `high` nT and scaled to 0..1; what was not read is -0.5. A network that works
    at half resolution sees the compressed value and what was read as channels of their own. `temperature`
    divides the logits (Guo et al. 2017): the class stays, the confidence is set right.

    >>> probabilities = WithNormalisation(UNet((4, 8)), -1.0, 2.0)(torch.full((1, 1, 16, 16), torch.nan))
    >>> bool(torch.allclose(probabilities.sum(dim=1), torch.ones(1, 16, 16)))
    True
    """

    temperature: Tensor

    def __init__(self, network: nn.Module, low: float, high: float) -> None:
        super().__init__()
        self.network = network
        self.low, self.high = low, high
        self.register_buffer("temperature", torch.ones(()))

    def scaled(self, values: Tensor) -> Tensor:
        """What the network sees of values in nT."""
        unread = torch.isnan(values)
        cut = (torch.clamp(values, self.low, self.high) - self.low) / (self.high - self.low)
        cut = torch.where(unread, torch.full_like(values, -0.5), cut)
        if not isinstance(self.network, HalfResolution):
            return cut
        known = torch.where(unread, torch.zeros_like(values), values)
        return torch.cat(
            [cut, torch.sign(known) * torch.log1p(known.abs()) / 3, 1 - unread.to(values.dtype)], dim=1
        )

    def logits(self, values: Tensor) -> Tensor:
        """Logits of each class, before the temperature."""
        logits: Tensor = self.network(self.scaled(values))
        return logits

    def forward(self, values: Tensor) -> Tensor:
        """Probability of each class."""
        return torch.softmax(self.logits(values) / self.temperature, dim=1)
