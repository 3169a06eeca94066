"""The catalog: one row per take and per attempt, whatever crashes, on every kind of storage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from farm.changes import TaskMoved
from farm.errors import FailureKind
from farm.store.catalog import Catalog
from farm.store.catalog_rows import ATTEMPTS, TAKES
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.tasks import TaskState


def takes(catalog: Catalog) -> list[dict[str, Any]]:
    return sorted(catalog.read("takes").to_pylist(), key=lambda row: row["take"])


def test_a_take_has_a_row_when_it_has_come_to_something(world: Any, folder_clips: ClipStore) -> None:
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


def test_every_column_of_a_take(world: Any, folder_clips: ClipStore) -> None:
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
        "mezzanine": f"store/demo/mezzanine/{one.id[:2]}/{one.id}/1/mezzanine",
        "proxy": f"store/demo/proxy/{one.id[:2]}/{one.id}/1/proxy",
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
    deliver = world.tasks["deliver"].id
    clip = f"store/demo/deliverable/{deliver[:2]}/{deliver}/1/clip"
    assert (second["task"], second["score"], second["chosen"], second["clips"]) == (
        two.id,
        0.75,
        True,
        [("review", clip)],
    )


def test_every_attempt_has_a_row(world: Any, folder_clips: ClipStore) -> None:
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


def test_a_choice_by_hand_counts_too(world: Any, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    world.deliver(1)
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    assert [row["chosen"] for row in takes(catalog)] == [True]


def test_a_take_that_was_finished_first_has_its_clip_all_the_same(world: Any, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    world.finish("take 2")
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    world.finish_take(1)
    world.deliver(1)
    catalog.follow(world.store)
    deliver = world.tasks["deliver"].id
    clip = f"store/demo/deliverable/{deliver[:2]}/{deliver}/1/clip"
    assert [(row["chosen"], row["clips"]) for row in takes(catalog)] == [(True, [("review", clip)]), (False, [])]


def test_following_step_by_step_or_at_once_gives_the_same(world: Any, tmp_path: Path) -> None:
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
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_file: int
) -> None:
    world.whole()
    monkeypatch.setattr("farm.store.catalog.CHANGES_PER_FILE", per_file)
    followed, rebuilt = Catalog(ClipStore(tmp_path / "followed")), Catalog(ClipStore(tmp_path / "rebuilt"))
    followed.follow(world.store)
    rebuilt.rebuild(world.store)
    for name in ("takes", "attempts"):
        assert followed.read(name) == rebuilt.read(name)


def test_a_job_that_joins_a_take_is_added_to_its_row(world: Any, folder_clips: ClipStore) -> None:
    world.whole()
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    world.store.create_job(world.epoch, world.make.job("later"))
    renamed = world.tasks["take 1"].model_copy(update={"shot": "sh999", "take": 5})
    world.store.add_tasks(world.epoch, "later", [renamed], 1)
    catalog.follow(world.store)
    row = takes(catalog)[0]
    assert (row["job"], row["jobs"], row["shot"], row["take"]) == ("job", ["job", "later"], "sh010", 1)


def test_a_take_asked_for_again_shows_as_waiting(world: Any, folder_clips: ClipStore) -> None:
    world.finish("take 1")
    world.store.commit(world.epoch, [TaskMoved(world.tasks["take 1"].id, TaskState.WAITING, 30)])
    catalog = Catalog(folder_clips)
    catalog.follow(world.store)
    assert [(row["state"], row["mezzanine"], row["ended_us"]) for row in takes(catalog)] == [("waiting", None, 20)]


def test_it_works_on_every_storage(world: Any, clips: ClipStore) -> None:
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


def test_plain_pyarrow_reads_it(world: Any, tmp_path: Path) -> None:
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


def test_projects_have_folders_of_their_own(make_world: Any, store: JobStore, folder_clips: ClipStore) -> None:
    make_world(project="a b=c/d").finish("take 1")
    catalog = Catalog(folder_clips)
    catalog.follow(store)
    assert {key.split("/")[2] for key in folder_clips.keys("catalog/")} == {"project=a%20b%3Dc%2Fd"}
    assert catalog.read("takes", project="a b=c/d").num_rows == 1
