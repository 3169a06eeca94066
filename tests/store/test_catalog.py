"""The catalog: one row per take and per attempt, whatever crashes, on every kind of storage."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from farm.chain import DeliverParams, GenerateParams, PrepareParams, ScoreParams, SelectParams
from farm.changes import TaskMoved
from farm.errors import FailureKind, StorageError
from farm.store.catalog import Catalog
from farm.store.catalog_rows import ATTEMPTS, TAKES
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.tasks import ALL, FileClass, Input, StoredFile, Task, TaskState

SIZE = {"width": 1920, "height": 1080, "frames": 96, "fps": Fraction(24000, 1001)}


def stored(task: Task, name: str, file_class: FileClass) -> StoredFile:
    return StoredFile(
        key=f"store/demo/{file_class}/{task.id}/1/{name}", size=10, sha256="0" * 64, file_class=file_class
    )


@dataclass
class World:
    """One shot with two takes, driven by hand through its chain."""

    store: JobStore
    epoch: int
    make: Any
    project: str = "demo"
    tasks: dict[str, Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        document = {"shots": [{"code": "sh010", "sequence": "sq01"}, {"code": "other"}]}
        self.store.create_job(self.epoch, self.make.job("job", document=document, project=self.project))
        prepare = self.add("prepare", "prepare", PrepareParams())
        for number in (1, 2):
            asked = GenerateParams(model="animatic", revision="3", seed=7 + number, prompt="push in", **SIZE)
            inputs = {ALL: Input(task=prepare.id, output=ALL)}
            take = self.add(f"take {number}", "generate", asked, take=number, inputs=inputs)
            inputs = {"mezzanine": Input(task=take.id, output="mezzanine")}
            self.add(f"score {number}", "score", ScoreParams(**SIZE), take=number, inputs=inputs)
        self.finish("prepare")

    def add(self, name: str, stage: str, params: Any, job: str = "job", **more: Any) -> Task:
        task = Task.of(project=self.project, stage=stage, version=1, params=params.content(), shot="sh010", **more)
        self.store.add_tasks(self.epoch, job, [task], 1)
        self.tasks[name] = task
        return task

    def finish(self, name: str, attempt: int = 1, **facts: Any) -> None:
        task = self.tasks[name]
        files = {}
        if task.stage == "generate":
            files = {output: stored(task, output, FileClass(output)) for output in ("mezzanine", "proxy")}
        if task.stage == "deliver":
            files = {"clip": stored(task, "clip", FileClass.DELIVERABLE)}
        done = self.make.done(task, attempt, files=files, facts=facts, versions={"farm": "0.1"}, worker="cpu-1")
        self.store.commit(self.epoch, done)

    def fail(self, name: str, attempt: int, kind: FailureKind, state: TaskState, message: str = "") -> None:
        self.store.commit(self.epoch, self.make.failed(self.tasks[name], attempt, kind, state, message))

    def select(self, *chosen: int) -> None:
        inputs = {f"score_{number}": Input(task=self.tasks[f"score {number}"].id, output="score") for number in (1, 2)}
        self.add("select", "select", SelectParams(takes=(1, 2)), inputs=inputs)
        self.finish("select", chosen=list(chosen))

    def deliver(self, number: int, product: str = "review") -> None:
        inputs = {"mezzanine": Input(task=self.tasks[f"take {number}"].id, output="mezzanine")}
        self.add("deliver", "deliver", DeliverParams(product=product, **SIZE), inputs=inputs)
        self.finish("deliver")

    def whole(self) -> None:
        """The chain from end to end, take 2 chosen."""
        self.fail("take 1", 1, FailureKind.TRANSIENT, TaskState.WAITING)
        self.finish("take 1", 2, cost_micros=30, timings={"render": 1.5})
        self.finish("take 2", cost_micros=40)
        self.finish("score 1", total=0.25, components={"sharpness": 0.5, "motion": 0, "note": "no number"})
        self.finish("score 2", total=0.75, components={"sharpness": 0.9})
        self.select(2)
        self.deliver(2)


@pytest.fixture
def world(store: JobStore, epoch: int, make: Any) -> World:
    return World(store, epoch, make)


def takes(catalog: Catalog) -> list[dict[str, Any]]:
    return sorted(catalog.read("takes").to_pylist(), key=lambda row: row["take"])


def test_a_take_has_a_row_when_it_has_come_to_something(world: World, folder_clips: ClipStore) -> None:
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    assert takes(catalog) == []
    world.finish("take 1")
    catalog.follow(world.store)
    assert [(row["take"], row["state"], row["score"], row["chosen"]) for row in takes(catalog)] == [
        (1, "done", None, False)
    ]
    world.fail("take 2", 1, FailureKind.INPUT, TaskState.FAILED, "no")
    catalog.follow(world.store)
    assert [(row["state"], row["failure"], row["message"]) for row in takes(catalog)] == [
        ("done", None, ""),
        ("failed", "input", "no"),
    ]


def test_every_column_of_a_take(world: World, folder_clips: ClipStore) -> None:
    world.whole()
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    first, second = takes(catalog)
    one, two = world.tasks["take 1"], world.tasks["take 2"]
    assert first == {
        "project": "demo",
        "task": one.id,
        "attempt": 2,
        "seq": max(record.seq for record in world.store.load("job") if record.task.stage == "select"),
        "job": "job",
        "jobs": ["job"],
        "sequence": "sq01",
        "shot": "sh010",
        "take": 1,
        "model": "animatic",
        "revision": "3",
        "seed": 8,
        "prompt": "push in",
        "negative_prompt": "",
        "fidelity": 0.7,
        "width": 1920,
        "height": 1080,
        "frames": 96,
        "fps_num": 24000,
        "fps_den": 1001,
        "options": "{}",
        "state": "done",
        "failure": None,
        "message": "",
        "score": 0.25,
        "components": [("motion", 0.0), ("sharpness", 0.5)],
        "chosen": False,
        "mezzanine": f"store/demo/mezzanine/{one.id}/1/mezzanine",
        "proxy": f"store/demo/proxy/{one.id}/1/proxy",
        "poster": None,
        "clips": [],
        "started_us": 10,
        "ended_us": 20,
        "duration_us": 10,
        "attempts": 2,
        "cost_micros": 30,
        "facts": '{"cost_micros": 30, "timings": {"render": 1.5}}',
        "versions": [("farm", "0.1")],
    }
    clip = f"store/demo/deliverable/{world.tasks['deliver'].id}/1/clip"
    assert (second["task"], second["score"], second["chosen"], second["clips"]) == (
        two.id,
        0.75,
        True,
        [("review", clip)],
    )


def test_every_attempt_has_a_row(world: World, folder_clips: ClipStore) -> None:
    world.whole()
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    rows = catalog.read("attempts").to_pylist()
    assert sorted((row["stage"], row["take"], row["attempt"], row["state"], row["failure"]) for row in rows) == [
        ("deliver", 0, 1, "done", None),
        ("generate", 1, 1, "failed", "transient"),
        ("generate", 1, 2, "done", None),
        ("generate", 2, 1, "done", None),
        ("prepare", 0, 1, "done", None),
        ("score", 1, 1, "done", None),
        ("score", 2, 1, "done", None),
        ("select", 0, 1, "done", None),
    ]
    (row,) = [row for row in rows if (row["stage"], row["take"]) == ("generate", 2)]
    assert (row["bytes"], row["cost_micros"], row["duration_us"], row["worker"]) == (20, 40, 10, "cpu-1")
    assert [name for name, _ in row["outputs"]] == ["mezzanine", "proxy"]


def test_a_choice_by_hand_counts_too(world: World, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    world.deliver(1)
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    assert [row["chosen"] for row in takes(catalog)] == [True]


def test_following_step_by_step_or_at_once_gives_the_same(world: World, tmp_path: Path) -> None:
    steps, once = Catalog(ClipStore(tmp_path / "steps")), Catalog(ClipStore(tmp_path / "once"))
    world.fail("take 1", 1, FailureKind.TRANSIENT, TaskState.WAITING)
    steps.follow(world.store)
    world.finish("take 1", 2)
    steps.follow(world.store)
    world.finish("score 1", total=0.5)
    world.finish("take 2")
    world.finish("score 2", total=0.4)
    steps.follow(world.store)
    world.select(1)
    steps.follow(world.store)
    world.deliver(1)
    assert steps.follow(world.store) == 4
    assert steps.follow(world.store) == 0
    once.rebuild(world.store)
    for name in ("takes", "attempts"):
        assert steps.read(name) == once.read(name)
    assert len(list((tmp_path / "once" / "catalog").rglob("*.parquet"))) == 2


@pytest.mark.parametrize("per_file", [1, 3, 5000])
def test_files_of_any_size_say_the_same(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_file: int
) -> None:
    world.whole()
    monkeypatch.setattr("farm.store.catalog.CHANGES_PER_FILE", per_file)
    followed, rebuilt = Catalog(ClipStore(tmp_path / "followed")), Catalog(ClipStore(tmp_path / "rebuilt"))
    followed.follow(world.store)
    rebuilt.rebuild(world.store)
    for name in ("takes", "attempts"):
        assert followed.read(name) == rebuilt.read(name)


def test_a_crash_before_the_watermark_doubles_nothing(
    world: World, folder_clips: ClipStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIVEN rows that were written and not noted WHEN following again, also after more changes THEN none is doubled."""
    world.whole()
    catalog = Catalog(folder_clips)

    def crash(*_: object) -> None:
        raise StorageError("out of power")

    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "set_watermark", crash)
        for _ in range(2):
            with pytest.raises(StorageError):
                catalog.follow(world.store)
        files = list(folder_clips.keys("catalog/"))
        world.deliver(1, "prores")
        with pytest.raises(StorageError):
            catalog.follow(world.store)
    catalog.follow(world.store)
    assert len(files) == 2
    assert len(list(folder_clips.keys("catalog/"))) == 4
    assert [row["chosen"] for row in takes(catalog)] == [True, True]
    assert catalog.read("attempts").num_rows == 9


