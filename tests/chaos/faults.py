"""Storage that fails: reads and writes of a folder of clips that go wrong as disks and networks do.

    $CHAOS_FOLDER/weather ── the probability that an operation goes wrong, rewritten as the weather changes

What is told as failed may have been done; what was begun may leave half a temporary file; some operations never end
because their process does, in the middle of a write or right after one. Each fault is noted in `$CHAOS_FOLDER/faults`.
"""

from __future__ import annotations

import errno
import functools
import os
import random
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from farm.store.local import LocalFiles

CALM = 0.01
STORM = 0.4
DEADLY = 0.03
"""Of faults in a worker: that its process ends."""

WRITES = ("put_file", "put_bytes", "link")
READS = ("read_bytes", "size", "local_path", "fetch", "entries")
ERRORS = (errno.EIO, errno.ETIMEDOUT, errno.ENOSPC, errno.ESTALE)


def afflict(who: str) -> None:
    """From now on this process's clip stores suffer the weather. `who` says in the notes whose faults these are."""
    weather = Weather(Path(os.environ["CHAOS_FOLDER"]), who)
    for name in WRITES:
        setattr(LocalFiles, name, weather.suffered(name, getattr(LocalFiles, name), weather.bad_write))
    for name in READS:
        setattr(LocalFiles, name, weather.suffered(name, getattr(LocalFiles, name), weather.bad_read))


def set_weather(folder: Path, probability: float) -> None:
    new = folder / "weather.new"
    new.write_text(str(probability))
    new.replace(folder / "weather")


class Weather:
    def __init__(self, folder: Path, who: str) -> None:
        self._folder = folder
        self._who = who
        self._random = random.Random(f"{os.environ['CHAOS_SEED']}-{os.getpid()}-{time.time_ns()}")

    def suffered(self, name: str, method: Callable[..., Any], bad: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def afflicted(files: LocalFiles, *args: Any, **options: Any) -> Any:
            if self._random.random() >= self._probability:
                return method(files, *args, **options)
            return bad(name, functools.partial(method, files, *args, **options), files)

        return afflicted

    @property
    def _probability(self) -> float:
        return float((self._folder / "weather").read_text())

    def bad_write(self, name: str, action: Callable[[], Any], files: LocalFiles) -> Any:
        if self._who == "worker" and self._random.random() < DEADLY:
            self._die(name, action, files)
        kind = self._random.choice(("refused", "half", "done and told as failed", "slow"))
        self._note(name, kind)
        match kind:
            case "half":
                self._leave_half(files)
            case "done and told as failed":
                action()
            case "slow":
                time.sleep(self._random.uniform(0.1, 0.5))
                return action()
        raise self._error()

    def bad_read(self, name: str, action: Callable[[], Any], files: LocalFiles) -> Any:
        kind = self._random.choice(("refused", "slow"))
        self._note(name, kind)
        if kind == "slow":
            time.sleep(self._random.uniform(0.1, 0.5))
            return action()
        raise self._error()

    def _die(self, name: str, action: Callable[[], Any], files: LocalFiles) -> None:
        if self._random.random() < 0.5:
            self._note(name, "died in the middle")
            self._leave_half(files)
        else:
            self._note(name, "died right after")
            action()
        os.kill(os.getpid(), signal.SIGKILL)

    def _leave_half(self, files: LocalFiles) -> None:
        files._temp.mkdir(parents=True, exist_ok=True)
        (files._temp / uuid.uuid4().hex).write_bytes(b"half of it")

    def _error(self) -> OSError:
        number = self._random.choice(ERRORS)
        return OSError(number, os.strerror(number))

    def _note(self, name: str, kind: str) -> None:
        line = f"{self._who}\t{name}\t{kind}\n".encode()
        notes = os.open(self._folder / "faults", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(notes, line)
        os.close(notes)
