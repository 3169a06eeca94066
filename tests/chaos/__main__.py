"""Does harm to a real farm at work, and audits what is left: `python tests/chaos --seed 1 --jobs 37 --kills 200`.

    jobs, submitted while it runs ─▶ driver (a process of its own) ─▶ workers and gangs on a private cluster
              mischief: worker, rank, node, raylet, driver, job store, storage ─┘    └─▶ audit: exit status 0 or 1
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "support"))

import faults
from audit import Audit
from chaos_driver import open_store
from mischief import Drivers, Mischief, nothing_left, workers_left
from postgres_server import PostgresServer
from private_cluster import QUIET, PrivateCluster
from show import CLIPS, Reel

from farm.clock import now_us
from farm.driver.patience import Patience
from farm.store.jobs import JobStore
from farm.store.records import Request, Verb
from farm.tasks import TaskState

SILENCE_S = 4.0
IDLE_STOP_S = 3.0
STANDSTILL_S = 90.0
PAUSE_S = (0.05, 1.0)
"""Between one blow and the next, while the farm works."""


class Drill:
    """One run: asks for jobs, strikes, and watches what becomes of them."""

    def __init__(self, folder: Path, store: JobStore, mischief: Mischief, reels: list[Reel], seed: int) -> None:
        self._folder = folder
        self._store = store
        self._mischief = mischief
        self._waiting = reels[::-1]
        self._random = random.Random(seed + 1)
        self._patiently = Patience(threading.Event())

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
        self._wait(lambda: all(not line.state.live for line in self._lines()) and not self._patiently(self._store.pending))

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
        """Until an attempt runs. With nothing left to do, the next job comes early."""

        def at_work() -> bool:
            lines = self._lines()
            if self._waiting and not any(line.state.live for line in lines):
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


@contextmanager
def house(folder: Path, seed: int, *, postgresql: bool) -> Iterator[tuple[PrivateCluster, PostgresServer | None]]:
    """A private cluster and a job store, as `settings.json` tells the drivers."""
    os.environ |= QUIET | {
        "CHAOS_FOLDER": str(folder),
        "CHAOS_SEED": str(seed),
        "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE), os.environ.get("PYTHONPATH", "")]),
    }
    (folder / "orders").mkdir()
    faults.set_weather(folder, faults.CALM)
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer()) if postgresql else None
        place = server.url(server.database()) if server else str(folder / "state")
        cluster = PrivateCluster()
        stack.callback(cluster.close)
        cluster.attach()
        settings = {"store": place, "ray": cluster.address, "silence_s": SILENCE_S, "idle_stop_s": IDLE_STOP_S}
        (folder / "settings.json").write_text(json.dumps(settings))
        yield cluster, server


def run(folder: Path, options: argparse.Namespace) -> list[str]:
    """What is found wrong; prints what was done."""
    start_s = time.monotonic()
    reels = [Reel(number) for number in range(options.jobs)]
    tasks = len({task.id for reel in reels for task in reel.tasks})
    with house(folder, options.seed, postgresql=options.postgresql) as (cluster, server):
        store = open_store(json.loads((folder / "settings.json").read_text())["store"])
        drivers = Drivers(folder, os.environ)
        try:
            mischief = Mischief(folder, cluster, drivers, options.seed)
            mischief.server = server
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
        store.close()
    tries = sum(len(attempts) for attempts in audit.attempts.values())
    print(f"seed {options.seed}, {'PostgreSQL' if options.postgresql else 'SQLite'}: {tasks} tasks in {len(reels)} jobs, "
          f"{tries} attempts; {mischief.done.total()} blows in {struck_s:.0f} s, all in {time.monotonic() - start_s:.0f} s")  # fmt: skip
    print("  " + ", ".join(f"{kind} {times}" for kind, times in sorted(mischief.done.items())))
    noted = Counter((folder / "faults").read_text().splitlines()) if (folder / "faults").exists() else Counter()
    print(f"  storage faults: {noted.total()}")
    for fault, times in sorted(noted.items()):
        print(f"    {fault.expandtabs(12)}: {times}")
    failures = Counter((each.manifest.failure or each.manifest.state).value for all_of in audit.attempts.values() for each in all_of if each.manifest)  # fmt: skip
    print("  attempts: " + ", ".join(f"{kind} {times}" for kind, times in sorted(failures.items())))
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=37, help=f"of {CLIPS} clips each")
    parser.add_argument("--kills", type=int, default=200)
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


if __name__ == "__main__":
    sys.exit(main())
