"""A terminal's other screen: entered, painted and left with as few signs as possible, each of them our own.

    "enter" ─▶ line after line at its place, in one write ─▶ … ─▶ "leave"

Every line is put at the row where it belongs and never wraps: a letter that the terminal takes for wider than we do
spoils no more than its own line. "Leave" comes last whatever happened before it, also in the midst of a letter.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The other screen, no cursor, no wrapping."""
LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"

Paint = Callable[[RenderableType], None]


@contextmanager
def other_screen(console: Console) -> Iterator[Paint]:
    """While inside, what is painted stands there alone; `console` is a terminal's."""
    descriptor = console.file.fileno()

    def paint(picture: RenderableType) -> None:
        lines = _drawn(picture, console).split("\n")
        _write(descriptor, "".join(f"\x1b[{row};1H{line}" for row, line in enumerate(lines, 1)))

    console.file.flush()
    try:
        _write(descriptor, ENTER)
        yield paint
    finally:
        _write(descriptor, LEAVE)


def _drawn(picture: RenderableType, console: Console) -> str:
    """The picture in the console's colours, by a console that nothing can interrupt but itself."""
    width, height = console.size
    sheet = Console(
        file=io.StringIO(),
        width=width,
        height=height,
        force_terminal=True,
        color_system=console.color_system,  # pyright: ignore[reportArgumentType] # one of the names it takes
        no_color=console.no_color,
        highlight=False,
    )
    with sheet.capture() as drawn:
        sheet.print(picture)
    return drawn.get().removesuffix("\n")


def _write(descriptor: int, text: str) -> None:
    left = text.encode("utf-8", errors="replace")
    while left:
        left = left[os.write(descriptor, left) :]
