"""A terminal's other screen: entered, painted and left with as few signs as possible, each of them our own.

    enter ─▶ line after line at its place, in one write ─▶ … ─▶ leave

Every line is put at the row where it belongs and never wraps: a letter that the terminal takes for wider than we do
spoils no more than its own line. `leave` undoes `enter` wherever that, or a painting, was interrupted. There is a
`finally` around both and no context manager, which an interrupt can catch between entering and being entered.
"""

from __future__ import annotations

import io
import os
import termios
import tty

from rich.console import Console, RenderableType

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""The other screen, no cursor, no wrapping."""
LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"


class OtherScreen:
    """That of `console`, with its keys at the descriptor `keyboard`; both are of one terminal."""

    def __init__(self, console: Console, keyboard: int) -> None:
        self._console = console
        self._screen = console.file.fileno()
        self._keyboard = keyboard
        self._modes = termios.tcgetattr(keyboard)

    def enter(self) -> None:
        """Keys come one by one and are not shown; Ctrl-Z, which would leave the screen as it is, is just a key."""
        self._console.file.flush()
        tty.setcbreak(self._keyboard)
        modes = termios.tcgetattr(self._keyboard)
        modes[6][termios.VSUSP] = os.fpathconf(self._keyboard, "PC_VDISABLE").to_bytes(1, "big")
        termios.tcsetattr(self._keyboard, termios.TCSANOW, modes)
        _write(self._screen, ENTER)

    def leave(self) -> None:
        """The terminal is as it was."""
        _write(self._screen, LEAVE)
        termios.tcsetattr(self._keyboard, termios.TCSANOW, self._modes)

    def paint(self, picture: RenderableType) -> None:
        """Show this and nothing else; it fills the screen."""
        lines = _drawn(picture, self._console).split("\n")
        _write(self._screen, "".join(f"\x1b[{row};1H{line}" for row, line in enumerate(lines, 1)))


def _drawn(picture: RenderableType, console: Console) -> str:
    """The picture in the console's colours."""
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
