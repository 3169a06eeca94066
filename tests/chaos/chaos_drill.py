"""Does harm to a real farm at work, and audits what is left: `python tests/chaos --seed 1 --jobs 37 --kills 200`.

jobs, submitted while it runs ─▶ driver (a process of its own) ─▶ workers and gangs on a private cluster
          mischief: worker, rank, node, raylet, driver, job store, storage ─┘    └─▶ audit: exit status 0 or 1
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import faults
from audit import Audit
from house import SILENCE_S, house
from mischief import Drivers, Mischief, nothing_left, workers_left
from show import CLIPS, Reel

from farm.clock import now_us
from farm.driver.patience import Patience
from farm.errors import FailureKind
from farm.scheduler.retry import RULES
from farm.store.jobs import JobStore
from farm.store.records import AttemptRecord, Request, Verb
from farm.tasks import TaskState

STANDSTILL_S = 90.0
PAUSE_S = (0.05, 1.0)
"""Between one blow and the next, while the farm works."""


class Drill:
    """One run: asks for jobs, strikes, and watches what becomes of them."""

    def __init__(self, folder: Path, store: JobStore, mischief: Mischief, reels: list[Reel], seed: int) -> None:
        self._folder = folder
        self._store = store
        self._mischief = mischief
        self._reels = reels
        """All that are asked for in the end: more than at first, where they are done before the blows are."""
        self._waiting = reels[::-1]
        self._random = random.Random(seed + 1)
        self._patiently = Patience(threading.Event())
        mischief.spared = self._on_their_last

    def strike(self, kills: int) -> None:
        """So many blows, each while something runs; jobs come in between."""
        jobs = len(self._waiting)
        while (struck := self._mischief.done.total()) < kills:
            while self._waiting and jobs - len(self._waiting) <= jobs * struck / kills:
                self._submit()
            self._await_work()
            time.sleep(self._random.uniform(*PAUSE_S))
            self._mischief.look_after()
            self._mischief.strike()
        while self._waiting:
            self._submit()

    def finish(self) -> None:
        """Until every job has ended."""
        self._mischief.settle()
        self._wait(
            lambda: all(not line.state.live for line in self._lines()) and not self._patiently(self._store.pending)
        )

    def _on_their_last(self) -> set[str]:
        """Workers whose task would be quarantined if they died too. That is right, and tested elsewhere."""
        live = [line.id for line in self._lines() if line.state.live]
        records = [record for job in live for record in self._patiently(lambda job=job: self._store.load(job))]
        at_work = [record.task.id for record in records if record.state is TaskState.RUNNING]
        of_each = self._patiently(lambda: self._store.attempts(at_work)).values()
        return {
            attempts[-1].worker
            for attempts in of_each
            if sum(map(_crashed, attempts)) >= RULES[FailureKind.CRASHED].retries
        }

    def _submit(self) -> None:
        """Ask for a job, as people do: sometimes twice."""
        reel = self._waiting.pop()
        request = Request(
            id=f"submit {reel.name}",
            verb=Verb.SUBMIT,
            principal="ann",
            at_us=now_us(),
            body={"number": reel.number, "clips": reel.clips},
            key=reel.name,
        )
        for _ in range(self._random.choice((1, 2))):
            self._patiently(lambda: self._store.ask(request))

    def _await_work(self) -> None:
        """Until an attempt runs. With nothing left to do, the next job comes early, or one more."""

        def at_work() -> bool:
            lines = self._lines()
            if not any(line.state.live for line in lines) and not self._patiently(self._store.pending):
                if not self._waiting:
                    self._reels.append(Reel(len(self._reels)))
                    self._waiting.append(self._reels[-1])
                self._submit()
            return any(state is TaskState.RUNNING for line in lines for _, state in line.tasks)

        self._wait(at_work)

    def _lines(self):
        return self._patiently(self._store.job_lines)

    def _wait(self, wanted) -> None:
        """Until `wanted`, looking after the house; the farm must not stand still for long."""
        last, since_s = None, time.monotonic()
        while not wanted():
            self._mischief.look_after()
            time.sleep(0.05)
            if (lines := self._lines()) != last:
                last, since_s = lines, time.monotonic()
            if time.monotonic() > since_s + STANDSTILL_S:
                pulse = self._patiently(self._store.last_pulse)
                raise AssertionError(f"nothing has happened for {STANDSTILL_S:.0f} s; the driver says {pulse}")


def _crashed(attempt: AttemptRecord) -> bool:
    return attempt.manifest is not None and attempt.manifest.failure is FailureKind.CRASHED


def run(folder: Path, options: argparse.Namespace) -> list[str]:
    """What is found wrong; prints what was done."""
    start_s = time.monotonic()
    reels = [Reel(number) for number in range(options.jobs)]
    with house(folder, options.seed, postgresql=options.postgresql) as there:
        store, cluster = there.store, there.cluster
        drivers = Drivers(folder, os.environ)
        try:
            mischief = Mischief(folder, cluster, drivers, options.seed, options.nodes)
            mischief.server = there.server
            drill = Drill(folder, store, mischief, reels, options.seed)
            drill.strike(options.kills)
            struck_s = time.monotonic() - start_s
            drill.finish()
            faults.set_weather(folder, 0.0)
            status = drivers.stop()
        finally:
            drivers.process.kill()
            drivers.process.wait()
        wrong = [f"the last driver ended with {status}"] if status else []
        wrong += [f"a driver ended by itself with {code}" for code in drivers.ended]
        try:
            nothing_left(cluster.folder, within_s=3 * SILENCE_S)
        except AssertionError:
            wrong.append(f"workers are left: {workers_left(cluster.folder)}")
        audit = Audit(folder, store, reels)
        wrong += audit.findings()
    tell(options, mischief, audit, (struck_s, time.monotonic() - start_s))
    return wrong


def tell(options: argparse.Namespace, mischief: Mischief, audit: Audit, seconds: tuple[float, float]) -> None:
    """Print what was done and what came of it."""
    attempts = [attempt for each in audit.attempts.values() for attempt in each]
    books = "PostgreSQL" if options.postgresql else "SQLite"
    print(f"seed {options.seed}, {books}: {len(audit.expected)} tasks in {options.jobs} jobs, {len(attempts)} attempts")
    print(f"  {mischief.done.total()} blows in {seconds[0]:.0f} s, everything in {seconds[1]:.0f} s")
    print(f"  {_counted(mischief.done)}")
    ends = Counter(str(each.manifest.failure or each.manifest.state) for each in attempts if each.manifest)
    print(f"  attempts: {_counted(ends)}; of those not done, {audit.unheard} had been, which nobody was told")
    notes = mischief.folder / "faults"
    faulted = Counter(notes.read_text().splitlines()) if notes.exists() else Counter()
    print(f"  storage faults: {faulted.total()}")
    for fault, times in sorted(faulted.items()):
        print(f"    {fault.expandtabs(12)}: {times}")


def _counted(what: Counter[str]) -> str:
    return ", ".join(f"{kind} {times}" for kind, times in sorted(what.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=37, help=f"of {CLIPS} clips each")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--postgresql", action="store_true", help="the job store on a private PostgreSQL")
    parser.add_argument("--keep", action="store_true", help="leave everything there to look at")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    wrong = ["it did not come to its end"]
    try:
        wrong = run(folder, options)
    finally:
        if wrong or options.keep:
            print(f"  everything is in {folder}")
        else:
            shutil.rmtree(folder)
    for finding in wrong[:40]:
        print(f"WRONG {finding}")
    print("nothing lost, nothing doubled, nothing partial" if not wrong else f"{len(wrong)} findings")
    return bool(wrong)
