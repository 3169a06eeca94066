"""What a driver did, as its log has it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from farm.drivelog import DriveLog
from farm.errors import FailureKind
from farm.logs.line import Line
from farm.logs.setup import SHOWN
from farm.logs.words import text
from farm.store.records import JobState
from farm.tasks import AttemptState, Manifest, Outcome, Task, TaskState

TASK = Task.of(project="p", stage="generate", version=1, params={}, shot="sh010", take=2)


@pytest.fixture
def heard(caplog) -> Iterator[list[Line]]:
    """What is logged, as lines."""
    caplog.set_level("INFO", "farm.drivelog")
    lines: list[Line] = []

    class Hearing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(Line.of(record))

    logger, hearing = logging.getLogger("farm.drivelog"), Hearing()
    logger.addHandler(hearing)
    yield lines
    logger.removeHandler(hearing)


def failed(**more) -> Outcome:
    said = Manifest(
        task=TASK.id, attempt=3, stage="generate", state=AttemptState.FAILED, failure=FailureKind.BUG, **more
    )
    return Outcome(TaskState.FAILED, said, FailureKind.BUG, "KeyError: 'x'")


def test_jobs_begin_and_end_once_and_failures_bring_their_last_words(heard):
    log = DriveLog()
    below = Task.of(project="p", stage="score", version=1, params={}, shot="sh010")
    for task in (TASK, below):
        log.added("lake-1f2e3d", task, there=False)
    log.settled(TASK, failed(tail=("loaded in 12.3 s", "KeyError: 'x'")))
    log.settled(below, Outcome(TaskState.FAILED, None, FailureKind.BUG, "its input failed"))
    log.ended("lake-1f2e3d", JobState.FAILED)

    begins, fails, ends = heard
    assert (begins.message, begins.fields) == ("lake-1f2e3d begins", {"job": "lake-1f2e3d", "project": "p"})
    assert (ends.message, ends.fields) == ("lake-1f2e3d is failed", {"job": "lake-1f2e3d"})
    assert fails.level == "error"
    assert fails.message.splitlines() == [
        "generate sh010 take 2 failed: KeyError: 'x'",
        "loaded in 12.3 s",
        "KeyError: 'x'",
        f"farm logs {TASK.id[:8]}",
    ]
    about = {"job": "lake-1f2e3d", "project": "p", "shot": "sh010", "take": 2, "stage": "generate", "task": TASK.id}
    assert fails.fields == about
    first, *_ = text(fails, about=SHOWN).splitlines()
    assert first[9:] == "error: generate sh010 take 2 failed: KeyError: 'x'   job=lake-1f2e3d"


def test_what_was_there_before_is_not_remembered(heard):
    log = DriveLog()
    log.added("lake-1f2e3d", TASK, there=True)
    log.settled(TASK, failed())
    assert [line.message for line in heard] == [
        "lake-1f2e3d begins",
        "generate sh010 take 2 failed: KeyError: 'x'\nfarm logs " + TASK.id[:8],
    ]
