"""How soon a driver is at work again: from the start of its process to the first command that it has decided.

    a list of 909 shots x 4 takes = 9,999 tasks, all done but 10 deliveries ──▶ `farm up` ──▶ StartWorker      < 3 s

Measured on a farm that was left in good order, and right after a SIGKILL of a driver that was at work, whose Ray is
still dying meanwhile. Imports count. The list is a real one to the planner; its tasks are done on paper: manifests as
large as real ones in the books, files only where the driver looks at them.
"""

from __future__ import annotations

import hashlib
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import JsonValue

from farm.changes import AttemptEnded, AttemptStarted, Committed, TaskMoved
from farm.clock import now_us
from farm.config import Config
from farm.findings import Place
from farm.kit import Kit
from farm.models.registry import Registry
from farm.shotfarm import ShotFarm
from farm.shotjob import ShotJob
from farm.shots.model import Shot, ShotList
from farm.site import Site
from farm.store.jobs import JobStore
from farm.store.records import Job, Request, Verb
from farm.submission import Submission
from farm.tasks import (
    Asset,
    AttemptState,
    FileClass,
    Manifest,
    Outcome,
    StoredFile,
    Task,
    TaskState,
    asset_key,
    attempt_prefix,
)

SHOTS = 909
TAKES = 4
LEFT = 10
"""Deliveries that are still to be made."""
ROUNDS = 3
KILLS = 2
PROJECT = "bench"
HERE = Path(__file__).parent
MOVES = ("slow push in", "pan left over the harbour", "truck right, gentle", "static, mist drifts by", "pull back")
OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "prepare": ("still",),
    "generate": ("mezzanine", "proxy", "poster"),
    "score": ("score",),
    "select": ("ranking",),
    "compare": ("movie", "contact_sheet"),
    "deliver": ("clip",),
}
MEASURES = 15
"""Numbers that a score leaves."""


def run() -> dict[str, float]:
    """Seconds, medians of rounds, with processor time and memory beside them."""
    with TemporaryDirectory(prefix="farm-bench-") as folder:
        farm = PaperFarm(Path(folder))
        tasks = farm.make()
        orderly = [farm.first_command() for _ in range(ROUNDS)]
        farm.kill_at_work()
        killed = [farm.first_command(at_work=True) for _ in range(KILLS)]
        nothing = [_seconds([sys.executable, "-c", "import farm.service, farm.cluster.embedded"]) for _ in orderly]
    return {
        "tasks": tasks,
        "first_command_s": _median(start.seconds for start in orderly),
        "after_sigkill_s": _median(start.seconds for start in killed),
        "target_s": 3.0,
        "first_command_cpu_s": _median(start.cpu_s for start in orderly),
        "after_sigkill_cpu_s": _median(start.cpu_s for start in killed),
        "imports_alone_s": _median(nothing),
        "memory_mb": max(start.memory_mb for start in (*orderly, *killed)),
    }


def table(figures: Mapping[str, float]) -> str:
    return "\n".join(f"{name:<24}{value:>10}" for name, value in figures.items())


@dataclass(frozen=True, slots=True)
class Start:
    """A driver up to its first command."""

    seconds: float
    cpu_s: float
    memory_mb: float


