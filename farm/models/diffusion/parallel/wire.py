"""A denoiser's call on its way from rank 0 to the others: a header, and the tensors that they have not got yet.

    Call ──Sender──▶ header (tensors replaced by slots; which slots are new, which to forget) ─▶ broadcast, gloo
                     new tensors, as bytes ────────────────────────────────────────────────────▶ broadcast, each
    Call ◀──Receiver── slots filled in

A tensor that is the same object, unchanged, as in one of the last calls is not sent again: embeddings travel once a
clip, latents once a step. Rank 0 alone decides what is kept, so both sides always agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import torch
from torch import distributed

from farm.models.diffusion.parallel.nest import mapped, replaced
from farm.models.diffusion.parallel.octets import from_octets, to_octets
from farm.models.diffusion.parallel.seen import Seen

KEPT_CALLS = 4
"""A tensor that so many calls have not used is forgotten."""

Arguments = Mapping[str, Any]
"""Of a forward, by name."""


class Mode(Enum):
    """How the ranks answer a call."""

    PLAIN = auto()
    """Every rank computes it."""
    PAIR = auto()
    """It is computed as it stands and with `second` in place of some arguments; two outputs."""
    HALVES = auto()
    """The batch holds both passes: each half of the ranks computes one half of it; one output."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a denoiser."""

    name: str
    mode: Mode
    arguments: Arguments
    second: Arguments = field(default_factory=dict[str, Any])
    contexts: tuple[str, ...] = ()
    """Of diffusers' caches: the call's own, and the second's."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Stands for a tensor."""

    number: int


@dataclass(frozen=True, slots=True)
class Fresh:
    """A tensor that follows the header."""

    slot: Slot
    shape: torch.Size
    dtype: torch.dtype
    on_host: bool

    @property
    def bytes(self) -> int:
        return self.shape.numel() * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class Header:
    call: Call
    """With slots for its tensors."""
    fresh: tuple[Fresh, ...]
    forget: tuple[Slot, ...]


@dataclass(slots=True)
class _Known:
    """A tensor that the other ranks hold."""

    seen: Seen
    used: int
    """By which call, the last time."""


@dataclass(slots=True)
class Sender:
    """Rank 0's end."""

    sent_bytes: int = 0
    """Of tensors, so far."""
    _calls: int = 0
    _slots: int = 0
    _known: dict[Slot, _Known] = field(default_factory=dict[Slot, _Known])
    _by_identity: dict[int, Slot] = field(default_factory=dict[int, Slot])

    def send(self, call: Call) -> None:
        self._calls += 1
        fresh: list[tuple[Fresh, torch.Tensor]] = []
        packed = mapped(_contents(call), lambda tensor: self._slot(tensor, fresh))
        _announce(Header(_recall(call, packed), tuple(entry for entry, _ in fresh), self._forget()))
        for entry, tensor in fresh:
            _broadcast(to_octets(tensor))
            self.sent_bytes += entry.bytes

    def stop(self) -> None:
        """Rank 0 is done."""
        _announce(None)

    def _slot(self, tensor: torch.Tensor, fresh: list[tuple[Fresh, torch.Tensor]]) -> Slot:
        slot = self._by_identity.get(id(tensor))
        known = self._known.get(slot) if slot else None
        if slot and known and known.seen.still(tensor):
            known.used = self._calls
            return slot
        self._slots += 1
        slot = Slot(self._slots)
        self._known[slot] = _Known(Seen(tensor), self._calls)
        self._by_identity[id(tensor)] = slot
        fresh.append((Fresh(slot, tensor.shape, tensor.dtype, tensor.device.type == "cpu"), tensor))
        return slot

    def _forget(self) -> tuple[Slot, ...]:
        old = [slot for slot, known in self._known.items() if known.used <= self._calls - KEPT_CALLS]
        for slot in old:
            identity = id(self._known.pop(slot).seen.tensor)
            if self._by_identity[identity] == slot:
                del self._by_identity[identity]
        return tuple(old)


@dataclass(slots=True)
class Receiver:
    """The other ranks' end."""

    device: torch.device
    _held: dict[Slot, torch.Tensor] = field(default_factory=dict[Slot, torch.Tensor])

    def receive(self) -> Call | None:
        """The next call; None when rank 0 is done."""
        header = _announce(None)
        if header is None:
            return None
        for slot in header.forget:
            del self._held[slot]
        for entry in header.fresh:
            device = torch.device("cpu") if entry.on_host else self.device
            received = _broadcast(torch.empty(entry.bytes, dtype=torch.uint8, device=device))
            self._held[entry.slot] = from_octets(received, entry.dtype, entry.shape)
        return _recall(header.call, replaced(_contents(header.call), Slot, self._held.__getitem__))


def _contents(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """Where a call may hold tensors."""
    return dict(call.arguments), dict(call.second)


def _announce(header: Header | None) -> Header | None:
    """From rank 0 to all."""
    box = [header]
    distributed.broadcast_object_list(box, src=0)
    return box[0]


def _recall(call: Call, contents: tuple[dict[str, Any], dict[str, Any]]) -> Call:
    return Call(call.name, call.mode, *contents, call.contexts)


def _broadcast(content: torch.Tensor) -> torch.Tensor:
    if content.numel():
        distributed.broadcast(content, src=0)
    return content
