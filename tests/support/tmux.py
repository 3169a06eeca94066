"""A real terminal for tests: tmux on a socket of its own, told which keys are pressed, asked what stands on the screen.

Screen ── send-keys, resize-window ──▶ tmux ──▶ the command          capture-pane ──▶ what a person would read
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

TMUX = shutil.which("tmux") or ""
MISSING = "needs a terminal to look at: apt-get install tmux"

PATIENCE_S = 120.0
POLL_S = 0.05

OUTER = {"TMUX", "TMUX_PANE", "COLUMNS", "LINES"}
"""What says something of another terminal than ours; pytest's parallel workers name one of 80 columns."""


class Screen:
    """One pane of one window."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    @classmethod
    @contextmanager
    def running(
        cls, folder: Path, script: str, env: Mapping[str, str], width: int = 80, height: int = 24
    ) -> Iterator[Self]:
        """A shell that runs `script`, and then waits; gone with everything in it when the block ends."""
        socket = folder / "tmux.socket"
        screen = cls(socket)
        size = ("-x", str(width), "-y", str(height))
        shell = ("sh", "-c", f"{script}\nexec sleep 100000")
        path = folder / "environment"
        path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items()))
        screen.tell("-f", os.devnull, "new-session", "-d", *size, "sh", "-c", f". {path}; exec {shlex.join(shell)}")
        try:
            yield screen
        finally:
            screen.tell("kill-server")

    def tell(self, *words: str) -> str:
        """What tmux answers to a command."""
        bare = {name: value for name, value in os.environ.items() if name not in OUTER}
        environ = bare | {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        done = subprocess.run(
            [TMUX, "-u", "-S", str(self._socket), *words], capture_output=True, text=True, env=environ, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: "q", "Down", "C-c"."""
        self.tell("send-keys", *keys)

    def resize(self, width: int, height: int) -> None:
        self.tell("resize-window", "-x", str(width), "-y", str(height))

    @property
    def is_whole(self) -> bool:
        """True where a program has left its own screen, and shows the cursor again."""
        return (self.mode("alternate_on"), self.mode("cursor_flag")) == ("0", "1")

    @property
    def lines(self) -> Sequence[str]:
        """What stands on the screen, a line each."""
        return self.tell("capture-pane", "-p").split("\n")[:-1]

    @property
    def painted(self) -> str:
        """The same with what gives it colours."""
        return self.tell("capture-pane", "-p", "-e")

    def mode(self, name: str) -> str:
        """A variable of tmux's: "alternate_on", "cursor_flag"."""
        return self.tell("display-message", "-p", f"#{{{name}}}").strip()

    def until(self, condition: Callable[[str], object]) -> str:
        """What stands on the screen once the condition holds for it."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition(said := "\n".join(self.lines)):
            assert time.monotonic() < deadline, said
            time.sleep(POLL_S)
        return said

    def shows(self, *words: str) -> str:
        """Wait until all of these stand on the screen."""
        return self.until(lambda said: all(word in said for word in words))
