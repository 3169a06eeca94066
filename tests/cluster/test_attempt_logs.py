"""One attempt, without Ray: what it says is kept beside its files, and its last words with its failure."""

from __future__ import annotations

import json
from threading import Event

import pytest
from talking import STAGES

from farm.cluster.attempt import Workplace, perform
from farm.errors import StorageError
from farm.logs.files import LogReader, whole_key
from farm.store.clips import ClipStore
from farm.tasks import AttemptState, Lane, Manifest, Task, Work, log_prefix, manifest_key


class Clips(ClipStore):
    """Remembers what it was asked to write, and may refuse logs."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.asked: list[str] = []
        self.keeps_logs = True

    def put_bytes(self, key: str, data: bytes) -> None:
        self.asked.append(key)
        if "/log/" in key and not self.keeps_logs:
            raise StorageError("the bucket is away")
        super().put_bytes(key, data)


@pytest.fixture
def clips(tmp_path):
    return Clips(tmp_path / "store")


@pytest.fixture
def place(clips, tmp_path):
    return Workplace("gpu-3", "node", clips, tmp_path, threads=1, cores=2, stages=STAGES)


def talking(**params) -> Work:
    task = Task.of(project="p", stage="talk", version=1, params=params, lane=Lane(name="cpu"), shot="sh010", take=2)
    return Work(task, 3, job="lake-1f2e3d")


def run(work, place) -> Manifest:
    return perform(work, place, lambda fraction: None, Event())


def lines(work, clips):
    return LogReader(clips, log_prefix("p", work.task.id, work.attempt)).more()


def test_every_line_says_what_it_is_about(place, clips):
    work = talking(words="take", lines=2)
    manifest = run(work, place)
    found = lines(work, clips)
    assert [line.message for line in found] == ["take 0", "take 1"]
    about = {"job": "lake-1f2e3d", "project": "p", "shot": "sh010", "take": 2, "stage": "talk", "task": work.task.id}
    about |= {"attempt": 3, "worker": "gpu-3", "lane": "cpu"}
    assert [line.fields for line in found] == [about, about]
    assert (manifest.state, manifest.logged, manifest.tail) == (AttemptState.DONE, 2, ())


def test_an_attempt_that_says_nothing_asks_storage_for_its_manifest_alone(place, clips):
    work = talking()
    manifest = run(work, place)
    assert clips.asked == [manifest_key("p", work.task.id, 3)]
    stored = json.loads(clips.read_bytes(clips.asked[0]))
    assert {"logged", "tail"}.isdisjoint(stored), "defaults are left out"
    assert manifest.done


def test_what_cannot_work_keeps_what_came_before_and_says_why_once(place, clips):
    work = talking(words="the still is", fails="input")
    manifest = run(work, place)
    assert manifest.message == "it cannot be done"
    assert manifest.tail == ("warning: the still is 0",)
    *_, last = lines(work, clips)
    assert (last.level, last.message) == ("error", "it cannot be done")
    assert "InputError" in last.traceback


def test_a_fault_of_our_own_ends_in_its_traceback(place, clips):
    work = talking(words="take", lines=50, fails="bug")
    manifest = run(work, place)
    assert manifest.tail[-1] == "KeyError: 'it cannot be done'"
    assert "error: KeyError: 'it cannot be done'" in manifest.tail
    assert "warning: take 49" in manifest.tail
    assert len(manifest.tail) <= 20
    assert manifest.logged == 51
    assert Manifest.model_validate_json(clips.read_bytes(manifest_key("p", work.task.id, 3))) == manifest


def test_a_log_that_cannot_be_kept_fails_nothing(place, clips):
    clips.keeps_logs = False
    work = talking(words="lost")
    assert run(work, place).state is AttemptState.DONE
    assert lines(work, clips) == []
    failing = talking(words="lost", fails="media")
    assert run(failing, place).tail == ("warning: lost 0",), "the last words are in the manifest"


def test_the_log_lies_there_before_the_manifest_that_completes_the_attempt(place, clips):
    work = talking(words="first")
    run(work, place)
    assert clips.asked == [whole_key(log_prefix("p", work.task.id, 3), "log"), manifest_key("p", work.task.id, 3)]


def test_a_cancelled_attempt_keeps_what_it_said(place, clips, tmp_path):
    work, cancelled = talking(words="begun", folder=str(tmp_path)), Event()
    cancelled.set()
    manifest = perform(work, place, lambda fraction: None, cancelled)
    assert (manifest.state, manifest.tail) == (AttemptState.CANCELLED, ())
    assert lines(work, clips) == []


def test_hostile_words_stay_on_their_line(place, clips):
    words = "\x1b[2Jall is well\n2026-01-01 00:00:00 forged"
    work = talking(words=words, fails="media")
    manifest = run(work, place)
    stored = clips.read_bytes(whole_key(log_prefix("p", work.task.id, 3), "log")).decode()
    assert len(stored.splitlines()) == manifest.logged == 2
    assert all(line.isprintable() for line in stored.splitlines())
    assert manifest.tail == ("warning: \\x1b[2Jall is well", "2026-01-01 00:00:00 forged 0")
