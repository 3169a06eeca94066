"""What must be true of a farm after everything: nothing lost, nothing doubled, nothing partial, nothing left over."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from show import Reel, contents

from farm.clock import now_us
from farm.logs.files import is_log
from farm.store.catalog import Catalog
from farm.store.clips import SWEEP_AGE_US, ClipStore
from farm.store.jobs import JobStore
from farm.store.keys import TEMP_FOLDER
from farm.store.records import JobState, RequestState, TaskRecord
from farm.tasks import AttemptState, FileClass, Manifest, TaskId, TaskState, manifest_key

KEY_PARTS = 7
"""store/{project}/{class}/{id[:2]}/{id}/{attempt}/{file}"""


@dataclass
class Audit:
    """Looks at one farm when its driver has ended. Each `check_…` yields what is wrong."""

    folder: Path
    store: JobStore
    reels: Sequence[Reel]

    def __post_init__(self) -> None:
        self.clips = ClipStore(self.folder / "out")
        self.expected: dict[TaskId, dict[str, bytes]] = {}
        for reel in self.reels:
            for task, output, content in contents(reel):
                self.expected.setdefault(task.id, {})[output] = content
        self.records: dict[TaskId, TaskRecord] = {}
        for reel in self.reels:
            self.records |= {record.task.id: record for record in self.store.load(reel.name)}
        self.attempts = self.store.attempts(self.records)

    def findings(self) -> list[str]:
        checks = [getattr(self, name) for name in dir(self) if name.startswith("check_")]
        return [f"{check.__name__[6:]}: {wrong}" for check in checks for wrong in check()]

    @property
    def unheard(self) -> int:
        """Attempts that finished and are booked as failed: storage told neither worker nor driver."""
        ended = [(self.records[each.task].task, each) for all_of in self.attempts.values() for each in all_of]
        lost = [manifest_key(task.project, task.id, each.number) for task, each in ended if not _is_done(each.manifest)]
        left = [Manifest.model_validate_json(self.clips.read_bytes(key)) for key in lost if self.clips.exists(key)]
        return sum(map(_is_done, left))

    def check_requests(self) -> Iterator[str]:
        for reel in self.reels:
            request = self.store.request(f"submit {reel.name}")
            if request is None or request.state is not RequestState.APPLIED:
                yield f"{reel.name} was asked for and is {request}"

    def check_jobs(self) -> Iterator[str]:
        states = {job.id: job.state for job in self.store.jobs()}
        if states.keys() != {reel.name for reel in self.reels}:
            yield f"jobs {sorted(states)}"
        yield from (f"{job} is {state}" for job, state in states.items() if state is not JobState.DONE)

    def check_tasks(self) -> Iterator[str]:
        if self.records.keys() != self.expected.keys():
            yield f"{len(self.expected)} tasks were to be done, {len(self.records)} are in the books"
        for task, record in self.records.items():
            states = {attempt.number: attempt.state for attempt in self.attempts.get(task, ())}
            if record.state is not TaskState.DONE or states.get(record.winner) is not AttemptState.DONE:
                yield f"{record.task.label} is {record.state} by attempt {record.winner} of {states}: {record.message}"
            if list(states.values()).count(AttemptState.DONE) != 1:
                yield f"{record.task.label} was done not exactly once: {states}"
            if AttemptState.RUNNING in states.values():
                yield f"{record.task.label} still runs: {states}"
            if sorted(states) != list(range(1, record.attempts + 1)):
                yield f"{record.task.label} has attempts {sorted(states)}"

    def check_winners(self) -> Iterator[str]:
        """The winner's manifest lies there as the books have it, and so do all its files."""
        for task, record in self.records.items():
            key = manifest_key(record.task.project, task, record.winner)
            if not self.clips.exists(key):
                yield f"{key} is missing"
                continue
            manifest = Manifest.model_validate_json(self.clips.read_bytes(key))
            if manifest != record.manifest:
                yield f"{key} is not what the books say"
            if manifest.files.keys() != self.expected.get(task, {}).keys():
                yield f"{key} names {sorted(manifest.files)}"
            for name, file in manifest.files.items():
                if not self.clips.exists(file.key):
                    yield f"{file.key} is missing"
                    continue
                found = self.clips.read_bytes(file.key)
                if (len(found), hashlib.sha256(found).hexdigest()) != (file.size, file.sha256):
                    yield f"{file.key} is not what its manifest says"
                if found != self.expected[task][name]:
                    yield f"{file.key} does not hold what it should"

    def check_store(self) -> Iterator[str]:
        """Every key is somebody's, and whole: also what losers left behind."""
        orders = 0
        for key in self.clips.keys("store/"):
            parts = key.split("/")
            task, number, name = TaskId(parts[4]), int(parts[5]), parts[6]
            if len(parts) != KEY_PARTS or task not in self.records or number > self.records[task].attempts:
                yield f"{key} belongs to nobody"
            elif number == 0:
                orders += 1
            elif name == "manifest.json":
                manifest = Manifest.model_validate_json(self.clips.read_bytes(key))
                if (manifest.task, manifest.attempt) != (task, number):
                    yield f"{key} is about another attempt"
            elif FileClass.LOG in parts and is_log(name):
                continue  # what an attempt said of itself, or had said when it was killed
            elif self.clips.read_bytes(key) != self.expected[task][name.removesuffix(".bin")]:
                yield f"{key} is not whole"
        if orders != (paid := sum(record.task.stage == "sound" for record in self.records.values())):
            yield f"{orders} orders are noted for {paid} sounds"

    def check_published(self) -> Iterator[str]:
        wanted = {
            clip.published: self.expected[clip.deliver.id]["clip"] for reel in self.reels for clip in reel.members
        }
        wanted |= {reel.published: self.expected[reel.reel.id]["reel"] for reel in self.reels}
        if (found := set(self.clips.keys("publish/"))) != wanted.keys():
            yield f"published {sorted(found ^ wanted.keys())} differ from what should be"
        for key in found & wanted.keys():
            if self.clips.read_bytes(key) != wanted[key]:
                yield f"{key} is not whole"

    def check_catalog(self) -> Iterator[str]:
        catalog = Catalog(self.clips)
        rows = catalog.read("attempts").select(["task", "attempt", "state"]).to_pylist()
        booked = {(task, each.number): each.state.value for task, all_of in self.attempts.items() for each in all_of}
        told = {(row["task"], row["attempt"]): row["state"] for row in rows}
        if len(rows) != len(told) or told != booked:
            differ = told.items() ^ booked.items()
            yield f"{len(rows)} attempts in the catalog, {len(booked)} in the books; they differ in {differ}"
        done = Counter(row["task"] for row in rows if row["state"] == AttemptState.DONE)
        if set(done) != self.expected.keys() or set(done.values()) != {1}:
            yield f"the catalog has {len(done)} tasks done, {[task for task, times in done.items() if times > 1]} twice"
        takes = catalog.read("takes").to_pylist()
        generates = {task: record for task, record in self.records.items() if record.task.stage == "generate"}
        if sorted(row["task"] for row in takes) != sorted(generates):
            yield f"{len(takes)} takes in the catalog, {len(generates)} in the books"
        for row in takes:
            stands = (row["state"], row["attempt"], row["score"], len(row["clips"]))
            if stands != ("done", generates[row["task"]].winner, 0.5, 1):
                yield f"take {row['shot']} stands as {stands}"

    def check_paid(self) -> Iterator[str]:
        """Every order is one that all attempts of its task agree on: paid once."""
        orders = Counter(path.name.partition(".")[0] for path in (self.folder / "orders").iterdir())
        yield from (f"the sound of {clip} was ordered {times} times" for clip, times in orders.items() if times > 1)

    def check_unfinished(self) -> Iterator[str]:
        """What killed writers left is swept away once it is old enough."""
        self.clips.sweep(now_us() + 2 * SWEEP_AGE_US)
        if left := list((self.folder / "out" / TEMP_FOLDER).iterdir()):
            yield f"{len(left)} unfinished writes stay"


def _is_done(manifest: Manifest | None) -> bool:
    return manifest is not None and manifest.done
