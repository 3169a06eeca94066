"""Methods put over one object's own, by giving that object a class of its own.

    pipe.scheduler : UniPC        ──overlaid(step=…)──▶  a subclass of UniPC, of which it is the only instance

The object stays what it was for `isinstance`, `inspect.signature` and registries that go by the class's name, and so
does what others put on the instance (offload hooks replace `forward` there, and put it back). A copy of the object
has the overlaid methods too: they must ask which object they are called on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any


def overlay(thing: Any, name: str, around: Callable[..., Any]) -> Callable[[], None]:
    """Let `thing.name(...)` be `around(thing, inner, ...)`, where `inner(...)` is what it was; returns the way back."""
    kind = type(thing)
    plain = getattr(kind, name)

    @wraps(plain)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return around(self, lambda *a, **k: plain(self, *a, **k), *args, **kwargs)

    own = {name: method, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    thing.__class__ = type(kind.__name__, (kind,), own)

    def back() -> None:
        thing.__class__ = kind

    return back
