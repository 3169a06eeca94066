"""A gang of processes on this machine, without Ray: for measurements on a GPU machine, and for tests.

    rank 0 = this process      ── (entry, args) ──▶  rank 1…: a process each, on a GPU each
                               ◀──── Outcome ──────

It keeps `farm.models.spec.Gang`. The ranks meet in a file, so that no port has to be free.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from farm.errors import RankDied
from farm.models.gang import LEAVE_S, Outcome, beside, call, results
from farm.models.spec import Placement

END_S = 5.0
"""How long a rank may take to end by itself."""


class LocalGang:
    """Rank 0's hold on the other processes. Close it, or leave its block, to end them.

    `gpus` are the devices of the ranks as CUDA counts them; none for ranks on the CPU. Rank 0 uses the first of them,
    which is to be its process's device 0. `leave_s` is how long the others may take to come back once rank 0 failed.
    """

    def __init__(self, world: int, *, gpus: Sequence[int] = (), threads: int = 1, leave_s: float = LEAVE_S) -> None:
        self._leave_s = leave_s
        self._folder = tempfile.TemporaryDirectory(prefix="gang-")
        master = Path(self._folder.name, "meeting").as_uri()
        self.placement = Placement(threads=threads, gpus=(0,) if gpus else (), world=world, master=master)
        self.spoilt = False
        self._others = [
            _Rank.start(replace(self.placement, rank=rank), gpus[rank] if gpus else None) for rank in range(1, world)
        ]

    @property
    def processes(self) -> tuple[int, ...]:
        """The process ids of ranks 1, 2, …"""
        return tuple(other.process.pid or 0 for other in self._others)

    def broadcast(self, entry: str, *args: Any) -> list[Any]:
        replies = [other.ask(entry, args) for other in self._others]
        with beside(replies, self.spoil, self._leave_s):
            here = call(entry, self.placement, args)
        return [here, *results(replies)]

    def beside(self, entry: str, *args: Any) -> AbstractContextManager[None]:
        return beside([other.ask(entry, args) for other in self._others], self.spoil, self._leave_s)

    def spoil(self) -> None:
        self.spoilt = True

    def close(self) -> None:
        """End the other ranks, whatever they do."""
        for other in self._others:
            other.connection.close()
        for other in self._others:
            other.process.join(0 if self.spoilt else END_S)
            if other.process.is_alive():
                other.process.kill()
                other.process.join()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True)
class _Rank:
    """Another rank, from rank 0's side."""

    rank: int
    process: BaseProcess
    connection: Any
    """To it; a pipe's end has another type on each system."""

    @classmethod
    def start(cls, placement: Placement, gpu: int | None) -> _Rank:
        context = get_context("forkserver")  # a process forked from this one, which may use CUDA, could not use it
        ours, theirs = context.Pipe()
        process = context.Process(target=_stand_by, args=(placement, gpu, theirs), daemon=True)
        process.start()
        theirs.close()
        return cls(placement.rank, process, ours)

    def ask(self, entry: str, args: Sequence[Any]) -> _PipeReply:
        try:
            self.connection.send((entry, args))
        except OSError:
            return _PipeReply(self, self._died())
        return _PipeReply(self)

    def receive(self, timeout_s: float | None) -> Outcome | None:
        try:
            return self.connection.recv() if self.connection.poll(timeout_s) else None
        except (EOFError, OSError):
            return self._died()

    def _died(self) -> Outcome:
        self.process.join(END_S)
        return Outcome(error=RankDied(f"rank {self.rank} of the gang died (exit code {self.process.exitcode})"))


@dataclass(slots=True)
class _PipeReply:
    """What a process was asked (`farm.models.gang.Reply`)."""

    rank: _Rank
    known: Outcome | None = None

    def outcome(self, timeout_s: float | None = None) -> Outcome | None:
        if self.known is None:
            self.known = self.rank.receive(timeout_s)
        return self.known


def _stand_by(placement: Placement, gpu: int | None, connection: Any) -> None:
    """Another rank's process: take part until rank 0 hangs up."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)  # before CUDA is touched here
    os.environ["OMP_NUM_THREADS"] = str(placement.threads)
    while True:
        try:
            entry, args = connection.recv()
        except EOFError:
            return
        connection.send(_part(entry, placement, args))


def _part(entry: str, placement: Placement, args: Sequence[Any]) -> Outcome:
    try:
        return Outcome(call(entry, placement, args))
    except Exception as error:  # noqa: BLE001 - the process boundary: rank 0 is told
        if not hasattr(error, "__notes__"):
            error.add_note("".join(traceback.format_exception(error)))
        return Outcome(error=_portable(error))


def _portable(error: Exception) -> Exception:
    """The error, or its words where another process could not read it."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - whatever its own pickling raises
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
