"""A plan whose storage fails while it is asked: asked again, it gives what it would have given."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from farm.errors import StorageError
from farm.kit import Kit
from farm.models.registry import Registry
from farm.publish import SUFFIXES
from farm.shelf import Shelf
from farm.shotjob import shot_job
from farm.shots.model import Shot, ShotList
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState
from farm.submission import Submission
from farm.tasks import Asset, Manifest, Outcome, StoredFile, Task, TaskState

OUTPUTS = {
    "prepare": ["still"],
    "generate": ["mezzanine", "proxy", "poster"],
    "score": ["score"],
    "select": ["ranking"],
    "compare": ["movie", "contact_sheet"],
    "deliver": ["clip"],
    "assemble": [*SUFFIXES["assemble"]],
}


class Faulty:
    """Lets a method fail at one of its calls, once."""

    def __init__(self, at: int) -> None:
        self.calls = 0
        self._at = at

    def wrap(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def faulty(*args: Any, **options: Any) -> Any:
            self.calls += 1
            if self.calls == self._at:
                raise StorageError("the network is away")
            return method(*args, **options)

        return faulty


def patiently(action: Callable[[], Any]) -> Any:
    while True:
        try:
            return action()
        except StorageError:
            continue


def outcome(clips: ClipStore, task: Task) -> Outcome:
    files = {}
    for name in OUTPUTS[task.stage]:
        key = f"store/demo/mezzanine/{task.id[:2]}/{task.id}/1/{name}"
        clips.put_bytes(key, name.encode())
        files[name] = StoredFile(key=key, size=len(name), sha256="", file_class="mezzanine")
    facts = {"chosen": [task.params["takes"][0]]} if task.stage == "select" else {}
    manifest = Manifest(task=task.id, attempt=1, stage=task.stage, state="done", files=files, facts=facts)
    return Outcome(TaskState.DONE, manifest)


def run(store: JobStore, clips: ClipStore, faulty: Faulty, fails: tuple[str, str], monkeypatch, shot) -> list[str]:
    """The tasks of a list of one shot, to its end, with one fault on the way."""
    asset = Asset(digest="d" * 64, name="still.png", key="store/demo/asset/dd/d/still.png")
    shots: tuple[Shot, ...] = (shot("sh010"),)
    shot_list = ShotList(project="demo", name="shots", shots=shots, fps=Fraction(24), width=640, height=360)
    document = Submission(shot_list=shot_list, assets={"sh010": {"still": asset}}).document()
    job = Job(id="job", project="demo", name="shots", out="/out", document=document, created_us=1)
    owner, method = fails
    with store.lead() as lease:
        store.create_job(lease.epoch, job)

        def version(project, subject, product, content, taken=lambda number: False):
            return store.version(lease.epoch, project, subject, product, content, taken)

        plan = shot_job(
            job,
            books=store,
            clips=clips,
            shelf=Shelf(clips, "demo"),
            versions=version,
            choices={},
            kit=Kit(Registry()),
            runs=lambda task: False,
            now_us=lambda: 1,
        )
        left, ran = list(plan.begin()), []
        whole = {"clips": clips, "store": store}[owner]
        monkeypatch.setattr(whole, method, faulty.wrap(getattr(whole, method)))
        while left:
            task = left.pop(0)
            ran.append(task.label)
            done = outcome(clips, task)
            left += patiently(lambda task=task, done=done: list(plan.settle(task, done)))
        assert patiently(plan.end) is JobState.DONE
    return ran


@pytest.mark.parametrize("fails", [("clips", "link"), ("clips", "exists"), ("store", "version"), ("store", "tasks")])
def test_nothing_is_lost_whichever_call_fails(tmp_path, shot, monkeypatch, fails) -> None:
    labels: list[list[str]] = []
    calls = 1
    for at in range(100):
        with monkeypatch.context() as patch:
            store, clips, faulty = (
                JobStore.open(tmp_path / f"state{at}"),
                ClipStore(tmp_path / f"clips{at}"),
                Faulty(at),
            )
            labels.append(run(store, clips, faulty, fails, patch, shot))
            store.close()
        calls = max(calls, faulty.calls)
        if at >= calls:
            break
    assert calls > 1
    assert all(ran == labels[0] for ran in labels)
