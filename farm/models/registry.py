"""Where each model lives: name -> "module:ATTRIBUTE", imported when asked for and not before.

    adapter("animatic")  ->  import farm.models.animatic  ->  its ADAPTER

Reading the names imports nothing, so that listing models and reading their limits stay free of numpy, OpenCV and torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module

from farm.errors import InputError
from farm.models.spec import Adapter

ADAPTERS: Mapping[str, str] = {
    "animatic": "farm.models.animatic:ADAPTER",
}


def names() -> tuple[str, ...]:
    """Every known model, in order of the alphabet."""
    return tuple(sorted(ADAPTERS))


def adapter(name: str) -> Adapter:
    """The adapter of that name; InputError names the known ones, the closest first in mind."""
    if name not in ADAPTERS:
        close = get_close_matches(name.lower(), ADAPTERS, n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise InputError(f'there is no model "{name}" (known: {", ".join(names())}){hint}')
    module, _, attribute = ADAPTERS[name].partition(":")
    return getattr(import_module(module), attribute)
