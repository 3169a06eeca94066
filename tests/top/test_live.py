"""The loop at a terminal of the test's own: however it ends, the terminal is as it was."""

from __future__ import annotations

import codecs
import logging
import os
import pty
import signal
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from farms import NOW_US, busy
from rich.console import Console

from farm.errors import InputError, StorageError
from farm.overview.reader import Seen
from farm.top.live import LiveTop
from farm.top.look import Ask
from farm.top.lookout import Lookout

ENTERS, LEAVES = "\x1b[?1049h", "\x1b[?1049l"
HIDES, SHOWS = "\x1b[?25l", "\x1b[?25h"


class Terminal:
    """A terminal whose other end reads along and types."""

    def __init__(self, width: int = 100, height: int = 30) -> None:
        self.other, self.end = pty.openpty()
        self.console = Console(
            file=os.fdopen(os.dup(self.end), "w"), width=width, height=height, force_terminal=True, color_system=None
        )
        self.said = ""
        self._heard = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")  # a read may end inside a letter, or a write
        while True:
            try:
                said = decoder.decode(os.read(self.other, 65_536))
            except OSError:  # closed
                return
            with self._heard:
                self.said += said
                self._heard.notify_all()

    def wait_for(self, words: str) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: words in self.said, 60), self.said[-2000:]

    def type(self, keys: bytes) -> None:
        os.write(self.other, keys)

    @property
    def modes(self) -> list[object]:
        return termios.tcgetattr(self.end)

    def close(self) -> None:
        self.console.file.close()
        os.close(self.end)
        os.close(self.other)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    before = made.modes
    try:
        yield made
        assert made.modes == before
        made.wait_for(LEAVES)
        assert made.said.rindex(SHOWS) > made.said.rindex(HIDES)
        assert made.said.rindex(LEAVES) > made.said.rindex(ENTERS)
    finally:
        made.close()


@contextmanager
def typing(terminal: Terminal, *steps: tuple[str, bytes]) -> Iterator[None]:
    """Beside what runs: wait for words, then type."""

    def play() -> None:
        for words, typed in steps:
            terminal.wait_for(words)
            terminal.type(typed)

    player = threading.Thread(target=play)
    player.start()
    yield
    player.join(60)
    assert not player.is_alive()


def top(terminal: Terminal, look, ask=lambda ask: "", stopped=lambda: False) -> LiveTop:
    @contextmanager
    def opened():
        yield look

    return LiveTop(terminal.console, terminal.end, Lookout(opened, 0.05), ask, stopped)


def test_q_leaves(terminal, see):
    with typing(terminal, ("driven by", b"q")):
        top(terminal, lambda: see(busy())).run()
    assert "wan-14b@h100" in terminal.said


def test_a_job_is_paused_after_a_yes_and_the_answer_is_shown(terminal, see):
    asked: list[Ask] = []

    def ask(what: Ask) -> str:
        asked.append(what)
        return "it rests now"

    with typing(
        terminal,
        ("driven by", b"j"),
        ("lake-draft-00113e of lake", b"p"),
        ("pause lake-draft-00113e? y for yes", b"y"),
        ("it rests now", b"q"),
    ):
        top(terminal, lambda: see(busy()), ask).run()
    assert [(what.verb, what.job) for what in asked] == [("pause", "lake-draft-00113e")]


def test_a_request_that_cannot_be_made_is_said(terminal, see):
    def ask(what: Ask) -> str:
        raise StorageError("the server is away")

    with typing(terminal, ("driven by", b"jp"), ("y for yes", b"y"), ("the server is away", b"q")):
        top(terminal, lambda: see(busy()), ask).run()


def test_what_cannot_be_read_at_all_ends_it_with_the_reason(terminal):
    def look():
        raise InputError("it was written by a newer farm")

    with pytest.raises(InputError, match="newer farm"):
        top(terminal, look).run()


def test_a_crash_while_drawing_leaves_the_terminal_whole(terminal):
    with pytest.raises(AttributeError):
        top(terminal, lambda: "no overview").run()


def test_a_stop_is_heard_without_a_key(terminal, see):
    stop = threading.Event()
    threading.Thread(target=lambda: (terminal.wait_for("driven by"), stop.set())).start()
    top(terminal, lambda: see(busy()), stopped=stop.is_set).run()


@pytest.mark.parametrize("moment", [ENTERS, HIDES, "farm top", "driven by", "done in"])
def test_an_interrupt_leaves_the_terminal_whole(terminal, see, moment):
    """Also one that comes while the screen is entered, or in the midst of a frame."""

    def interrupt() -> None:
        terminal.wait_for(moment)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        top(terminal, lambda: see(busy())).run()


def test_a_reading_that_takes_long_does_not_keep_keys_waiting(terminal, see):
    over = threading.Event()

    def look():
        over.wait(60)
        return see(busy())

    with typing(terminal, ("reading the job store", b"q")):
        top(terminal, look).run()
    over.set()


def test_nothing_is_logged_over_the_screen(terminal, see, capsys):
    def look():
        logging.getLogger("somebody.else").error("the connection was lost")
        return see(busy())

    root = logging.getLogger()
    before = root.handlers[:]
    with typing(terminal, ("driven by", b"q")):
        top(terminal, look).run()
    assert root.handlers == before
    assert "connection was lost" not in terminal.said
    assert "connection was lost" not in capsys.readouterr().err


def test_what_has_not_changed_is_not_drawn_again(terminal, see):
    view = see(Seen(NOW_US))
    looks = threading.Semaphore(0)

    def look():
        looks.release()
        return view

    def leave() -> None:
        for _ in range(20):
            assert looks.acquire(timeout=60)
        terminal.type(b"q")

    leaving = threading.Thread(target=leave)
    leaving.start()
    top(terminal, look).run()
    leaving.join(60)
    terminal.wait_for(LEAVES)
    assert terminal.said.count("no driver has run here yet") <= 2
