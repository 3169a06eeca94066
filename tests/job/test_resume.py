"""Resume is replay: whatever is taken away, nothing that is there is made again, and nothing is lost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.errors import FailureKind
from farm.plan import Brief, plan
from farm.resume import Standing, look
from farm.site import Ledger
from farm.store.catalog import Catalog
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.lease import Lease
from farm.store.records import Job
from farm.tasks import (
    AttemptState,
    FileClass,
    Manifest,
    Outcome,
    StoredFile,
    Task,
    TaskState,
    attempt_prefix,
    manifest_key,
)

OUTPUTS = {
    "prepare": ["still"],
    "generate": ["mezzanine", "proxy", "poster"],
    "score": ["score"],
    "select": ["ranking"],
    "deliver": ["clip"],
    "assemble": ["movie", "timeline", "contact_sheet"],
}
FACTS = {"select": {"chosen": [1]}}
NAMES = count()


@dataclass
class World:
    """A job store and a clip store, and a hand that plays worker and driver."""

    brief: Brief
    clips: ClipStore
    store: JobStore
    lease: Lease

    def look(self) -> Standing:
        return look(self.brief, self.store, self.clips, now_us=1)

    def record(self, standing: Standing) -> None:
        self.store.add_tasks(self.lease.epoch, "job", list(standing.tasks.values()), 1)
        if standing.changes:
            self.store.commit(self.lease.epoch, standing.changes)

    def work(self, task: Task, attempt: int, *, manifest: bool = True) -> Manifest:
        """What a worker leaves in the clip store."""
        files = {}
        for name in OUTPUTS[task.stage]:
            key = f"{attempt_prefix(task.project, FileClass.MEZZANINE, task.id, attempt)}/{name}"
            self.clips.put_bytes(key, b"x")
            files[name] = StoredFile(key=key, size=1, sha256="", file_class=FileClass.MEZZANINE)
        said = Manifest(
            task=task.id,
            attempt=attempt,
            stage=task.stage,
            state=AttemptState.DONE,
            files=files,
            facts=FACTS.get(task.stage, {}),
        )
        if manifest:
            key = manifest_key(task.project, task.id, attempt)
            self.clips.put_bytes(key, said.model_dump_json().encode())
        return said

    def start(self, task: Task, attempt: int = 1) -> None:
        self.store.commit(self.lease.epoch, [AttemptStarted(task.id, attempt, "w", "n", 1)])

    def finish(self, task: Task, attempt: int = 1) -> None:
        done = TaskMoved(task.id, TaskState.DONE, 1, winner=attempt)
        self.store.commit(self.lease.epoch, [AttemptEnded(self.work(task, attempt)), done])

    def run_all(self) -> None:
        while not (standing := self.look()).complete:
            self.record(standing)
            for task in standing.tasks.values():
                if task.id not in standing.known:
                    attempt = standing.histories.get(task.id).attempts + 1 if task.id in standing.histories else 1
                    self.start(task, attempt)
                    self.finish(task, attempt)


@pytest.fixture
def world(tmp_path, brief, shot):
    store = JobStore.open(tmp_path / "state")
    with store.lead() as lease:
        store.create_job(lease.epoch, Job(id="job", project="demo", name="shots", out="x", document={}, created_us=1))
        yield World(brief(shot("sh010"), shot("sh020")), ClipStore(f"memory://resume-{next(NAMES)}"), store, lease)
    store.close()


def first(world: World, stage: str) -> Task:
    return next(task for task in plan(world.brief, world.look().known).tasks.values() if task.stage == stage)


def open_stages(world: World) -> list[str]:
    standing = world.look()
    return [task.label for task in standing.tasks.values() if task.id not in standing.known]


def test_at_first_everything_is_to_be_done(world):
    standing = world.look()
    assert (len(standing.tasks), standing.known, standing.changes) == (10, {}, [])


def test_at_the_end_nothing_is(world):
    world.run_all()
    assert world.look().complete
    assert not world.look().changes


def test_what_is_done_is_known_with_its_manifest(world):
    world.record(world.look())
    task = first(world, "prepare")
    world.start(task)
    world.finish(task)
    assert world.look().known[task.id].manifest.files.keys() == {"still"}


def test_an_attempt_left_running_is_adopted_by_its_manifest(world):
    world.record(world.look())
    task = first(world, "prepare")
    world.start(task)
    world.work(task, 1)
    world.record(world.look())
    assert world.store.tasks([task.id])[task.id].state is TaskState.DONE


def test_an_attempt_left_running_without_manifest_costs_nothing(world):
    world.record(world.look())
    task = first(world, "prepare")
    world.start(task)
    world.work(task, 1, manifest=False)
    world.record(world.look())
    record = world.store.tasks([task.id])[task.id]
    assert (record.state, record.attempts, record.failures) == (TaskState.WAITING, 1, {FailureKind.RECLAIMED: 1})
    assert world.look().histories[task.id].attempts == 1, "the next attempt writes elsewhere"


def test_what_failed_is_asked_for_again_with_a_clean_slate(world):
    world.record(world.look())
    task = first(world, "prepare")
    world.start(task)
    failed = Manifest(task=task.id, attempt=1, stage="prepare", state=AttemptState.FAILED, failure=FailureKind.INPUT)
    moved = TaskMoved(task.id, TaskState.FAILED, 1, 0, FailureKind.INPUT, "no picture")
    world.store.commit(world.lease.epoch, [AttemptEnded(failed), moved])
    standing = world.look()
    assert standing.histories[task.id].failures == {}
    world.record(standing)
    assert world.store.tasks([task.id])[task.id].state is TaskState.WAITING


def test_a_lost_job_store_is_rebuilt_from_the_shelf(world, tmp_path):
    world.run_all()
    store = JobStore.open(tmp_path / "other")
    with store.lead() as lease:
        store.create_job(lease.epoch, Job(id="job", project="demo", name="shots", out="x", document={}, created_us=1))
        fresh = World(world.brief, world.clips, store, lease)
        standing = fresh.look()
        assert standing.complete
        fresh.record(standing)
        assert all(record.state is TaskState.DONE for record in store.load("job"))
    store.close()


def test_what_was_handed_in_is_no_attempt(world):
    world.clips.put_bytes("store/demo/asset/ab/abcdef/still.png", b"x")
    assert not world.look().changes


def test_partial_attempts_on_the_shelf_are_counted_so_that_their_keys_are_not_used_again(world):
    task = first(world, "prepare")
    world.work(task, 1, manifest=False)
    standing = world.look()
    world.record(standing)
    assert standing.histories[task.id].attempts == 1
    assert task.id not in standing.known


@pytest.mark.parametrize(
    ("stage", "output", "again"),
    [
        ("deliver", "clip", ["deliver sh010"]),
        ("assemble", "movie", ["assemble"]),
        ("generate", "mezzanine", []),
        ("prepare", "still", []),
    ],
)
def test_a_file_that_is_gone_is_made_again_only_when_somebody_needs_it(world, stage, output, again):
    world.run_all()
    task = first(world, stage)
    world.clips.delete(world.look().known[task.id].manifest.files[output].key)
    assert [label.removesuffix(" take 1") for label in open_stages(world)] == again


def test_a_chain_of_missing_files_is_made_again_from_its_beginning(world):
    world.run_all()
    for stage, output in (("deliver", "clip"), ("generate", "mezzanine"), ("prepare", "still")):
        key = world.look().known[first(world, stage).id].manifest.files[output].key
        world.clips.delete(key)
    assert open_stages(world) == ["prepare sh010", "generate sh010 take 1", "deliver sh010 take 1"]


def test_without_a_job_store_planning_reads_the_shelf_alone(world):
    world.run_all()
    assert look(world.brief, None, world.clips, 1).complete


def test_outcomes_say_done():
    assert Outcome(TaskState.DONE).done
    assert not Outcome(TaskState.FAILED).done


def test_what_is_named_late_goes_on_where_the_books_have_it(world):
    """A task that a rerun names only midway may have been done before, its files gone since."""
    world.run_all()
    deliver = first(world, "deliver")
    ledger = Ledger("job", world.store, world.lease, Catalog(world.clips))
    assert ledger.reopen([deliver])[deliver.id].attempts == 1
    assert world.store.tasks([deliver.id])[deliver.id].state is TaskState.WAITING
    world.start(deliver, 2)
    assert ledger.reopen([deliver])[deliver.id].attempts == 2, "what was left running is written off"
    assert world.store.tasks([deliver.id])[deliver.id].state is TaskState.WAITING