def test_rebuilding_replaces_what_was_there(world: World, folder_clips: ClipStore) -> None:
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    world.whole()
    catalog.follow(world.store)
    before = {name: catalog.read(name) for name in ("takes", "attempts")}
    catalog.rebuild(world.store)
    catalog.rebuild(world.store)
    assert {name: catalog.read(name) for name in ("takes", "attempts")} == before
    assert len(list(folder_clips.keys("catalog/"))) == 2
    assert catalog.follow(world.store) == 0


def test_a_job_that_joins_a_take_is_added_to_its_row(world: World, folder_clips: ClipStore) -> None:
    world.whole()
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    world.store.create_job(world.epoch, world.make.job("later"))
    renamed = world.tasks["take 1"].model_copy(update={"shot": "sh999", "take": 5})
    world.store.add_tasks(world.epoch, "later", [renamed], 1)
    catalog.follow(world.store)
    row = takes(catalog)[0]
    assert (row["job"], row["jobs"], row["shot"], row["take"]) == ("job", ["job", "later"], "sh010", 1)


def test_a_take_asked_for_again_shows_as_waiting(world: World, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    world.store.commit(world.epoch, [TaskMoved(world.tasks["take 1"].id, TaskState.WAITING, 30)])
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    assert [(row["state"], row["mezzanine"], row["ended_us"]) for row in takes(catalog)] == [("waiting", None, 20)]


def test_it_works_on_every_storage(world: World, clips: ClipStore) -> None:
    world.whole()
    catalog = Catalog(clips)
    assert catalog.read("takes").schema.names == [*TAKES.names, "project"]
    assert catalog.read("attempts").num_rows == 0
    catalog.follow(world.store)
    assert [row["chosen"] for row in takes(catalog)] == [False, True]
    assert catalog.read("takes", project="demo").num_rows == 2
    assert catalog.read("takes", project="other").num_rows == 0
    catalog.rebuild(world.store)
    assert catalog.read("attempts").num_rows == 8


def test_plain_pyarrow_reads_it(world: World, tmp_path: Path) -> None:
    world.whole()
    Catalog(ClipStore(tmp_path)).follow(world.store)
    for name, schema in (("takes", TAKES), ("attempts", ATTEMPTS)):
        found = ds.dataset(tmp_path / "catalog" / name, partitioning="hive", format="parquet")
        assert found.schema.names == [*schema.names, "project"]
        table = found.to_table()
        assert table.drop_columns(["project"]).schema.equals(schema)
        assert set(table["project"].to_pylist()) == {"demo"}
    best = ds.dataset(tmp_path / "catalog" / "takes", partitioning="hive").to_table(
        filter=(ds.field("project") == "demo") & ds.field("chosen"), columns=["shot", "take", "score"]
    )
    assert best == pa.table({"shot": ["sh010"], "take": pa.array([2], pa.int32()), "score": [0.75]})


def test_projects_have_folders_of_their_own(store: JobStore, epoch: int, make: Any, folder_clips: ClipStore) -> None:
    World(store, epoch, make, project="a b=c/d").finish("take 1")
    catalog = Catalog(folder_clips)
    catalog.follow(store)
    assert {key.split("/")[2] for key in folder_clips.keys("catalog/")} == {"project=a%20b%3Dc%2Fd"}
    assert catalog.read("takes", project="a b=c/d").num_rows == 1
