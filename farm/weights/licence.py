"""Whether a show may use weights under their licence: its allow-list, before a byte is fetched."""

from __future__ import annotations

from collections.abc import Collection

from farm.errors import InputError


def check_licence(name: str, licence: str, allowed: Collection[str]) -> None:
    """Raises `InputError` when the project names the licences it may use, and this is none of them."""
    if not allowed or licence.casefold() in {each.casefold() for each in allowed}:
        return
    raise InputError(
        f"{name} is licensed as {licence or 'nothing it says'}, and the project's licences are {', '.join(allowed)}"
        " (choose another model, or add the licence to licences: in project.yaml)"
    )