@dataclass
class PaperFarm:
    """A farm in a folder whose one job is all but done."""

    folder: Path

    def __post_init__(self) -> None:
        folders = {name: str(self.folder / name) for name in ("state", "out", "scratch")}
        self.config = Config.model_validate(folders)
        self.site = Site(self.config, "")

    # -- making ---------------------------------------------------------------------------------------------------

    def make(self) -> int:
        """Gives the number of tasks."""
        with self.site.store() as store, store.lead() as lease:
            farm = ShotFarm(self.site.out, self.site.clips, store, lease.epoch, Kit(Registry()))
            body = {"out": self.site.out, "submission": _submission().document()}
            job = farm.accept(Request(id="resume", verb=Verb.SUBMIT, principal="bench", at_us=now_us(), body=body))
            store.create_job(lease.epoch, job)
            count = self._play(store, lease.epoch, job, farm.open(job, runs=lambda task: False))
            farm.follow()
        return count

    def _play(self, store: JobStore, epoch: int, job: Job, plan: ShotJob) -> int:
        """Every task as done as it gets, in waves; the last deliveries are left."""
        wave, count = list(plan.begin()), 0
        while wave:
            store.add_tasks(epoch, job.id, wave, now_us())
            plan.found(wave)
            count += len(wave)
            played = [(task, self._manifest(task)) for task in wave if not _left(task)]
            store.commit(epoch, [change for _, manifest in played for change in _done(manifest)])
            wave = [new for task, manifest in played for new in plan.settle(task, Outcome(TaskState.DONE, manifest))]
        return count

    def _manifest(self, task: Task) -> Manifest:
        """As large as a worker's. Files are there where the driver, or a delivery, will look."""
        folder = attempt_prefix(PROJECT, FileClass.MEZZANINE, task.id, 1)
        files = {name: _file(f"{folder}/{name}.mp4", task) for name in OUTPUTS[task.stage]}
        if task.stage == "deliver" or (task.stage == "generate" and _is_last(task)):
            for file in files.values():
                self.site.clips.put_bytes(file.key, task.id.encode())
        return Manifest(
            task=task.id,
            attempt=1,
            stage=task.stage,
            state=AttemptState.DONE,
            files=files,
            facts=_facts(task),
            inputs={name: f"{folder}/{name}" for name in task.inputs},
            versions={"farm": "0.1.0", "python": "3.11.0"},
            worker="cpu-1",
            node="0" * 56,
            started_us=now_us(),
            ended_us=now_us(),
            cpu_us=12_500_000,
        )

    # -- measuring --------------------------------------------------------------------------------------------------

    def first_command(self, *, at_work: bool = False) -> Start:
        """Start a driver and end it: at its first command, or once an attempt runs, always by SIGKILL."""
        words = self.folder / "words"
        words.unlink(missing_ok=True)
        env = {
            **os.environ,
            "FARM_STATE": str(self.folder / "state"),
            "FARM_SCRATCH": str(self.folder / "scratch"),
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent.parent), os.environ.get("PYTHONPATH", "")]),
        }
        start_s = time.time()
        driver = subprocess.Popen([sys.executable, str(HERE / "resume_driver.py"), self.site.out, str(words)], env=env)
        try:
            told = _told(words, "command", driver)
            if at_work:
                _told(words, "run", driver)
        finally:
            driver.send_signal(signal.SIGKILL)
            driver.wait()
        return Start(round(told[0] - start_s, 3), told[2], told[1])

    def kill_at_work(self) -> None:
        """Leave a farm whose driver was killed while attempts ran."""
        self.first_command(at_work=True)


def _told(words: Path, what: str, driver: subprocess.Popen[bytes]) -> tuple[float, float, float]:
    """The time, memory and processor time that a driver noted; it must not end before."""
    while driver.poll() is None:
        if words.exists():
            for line in words.read_text().splitlines():
                if line.startswith(f"{what} ") and len(said := line.split()) == 4:
                    return float(said[1]), float(said[2]), float(said[3])
        time.sleep(0.005)
    raise AssertionError(f"the driver ended with {driver.returncode} and never said {what}")


def _submission() -> Submission:
    shots = tuple(
        Shot(
            code=f"sh{number:04}0",
            place=Place("shots.csv", number + 1),
            sequence=f"sq{number // 30:03}",
            still=f"/stills/sh{number:04}0.png",
            fps=Fraction(24),
            nb_frames=72 + number % 48,
            width=1920,
            height=1080,
            prompt=f"{MOVES[number % len(MOVES)]}, dusk over the harbour, {number % 7 + 2} seconds",
            takes=TAKES,
            models=("animatic",),
        )
        for number in range(1, SHOTS + 1)
    )
    shot_list = ShotList(project=PROJECT, name="resume", shots=shots, fps=Fraction(24), width=1920, height=1080)
    return Submission(shot_list=shot_list, assets={shot.code: {"still": _asset(shot.still)} for shot in shots})


def _asset(path: str) -> Asset:
    digest = hashlib.sha256(path.encode()).hexdigest()
    return Asset(digest=digest, name="still.png", key=asset_key(PROJECT, digest, "still.png"))


def _is_last(task: Task) -> bool:
    return task.shot > f"sh{SHOTS - LEFT:04}0"


def _left(task: Task) -> bool:
    return task.stage == "deliver" and _is_last(task)


def _file(key: str, task: Task) -> StoredFile:
    digest = hashlib.sha256(task.id.encode()).hexdigest()
    return StoredFile(key=key, size=len(task.id), sha256=digest, file_class=FileClass.MEZZANINE)


def _facts(task: Task) -> dict[str, JsonValue]:
    if task.stage == "select":
        return {"chosen": [1], "ranking": [{"take": take, "total": 0.9 - take / 10} for take in range(1, TAKES + 1)]}
    if task.stage == "score":
        return {f"measure_{number}": 0.123456789 + number / 100 for number in range(MEASURES)}
    return {"frames": 96, "seconds": 4.0, "seed": 7, "label": "push in, 12 %", "model": "animatic"}


def _done(manifest: Manifest) -> Iterable[Committed]:
    task, now = manifest.task, now_us()
    return (
        AttemptStarted(task, 1, "cpu-1", "here", now, job="resume"),
        AttemptEnded(manifest, cost_micros=1_250),
        TaskMoved(task, TaskState.DONE, now, winner=1),
    )


def _seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - start


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 2)
