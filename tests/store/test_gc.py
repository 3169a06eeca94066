"""What may go from a clip store, and above all what may not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.errors import FailureKind, LeaseError
from farm.store.backend import Entry
from farm.store.clips import ClipStore
from farm.store.gc import DAY_US, Before, Garbage, Why, collect, garbage
from farm.store.jobs import JobStore
from farm.store.records import JobState, Snapshot
from farm.tasks import FileClass, Input, Task, TaskId, TaskState, asset_key, attempt_prefix, manifest_key

LATER_US = 10**18
KEPT = {"older_than_days": 30, "logs_older_than_days": 90}


class World:
    """A done job: takes 1 and 2 of a shot, compared, of which 1 was delivered; take 1 needed two attempts."""

    def __init__(self, store: JobStore, clips: ClipStore, make: Any) -> None:
        self.store, self.clips, self.make = store, clips, make
        self.takes = {number: self.task("generate", number) for number in (1, 2)}
        self.scores = {
            number: make.task(stage="score", inputs={"mezzanine": Input(task=take.id, output="mezzanine")})
            for number, take in self.takes.items()
        }
        source = {"mezzanine": Input(task=self.takes[1].id, output="mezzanine")}
        self.deliver = make.task(stage="deliver", inputs=source)
        proxies = {f"proxy_{number}": Input(task=take.id, output="proxy") for number, take in self.takes.items()}
        self.compare = make.task(stage="compare", inputs=proxies)
        self.tasks = [*self.takes.values(), *self.scores.values(), self.compare, self.deliver]
        with store.lead() as lease:
            store.create_job(lease.epoch, make.job())
            store.add_tasks(lease.epoch, "job", self.tasks, 1)
            store.commit(lease.epoch, make.failed(self.takes[1], 1, FailureKind.OOM, TaskState.WAITING))
            store.commit(lease.epoch, make.done(self.takes[1], 2))
            for task in self.tasks[1:]:
                store.commit(lease.epoch, make.done(task))
            store.set_job_state(lease.epoch, "job", JobState.DONE, 1)
        for task, attempt in [(self.takes[1], 1), (self.takes[1], 2), (self.takes[2], 1)]:
            self.put(task, attempt, FileClass.MEZZANINE, FileClass.PROXY, FileClass.MANIFEST, FileClass.LOG)
        self.put(self.deliver, 1, FileClass.DELIVERABLE)
        clips.put_bytes(asset_key("demo", "ab" * 32, "still.png"), b"x")
        clips.put_bytes("publish/demo/sh010_v001.mp4", b"x")
        clips.put_bytes("catalog/takes/project=demo/1.parquet", b"x")

    def task(self, stage: str, number: int) -> Task:
        return self.make.task(number, stage=stage, take=number)

    def put(self, task: Task, attempt: int, *classes: FileClass) -> None:
        for file_class in classes:
            key = f"{attempt_prefix('demo', file_class, task.id, attempt)}/file"
            self.clips.put_bytes(key, b"x" * 7)

    def listed(self, **options: Any) -> set[tuple[str, int, str, Why]]:
        found = collect(self.clips, self.store, **{"now_us": LATER_US, **KEPT, **options})
        names = {task.id: f"take {number}" for number, task in self.takes.items()}
        return {(names[each.task], int(each.key.split("/")[5]), each.key.split("/")[2], each.why) for each in found}


LOSER = {("take 1", 1, "mezzanine", Why.UNUSED), ("take 1", 1, "proxy", Why.UNUSED)}
REJECTED = {("take 2", 1, "mezzanine", Why.REJECTED)}


@pytest.fixture
def world(store: JobStore, folder_clips: ClipStore, make: Any) -> World:
    return World(store, folder_clips, make)


def test_rejected_mezzanines_and_lost_attempts_are_listed_with_their_sizes(world: World) -> None:
    assert world.listed() == LOSER | REJECTED
    found = collect(world.clips, world.store, now_us=LATER_US, **KEPT)
    assert {each.size for each in found} == {7}


def test_nothing_goes_unless_told(world: World) -> None:
    before = list(world.clips.keys())
    world.listed()
    assert list(world.clips.keys()) == before
    listed = world.listed(dry_run=False)
    assert listed == LOSER | REJECTED
    assert len(list(world.clips.keys())) == len(before) - 3
    assert world.listed(dry_run=False) == set()


def test_a_pin_keeps_a_take(world: World) -> None:
    assert world.listed(pins={world.takes[2].id}) == LOSER


def test_a_live_job_keeps_all_its_takes(world: World) -> None:
    with world.store.lead() as lease:
        world.store.create_job(lease.epoch, world.make.job("live"))
        world.store.add_tasks(lease.epoch, "live", [world.takes[2]], 1)
    assert world.listed() == LOSER


def test_what_is_young_stays(world: World) -> None:
    newest = max(entry.modified_us for entry in world.clips.entries())
    assert world.listed(now_us=newest + 29 * DAY_US) == set()
    assert world.listed(now_us=newest + 31 * DAY_US) == LOSER | REJECTED


@pytest.fixture
def logged(world: World) -> World:
    """The same, of which both takes' first attempts left logs: whole, and what a killed worker left."""
    for take, name in [(1, "log.jsonl"), (2, "log.part-00001.jsonl"), (2, "rank1-0a1b2c3d.jsonl"), (2, "score.json")]:
        key = attempt_prefix("demo", FileClass.LOG, world.takes[take].id, 1)
        world.clips.put_bytes(f"{key}/{name}", b"x")
    notes = attempt_prefix("demo", FileClass.LOG, world.takes[2].id, 0)
    world.clips.put_bytes(f"{notes}/purchase.json", b"x")
    return world


