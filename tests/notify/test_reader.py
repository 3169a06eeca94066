"""What a message says of each event."""

from __future__ import annotations

import json

import pytest

from farm.changes import Notice, NoticeKind
from farm.notify.hook import Hook
from farm.notify.message import Message
from farm.notify.reader import Reader
from farm.store.records import JobState
from farm.tasks import Task


def told(studio) -> list[Message]:
    """What everybody is told of everything."""
    lines, _ = studio.store.told_after(0)
    hook = Hook("all", "http://127.0.0.1/")
    found = Reader(studio.store, hook, "/renders").deliveries(lines, studio.clock())
    assert [each.id for each in found] == [json.loads(each.body)["id"] for each in found]
    return [Message.model_validate_json(each.body) for each in found]


def tell(studio, kind: NoticeKind, *about: Task, **more) -> None:
    notice = {"project": "demo", "job": "shots", "shot": "sh010", "words": "it is so"} | more
    studio.store.tell(studio.epoch, [Notice(kind=kind, about=tuple(task.id for task in about), **notice)], 5)


@pytest.fixture
def task(studio) -> Task:
    found = Task.of(project="demo", stage="score", version=1, params={}, shot="sh010")
    studio.store.add_tasks(studio.epoch, "shots", [found], 1)
    return found


def test_the_end_of_a_job(studio, task) -> None:
    studio.ends("shots", JobState.DONE, report="publish/report.html")
    (message,) = told(studio)
    assert (message.event, message.message, message.remedy) == ("job.done", "every shot has its clip", None)
    assert message.job is not None
    assert (message.job.id, message.job.state, message.job.principal) == ("shots", "done", "mia")
    assert (message.project, message.shot, dict(message.counts)) == ("demo", None, {"waiting": 1})
    assert message.links.report_url == "/renders/publish/report.html"
    assert message.time.timestamp() == studio.clock() / 1e6


@pytest.mark.parametrize(
    ("words", "said"), [("", "some shots have no clip"), ("1 of 3 shots has no clip: sh010", None)]
)
def test_a_job_that_failed(studio, words, said) -> None:
    studio.ends("shots", JobState.FAILED, words)
    (message,) = told(studio)
    assert (message.event, message.message) == ("job.failed", said or words)
    assert message.remedy == "farm status shots --out /renders"


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        (NoticeKind.SHOT_FAILED, "farm retry shots --shot sh010 --out /renders"),
        (NoticeKind.SHOT_HELD, "farm approve shots sh010 TAKE --out /renders"),
        (NoticeKind.BUDGET_REACHED, "farm why shots --out /renders"),
    ],
)
def test_what_to_do_about_it(studio, task, kind, remedy) -> None:
    tell(studio, kind, task)
    (message,) = told(studio)
    assert (message.event, message.message, message.shot, message.remedy) == (kind.value, "it is so", "sh010", remedy)


def test_a_shot_that_was_refused_is_not_tried_again(studio) -> None:
    tell(studio, NoticeKind.SHOT_FAILED)
    assert told(studio)[0].remedy == "farm status shots --out /renders"


def test_a_shots_name_is_one_word_of_a_command(studio, task) -> None:
    tell(studio, NoticeKind.SHOT_FAILED, task, shot="sh 1; rm -rf ~")
    assert told(studio)[0].remedy == "farm retry shots --shot 'sh 1; rm -rf ~' --out /renders"


def test_a_projects_budget_is_about_no_job(studio) -> None:
    tell(studio, NoticeKind.BUDGET_REACHED, job="", shot="", occurrence=5)
    (message,) = told(studio)
    assert (message.project, message.job, message.remedy, message.shot) == ("demo", None, None, None)


def test_ids_are_the_same_for_everybody_and_of_no_other_farm(studio) -> None:
    tell(studio, NoticeKind.SHOT_FAILED)
    tell(studio, NoticeKind.SHOT_HELD)
    lines, _ = studio.store.told_after(0)

    def ids(hook: str, out: str) -> list[str]:
        return [each.id for each in Reader(studio.store, Hook(hook, "http://x/"), out).deliveries(lines, 1)]

    assert ids("a", "/renders") == ids("b", "/renders")
    assert len({*ids("a", "/renders"), *ids("a", "/other")}) == 4
