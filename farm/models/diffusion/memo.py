"""Conditioning is computed once: takes of a shot share the encodings of its words and its still.

    text_encoder(ids) ──▶ key = hash(content of the inputs) ──seen──▶ a copy of what was kept
                                                            └─new───▶ compute, keep a copy in host memory

The memo lies around the encoder modules and `vae.encode`, so every family's pipeline goes its own way and gets what it
would have computed. What is kept is a function of the inputs alone: of a posterior the distribution, not a sample.
"""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from farm.models.diffusion.overlay import overlay

if TYPE_CHECKING:
    import torch

ENCODERS = ("text_encoder", "text_encoder_2", "image_encoder")
VAE_ENCODE = "vae.encode"
_UNREAD = frozenset({"logits", "past_key_values"})
"""Parts of a language model's output that are for writing text: no pipeline reads them, and they are the largest."""


@dataclass(slots=True)
class Uses:
    """How often one encoder was asked."""

    computed: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    output: Any
    """On the host."""
    device: torch.device
    size_bytes: int


class Memo:
    """Kept encodings of one pipeline, the least recently used dropped first. Install it once; `remove` undoes it."""

    def __init__(self, pipe: Any, *, limit_bytes: int = 4 * 2**30, encoded: Callable[[Any, Any], None] | None = None):
        """`encoded(pixels, output)` is told of every `vae.encode`, kept or computed."""
        self.uses: dict[str, Uses] = {}
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._limit_bytes, self._size_bytes = limit_bytes, 0
        self._encoded = encoded
        self._back = [self._over(name, module, "__call__") for name, module in _encoders(pipe)]
        self._back.append(self._over(VAE_ENCODE, pipe.vae, "encode"))

    @property
    def size_bytes(self) -> int:
        """What is kept, in host memory."""
        return self._size_bytes

    @property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """Encoder -> (times computed, times answered from what was kept)."""
        return {name: (uses.computed, uses.hits) for name, uses in self.uses.items()}

    def clear(self) -> None:
        """Forget what is kept: after the encoders' weights have changed."""
        self._kept.clear()
        self._size_bytes = 0

    def remove(self) -> None:
        """Leave the pipeline as it was."""
        for back in self._back:
            back()
        self.clear()

    def _over(self, name: str, module: Any, method: str) -> Callable[[], None]:
        uses = self.uses[name] = Uses()

        def around(_: Any, inner: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            output = self._answer(name, uses, inner, args, kwargs)
            if name == VAE_ENCODE and self._encoded is not None:
                self._encoded(args[0] if args else kwargs["x"], output)
            return output

        return overlay(module, method, around)

    def _answer(self, name: str, uses: Uses, inner: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        key = _key(name, args, kwargs)
        kept = None if key is None else self._kept.get(key)
        if key is not None and kept is not None:
            self._kept.move_to_end(key)
            uses.hits += 1
            return _copied(kept.output, lambda tensor: tensor.to(kept.device, copy=True))
        uses.computed += 1
        output = _without_unread(inner(*args, **kwargs))
        if key is not None:
            self._keep(key, output)
        return output

    def _keep(self, key: str, output: Any) -> None:
        tensors = list(_tensors(output))
        size_bytes = sum(tensor.nbytes for tensor in tensors)
        if not tensors or size_bytes > self._limit_bytes:
            return
        while self._size_bytes + size_bytes > self._limit_bytes:
            self._size_bytes -= self._kept.popitem(last=False)[1].size_bytes
        on_host = _copied(output, lambda tensor: tensor.detach().to("cpu", copy=True))
        self._kept[key] = _Kept(on_host, tensors[0].device, size_bytes)
        self._size_bytes += size_bytes


def _encoders(pipe: Any) -> Iterator[tuple[str, Any]]:
    for name in ENCODERS:
        module = getattr(pipe, name, None)
        if module is not None:
            yield name, module


def _key(name: str, args: Any, kwargs: Any) -> str | None:
    """Hash of what is handed in; None when something is neither a tensor nor plain data."""
    digest = hashlib.sha256(name.encode())
    return digest.hexdigest() if _feed(digest, (args, kwargs)) else None


def _feed(digest: Any, value: Any) -> bool:
    import torch

    if isinstance(value, torch.Tensor):
        digest.update(f"tensor {value.dtype} {tuple(value.shape)} {value.device};".encode())
        digest.update(value.detach().to("cpu").contiguous().flatten().view(torch.uint8).numpy().data)
        return True
    if isinstance(value, Mapping):
        digest.update(f"map {len(value)};".encode())
        return all(_feed(digest, (str(name), item)) for name, item in sorted(value.items()))
    if isinstance(value, tuple | list):
        digest.update(f"list {len(value)};".encode())
        return all(_feed(digest, item) for item in value)
    if value is None or isinstance(value, bool | int | float | str | torch.dtype):
        digest.update(f"{type(value).__name__} {value!r};".encode())
        return True
    return False


def _without_unread(output: Any) -> Any:
    if isinstance(output, Mapping) and _UNREAD & output.keys():
        return type(output)(**{name: item for name, item in output.items() if name not in _UNREAD})
    return output


def _copied(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same structure with every tensor changed: mappings, sequences, and objects by their attributes."""
    import torch

    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, Mapping):
        items = {name: _copied(item, change) for name, item in value.items()}
        return items if type(value) is dict else type(value)(**items)
    if type(value) in {tuple, list}:
        return type(value)(_copied(item, change) for item in value)
    if hasattr(value, "__dict__"):
        twin = copy.copy(value)
        twin.__dict__.update({name: _copied(item, change) for name, item in vars(value).items()})
        return twin
    return value


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor of an output."""
    found: list[torch.Tensor] = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        found.append(tensor)
        return tensor

    _copied(value, note)
    yield from found