LOGS = {("take 1", 1, "log", Why.LOG), ("take 2", 1, "log", Why.LOG)}


def test_logs_go_past_a_retention_of_their_own_and_other_records_stay(logged: World) -> None:
    assert logged.listed() == LOSER | REJECTED | LOGS
    found = collect(logged.clips, logged.store, now_us=LATER_US, **KEPT)
    names = {each.key.rpartition("/")[2] for each in found if each.why is Why.LOG}
    assert names == {"log.jsonl", "log.part-00001.jsonl", "rank1-0a1b2c3d.jsonl"}
    newest = max(entry.modified_us for entry in logged.clips.entries())
    assert logged.listed(now_us=newest + 89 * DAY_US) == LOSER | REJECTED
    assert logged.listed(logs_older_than_days=10**9) == LOSER | REJECTED


def test_logs_of_a_live_job_and_of_pinned_takes_stay(logged: World) -> None:
    assert logged.listed(pins={logged.takes[2].id}) == LOSER | {("take 1", 1, "log", Why.LOG)}
    with logged.store.lead() as lease:
        logged.store.create_job(lease.epoch, logged.make.job("live"))
        logged.store.add_tasks(lease.epoch, "live", [logged.takes[1]], 1)
    assert ("take 1", 1, "log", Why.LOG) not in logged.listed()


def test_a_running_attempt_and_unknown_tasks_keep_their_files(world: World) -> None:
    running = world.task("generate", 9)
    with world.store.lead() as lease:
        world.store.add_tasks(lease.epoch, "job", [running], 1)
        world.store.commit(lease.epoch, [world.make.started(running)])
    world.put(running, 1, FileClass.MEZZANINE)
    world.put(world.takes[2], 7, FileClass.MEZZANINE)
    world.put(world.task("generate", 10), 1, FileClass.MEZZANINE)
    assert world.listed() == LOSER | REJECTED


def test_deleting_needs_the_lead(world: World) -> None:
    before = list(world.clips.keys())
    with world.store.lead():
        with pytest.raises(LeaseError):
            world.listed(dry_run=False)
        assert world.listed() == LOSER | REJECTED
    assert list(world.clips.keys()) == before


KEYS = st.one_of(
    st.text(max_size=40),
    st.builds(lambda task, attempt: f"{manifest_key('demo', TaskId(task), attempt)}", st.text(), st.integers()),
    st.builds(
        lambda file_class, task, attempt: f"{attempt_prefix('demo', file_class, TaskId(task), attempt)}/x",
        st.sampled_from(FileClass),
        st.text("abcdef0123456789", min_size=32, max_size=32),
        st.integers(0, 3),
    ),
)


@given(keys=st.lists(KEYS))
def test_what_the_store_does_not_know_is_never_garbage(keys: list[str]) -> None:
    entries = [Entry(key, 1, 0) for key in keys]
    found: list[Garbage] = list(garbage(entries, Snapshot(0, {}, {}, {}), frozenset(), Before(LATER_US, LATER_US)))
    assert found == []


def test_what_a_delivered_take_was_enlarged_to_is_kept_and_what_nothing_was_made_of_goes(
    store: JobStore, folder_clips: ClipStore, make: Any
) -> None:
    take = make.task(stage="generate")
    large = make.task(stage="upscale", inputs={"mezzanine": Input(task=take.id, output="mezzanine")})
    fast = make.task(stage="interpolate", inputs={"mezzanine": Input(task=large.id, output="mezzanine")})
    with store.lead() as lease:
        store.create_job(lease.epoch, make.job())
        store.add_tasks(lease.epoch, "job", [take, large, fast], 1)
        for task in (take, large, fast):
            store.commit(lease.epoch, make.done(task))
        store.set_job_state(lease.epoch, "job", JobState.DONE, 1)
    for task in (take, large, fast):
        folder_clips.put_bytes(f"{attempt_prefix('demo', FileClass.MEZZANINE, task.id, 1)}/file", b"x")
    found = collect(folder_clips, store, now_us=LATER_US, **KEPT)
    assert [each.task for each in found] == [fast.id]
