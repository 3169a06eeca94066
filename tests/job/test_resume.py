"""Resume is replay: whatever is taken away, nothing that is there is made again, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.course import Course
from farm.driver.seams import Found
from farm.errors import FailureKind
from farm.plan import Brief
from farm.publish import SUFFIXES
from farm.resume import Past
from farm.shelf import Shelf
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
    "compare": ["movie", "contact_sheet"],
    "deliver": ["clip"],
    "assemble": [*SUFFIXES["assemble"]],
}
FACTS = {"select": {"chosen": [1]}}
NAMES = count()


@dataclass
class Look:
    """A course as it begins: what it names, what it finds. Nothing is written."""

    course: Course
    tasks: list[Task]

    @property
    def known(self) -> dict:
        return self.course.live.known

    @property
    def found(self) -> Found:
        return self.course.found(self.tasks)

    @property
    def open(self) -> list[Task]:
        return [task for task in self.tasks if task.id not in self.known]

    def task(self, stage: str) -> Task:
        return next(task for task in self.tasks if task.stage == stage)


@dataclass
class World:
    """A job store and a clip store, and a hand that plays worker and driver."""

    brief: Brief
    clips: ClipStore
    store: JobStore
    lease: Lease
    job: str = "job"
    running: set = field(default_factory=set)

    def look(self, *, books: bool = True) -> Look:
        shelf = Shelf(self.clips, "demo")
        runs = self.running.__contains__
        past = Past(self.job, self.store if books else None, shelf, runs=runs, now_us=lambda: 1)
        course = Course(self.brief, past, shelf)
        return Look(course, list(course.begin()))

    def begin(self) -> Look:
        look = self.look()
        self.record(look, look.tasks)
        return look

    def record(self, look: Look, tasks: list[Task]) -> None:
        """What a driver does with tasks that it is given."""
        self.store.add_tasks(self.lease.epoch, self.job, tasks, 1)
        if changes := look.course.found(tasks).changes:
            self.store.commit(self.lease.epoch, changes)

    def again(self) -> World:
        """Another job with the same brief."""
        name = f"job-{next(NAMES)}"
        self.store.create_job(self.lease.epoch, job_of(name))
        return World(self.brief, self.clips, self.store, self.lease, name, self.running)

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

    def finish(self, task: Task, attempt: int = 1) -> Manifest:
        said = self.work(task, attempt)
        done = TaskMoved(task.id, TaskState.DONE, 1, winner=attempt)
        self.store.commit(self.lease.epoch, [AttemptEnded(said), done])
        return said

    def fail(self, task: Task, attempt: int = 1) -> None:
        said = Manifest(
            task=task.id, attempt=attempt, stage=task.stage, state=AttemptState.FAILED, failure=FailureKind.INPUT
        )
        moved = TaskMoved(task.id, TaskState.FAILED, 1, 0, FailureKind.INPUT, "no picture")
        self.store.commit(self.lease.epoch, [AttemptEnded(said), moved])

    def run(self, look: Look) -> None:
        """Everything that is left, to the end."""
        left = look.open
        while left:
            task = left.pop(0)
            attempt = self.store.tasks([task.id])[task.id].attempts + 1
            self.start(task, attempt)
            said = self.finish(task, attempt)
            new = list(look.course.settle(task, Outcome(TaskState.DONE, said)))
            self.record(look, new)
            left += [each for each in new if each.id not in look.known]

    def run_all(self) -> None:
        self.run(self.begin())


def job_of(name: str) -> Job:
    return Job(id=name, project="demo", name="shots", out="x", document={}, created_us=1)


@contextmanager
def opened(folder: Path, brief: Brief, clips: ClipStore) -> Iterator[World]:
    store = JobStore.open(folder)
    with store.lead() as lease:
        store.create_job(lease.epoch, job_of("job"))
        yield World(brief, clips, store, lease)
    store.close()


@pytest.fixture
def world(tmp_path, brief, shot):
    clips = ClipStore(f"memory://resume-{next(NAMES)}")
    with opened(tmp_path / "state", brief(shot("sh010"), shot("sh020")), clips) as found:
        yield found


def open_labels(world: World) -> list[str]:
    return [task.label for task in world.look().open]


def test_at_first_everything_is_to_be_done(world):
    look = world.look()
    assert (len(look.tasks), look.known, look.found.changes) == (10, {}, ())


def test_at_the_end_nothing_is(world):
    world.run_all()
    assert open_labels(world) == []
    assert not world.look().found.changes


def test_another_job_with_the_same_list_has_nothing_to_do(world):
    world.run_all()
    again = world.again()
    assert open_labels(again) == []
    assert len(again.begin().tasks) == 17
    assert not again.look().found.changes


def test_what_is_done_is_known_with_its_manifest(world):
    task = world.begin().task("prepare")
    world.start(task)
    world.finish(task)
    assert world.look().known[task.id].manifest.files.keys() == {"still"}


def test_an_attempt_left_running_is_adopted_by_its_manifest(world):
    task = world.begin().task("prepare")
    world.start(task)
    world.work(task, 1)
    world.begin()
    assert world.store.tasks([task.id])[task.id].state is TaskState.DONE


def test_an_attempt_left_running_without_manifest_costs_nothing(world):
    task = world.begin().task("prepare")
    world.start(task)
    world.work(task, 1, manifest=False)
    world.begin()
    record = world.store.tasks([task.id])[task.id]
    assert (record.state, record.attempts, record.failures) == (TaskState.WAITING, 1, {FailureKind.RECLAIMED: 1})
    assert world.look().found.histories[task.id].attempts == 1, "the next attempt writes elsewhere"


def test_an_attempt_of_this_driver_goes_on_when_another_job_wants_its_task(world):
    task = world.begin().task("prepare")
    world.start(task)
    world.running.add(task.id)
    found = world.again().begin().found
    assert world.store.tasks([task.id])[task.id].state is TaskState.RUNNING
    assert (found.changes, found.histories[task.id].state) == ((), TaskState.RUNNING)


def test_two_jobs_that_find_one_attempt_left_behind_write_it_off_once(world):
    task = world.begin().task("prepare")
    world.start(task)
    other = world.again()
    first, second = world.look(), other.look()
    world.record(first, first.tasks)
    other.record(second, second.tasks)
    record = world.store.tasks([task.id])[task.id]
    assert (record.state, record.failures) == (TaskState.WAITING, {FailureKind.RECLAIMED: 1})


def test_what_failed_is_asked_for_again_by_the_next_job_with_a_clean_slate(world):
    task = world.begin().task("prepare")
    world.start(task)
    world.fail(task)
    look = world.again().begin()
    record = world.store.tasks([task.id])[task.id]
    assert (record.state, record.history.attempts, record.failures) == (TaskState.WAITING, 1, {})
    assert task.id not in look.known


def test_what_failed_stays_failed_for_a_job_that_wanted_it_already(world):
    task = world.begin().task("prepare")
    world.start(task)
    world.fail(task)
    look = world.look()
    assert (look.known[task.id].state, look.known[task.id].message) == (TaskState.FAILED, "no picture")
    assert not look.found.changes


def test_retrying_a_shot_asks_again_for_what_failed_of_it(world):
    task = world.begin().task("prepare")
    world.start(task)
    world.fail(task)
    look = world.begin()
    again = look.course.retry(["sh010"])
    world.record(look, again)
    assert [each.label for each in again] == ["prepare sh010"]
    assert world.store.tasks([task.id])[task.id].state is TaskState.WAITING
    assert look.course.retry(["sh010"]) == []


def test_a_lost_job_store_is_rebuilt_from_the_shelf(world, tmp_path):
    world.run_all()
    with opened(tmp_path / "other", world.brief, world.clips) as fresh:
        assert fresh.begin().open == []
        assert all(record.state is TaskState.DONE for record in fresh.store.load("job"))


def test_what_was_handed_in_is_no_attempt(world):
    world.clips.put_bytes("store/demo/asset/ab/abcdef/still.png", b"x")
    assert not world.look().found.changes


@pytest.mark.parametrize("shots", [2, 20], ids=["looked for apart", "listed"])
def test_partial_attempts_on_the_shelf_are_counted_so_that_their_keys_are_not_used_again(world, brief, shot, shots):
    world.brief = brief(*(shot(f"sh{number:02}0") for number in range(1, shots + 1)))
    task = world.look().task("prepare")
    world.work(task, 1, manifest=False)
    world.clips.put_bytes("store/demo/manifest/ab/another/1/manifest.json", b"{}")
    look = world.begin()
    assert world.look().found.histories[task.id].attempts == 1
    assert task.id not in look.known


def test_a_task_whose_id_begins_like_another_s_is_not_taken_for_it(world):
    task = world.look().task("prepare")
    world.work(task.model_copy(update={"id": task.id + "0"}), 1)
    assert not world.look().found.changes


HARMS = {
    "gone": lambda clips, key: clips.delete(key),
    "cut short": lambda clips, key: (clips.delete(key), clips.put_bytes(key, b"")),
    "replaced": lambda clips, key: (clips.delete(key), clips.put_bytes(key, b"junk of another size")),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
@pytest.mark.parametrize(
    ("stage", "output", "again"),
    [
        ("deliver", "clip", ["deliver sh010"]),
        ("assemble", "movie", ["assemble"]),
        ("generate", "mezzanine", []),
        ("prepare", "still", []),
    ],
)
def test_a_file_that_is_gone_is_made_again_only_when_somebody_needs_it(world, stage, output, again, harm):
    world.run_all()
    look = world.look()
    harm(world.clips, look.known[look.task(stage).id].manifest.files[output].key)
    assert [label.removesuffix(" take 1") for label in open_labels(world)] == again


def test_a_chain_of_missing_files_is_made_again_from_its_beginning(world):
    world.run_all()
    look = world.look()
    for stage, output in (("deliver", "clip"), ("generate", "mezzanine"), ("prepare", "still")):
        world.clips.delete(look.known[look.task(stage).id].manifest.files[output].key)
    assert open_labels(world) == ["prepare sh010", "generate sh010 take 1", "deliver sh010 take 1"]


def test_what_is_made_again_ends_where_it_was(world):
    world.run_all()
    look = world.look()
    world.clips.delete(look.known[look.task("deliver").id].manifest.files["clip"].key)
    world.run_all()
    assert open_labels(world) == []
    assert world.store.tasks([look.task("deliver").id])[look.task("deliver").id].winner == 2


def test_a_source_found_damaged_midway_is_made_again_before_what_reads_it(world):
    """A person chooses another take, whose mezzanine is gone since."""
    world.run_all()
    look = world.look()
    second = look.course.live.shot("sh010").takes[1]
    world.clips.delete(look.known[second.generate.id].manifest.files["mezzanine"].key)
    new = look.course.choose({"sh010": 2})
    world.record(look, new)
    assert [task.label for task in new] == ["generate sh010 take 2", "deliver sh010 take 2", "compare sh010"]
    assert world.store.tasks([second.generate.id])[second.generate.id].state is TaskState.WAITING
    world.run(Look(look.course, new))
    assert look.course.live.plan.assemble.params["entries"][0]["take"] == 2


def test_without_a_job_store_planning_reads_the_shelf_alone(world):
    world.run_all()
    assert world.look(books=False).open == []


def test_what_is_left_to_do_comes_first(world, brief, shot):
    world.brief = brief(*(shot(f"sh{number:02}0") for number in range(1, 41)))
    world.run_all()
    look = world.look()
    last = look.course.live.shot("sh400").deliver[0]
    world.store.commit(world.lease.epoch, [TaskMoved(last.id, TaskState.WAITING, 1)])
    first = next(task for task in world.look().tasks if task.id not in world.look().known)
    assert first.id == last.id
    assert world.look().tasks[0].shot == "sh400"


def test_outcomes_say_done():
    assert Outcome(TaskState.DONE).done
    assert not Outcome(TaskState.FAILED).done


def test_what_is_named_late_goes_on_where_the_books_have_it(world):
    """A task that a job names only midway may have been done before, or left running."""
    world.run_all()
    deliver = world.look().task("deliver")
    world.store.commit(world.lease.epoch, [TaskMoved(deliver.id, TaskState.WAITING, 1)])
    world.start(deliver, 2)
    found = world.look().course.found([deliver])
    assert found.histories[deliver.id].attempts == 2, "what was left running is written off"
    world.store.commit(world.lease.epoch, found.changes)
    assert world.store.tasks([deliver.id])[deliver.id].state is TaskState.WAITING
