"""Being asked to stop: by Ctrl-C, by SIGTERM, once for a clean end and twice for one at once.

SIGINT, SIGTERM ─▶ Stop.event ─▶ whoever waits for it, or looks whether it is set
"""

from __future__ import annotations

import _thread
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event

LISTEN_S = 0.5
"""How often who only waits wakes up. Python hears a signal between two of its steps: one that comes just before a wait
without an end, or to another thread, is not heard until that wait is over."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether a process was asked to stop."""

    def __init__(self) -> None:
        self.event = Event()
        self._was_asked = False
        self._hears = False

    @contextmanager
    def on_signals(self) -> Iterator[Callable[[], bool]]:
        """While inside, Ctrl-C and SIGTERM ask for a clean stop; a second one ends at once.

        Gives what tells whether a stop was asked for.
        """
        before = {number: signal.getsignal(number) for number in SIGNALS}
        self._hears = True
        self.hear()
        try:
            yield self.event.is_set
        finally:
            self._hears = False
            for number, handler in before.items():
                signal.signal(number, handler)

    def hear(self) -> None:
        """Take the signals back from whoever took them meanwhile, as Ray does when it starts; inside `on_signals`."""
        if self._hears:
            for number in SIGNALS:
                signal.signal(number, self._ask)

    def wait(self) -> None:
        """Until a stop is asked for."""
        while not self.event.wait(LISTEN_S):
            pass

    def _ask(self, number: int, frame: object) -> None:
        """Heard in the middle of anything, so it may wait for no lock: that of the event may be held right here."""
        del number, frame
        if self._was_asked:
            raise KeyboardInterrupt
        self._was_asked = True
        _thread.start_new_thread(self.event.set, ())
