"""The loop of `farm top`: shows the latest overview, hears keys, and leaves the terminal as it found it.

The screen is drawn anew when there is something new, when a key was pressed and when its size has changed; each frame
is written over the last one, so that nothing flickers. However it ends, by a key, a signal or an error, the terminal
has its own screen, cursor and modes again.
"""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleDimensions, Group
from rich.text import Text

from farm.errors import FarmError
from farm.overview.values import Overview
from farm.top.frame import Look, frame
from farm.top.keys import Key, keys
from farm.top.look import Ask, press
from farm.top.lookout import Lookout
from farm.top.screen import OtherScreen

WAKE_S = 0.25
"""How often the loop looks whether there is something new when no key is pressed."""
TYPED_AT_ONCE = 1024


class LiveTop:
    """One person at one terminal."""

    def __init__(
        self, console: Console, keyboard: int, lookout: Lookout, ask: Callable[[Ask], str], stopped: Callable[[], bool]
    ) -> None:
        """`keyboard` is the descriptor of a terminal. `ask` asks the driver for something, and says what came of it."""
        self._console = console
        self._keyboard = keyboard
        self._lookout = lookout
        self._ask = ask
        self._stopped = stopped
        self._view: Overview | None = None
        self._look = Look()
        self._question: Ask | None = None
        self._drawn: tuple[object, ...] = ()

    def run(self) -> None:
        """Until `q`, or a stop. Raises what reading the farm raises."""
        screen = OtherScreen(self._console, self._keyboard)
        with _quiet(), self._lookout.looking():
            try:
                screen.enter()
                self._show(screen)
            finally:
                screen.leave()

    def _show(self, screen: OtherScreen) -> None:
        while not self._stopped():
            self._view = self._lookout.latest
            if (now := (self._view, self._look, self._size)) != self._drawn:
                self._drawn = now
                screen.paint(self._frame())
            if not self._hear():
                return

    def _hear(self) -> bool:
        """Wait a moment for keys; False for those that mean to leave."""
        ready, _, _ = select.select([self._keyboard], [], [], WAKE_S)
        typed = os.read(self._keyboard, TYPED_AT_ONCE) if ready else b""
        if ready and not typed:  # the terminal has gone
            return False
        for key in keys(typed):
            if key is Key.QUIT:
                return False
            self._press(key)
        return True

    def _press(self, key: Key) -> None:
        if self._view is None:
            return
        pressed = press(key, self._look, self._question, self._view)
        self._look, self._question = pressed.look, pressed.question
        if pressed.ask:
            self._look = Look(self._look.selected, self._asked(pressed.ask))

    def _asked(self, ask: Ask) -> str:
        try:
            return self._ask(ask)
        except FarmError as error:
            return str(error)

    @property
    def _size(self) -> ConsoleDimensions:
        return self._console.size

    def _frame(self) -> Group:
        if self._view is None:
            return Group(Text("reading the job store …   q quit", "dim"))
        return frame(self._view, self._size.width, self._size.height, self._look)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is logged over the screen: a database that goes away is told of in the header."""
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers[:] = [logging.NullHandler()]
    try:
        yield
    finally:
        root.handlers[:] = before
