"""SIGTERM for commands that have nothing to put away: a Ctrl-C, which is not lost.

    SIGTERM ─▶ KeyboardInterrupt wherever the command is ─▶ exit code 130
                   └─ in a callback of the garbage collector, which lets nothing out ─▶ SIGTERM once more

A handler of our own is needed at all since a first process, as in a container, gets no signal that it does not handle.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

AGAIN_S = 0.01
"""By then the callback that swallowed the interrupt is over."""


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """While inside, on the main thread, SIGTERM raises `KeyboardInterrupt`, as Ctrl-C does."""
    before, told = signal.signal(signal.SIGTERM, signal.default_int_handler), sys.unraisablehook

    def hear(lost: UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            _thread.start_new_thread(_once_more, ())  # which takes no lock: any may be held here
        else:
            told(lost)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = told
        signal.signal(signal.SIGTERM, before)


def _once_more() -> None:
    time.sleep(AGAIN_S)
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGTERM)
