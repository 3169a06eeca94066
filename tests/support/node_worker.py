"""A worker of a node as far as its cache goes: a process that brings a model, tells, and may be held in the middle.

    python node_worker.py SOURCE CACHE NAME TALLY [HOLD_AFTER]

Each block that is asked of the source adds its length to the file TALLY. Says "held" after HOLD_AFTER bytes, and goes
on when a line comes; says where the model is once it is there, and then keeps it until its input ends.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from farm.models.diffusion.installed import Installed, WeightFile
from farm.weights.nodecache import NodeCache
from farm.weights.source import FolderSource


class TalliedSource(FolderSource):
    """Keeps account of what is read of it."""

    def __init__(self, models: Path, tally: Path, hold_after: int | None = None) -> None:
        super().__init__(models)
        self._tally = tally
        self._hold_after = hold_after
        self._read = 0

    def blocks(self, record: Installed, file: WeightFile, begin: int) -> Iterator[memoryview]:
        for block in super().blocks(record, file, begin):
            with self._tally.open("ab") as tally:
                tally.write(b"%d\n" % len(block))
            yield block
            self._read += len(block)
            if self._hold_after is not None and self._read >= self._hold_after:
                self._hold_after = None
                print("held", flush=True)
                sys.stdin.readline()


def tallied(tally: Path) -> int:
    """Bytes that were read of the source."""
    return sum(map(int, tally.read_text().split())) if tally.exists() else 0


class NodeWorker:
    """Such a process, from outside."""

    def __init__(self, models: Path, cache: Path, name: str, tally: Path, hold_after: int | None = None) -> None:
        hold = [] if hold_after is None else [str(hold_after)]
        root = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(models), str(cache), name, str(tally), *hold],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])},
        )

    def says(self) -> str:
        """Its next line."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def logs(self, words: str) -> str:
        """The next line of its log with those words."""
        assert self.process.stderr
        return next(line for line in self.process.stderr if words in line)

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> None:
        self.process.communicate()


def main(models: str, cache: str, name: str, tally: str, hold_after: str = "") -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s")
    source = TalliedSource(Path(models), Path(tally), int(hold_after) if hold_after else None)
    print(NodeCache(source, Path(cache)).bring(name).folder, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
