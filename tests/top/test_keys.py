"""What keys mean, and what they do to what is looked at."""

from __future__ import annotations

import pytest
from farms import NOW_US, busy, job_line, pulse

from farm.overview.reader import Seen
from farm.store.records import Verb
from farm.top.frame import Look
from farm.top.keys import Key, keys
from farm.top.look import Ask, press

ORDER = [
    "lake-draft-00113e",
    "harbour-final-ef391a",
    "lake-finals-2d5e98",
    "storm-seq040-9b1c2d",
    "storm-seq050-77ab01",
    "harbour-tests-846e11",
    "night-442753",
    "lake-anim-5f0c11",
    "storm-bad-c0ffee",
]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (b"q", [Key.QUIT]),
        (b"jk", [Key.DOWN, Key.UP]),
        (b"\x1b[A\x1b[B", [Key.UP, Key.DOWN]),
        (b"\x1bOA\x1bOB", [Key.UP, Key.DOWN]),
        (b"\x1b[5~\x1b[6~gG", [Key.PAGE_UP, Key.PAGE_DOWN, Key.FIRST, Key.LAST]),
        (b"\x1b", [Key.OTHER]),
        (b"\x1bq", [Key.OTHER, Key.QUIT]),
        (b"\x1b[1;5Aq", [Key.OTHER, Key.QUIT]),  # an arrow with Ctrl, then q
        (b"\x1b[", [Key.OTHER]),
        (b"\x1bO", [Key.OTHER]),
        (b"\x1b[200~", [Key.OTHER]),
        ("é鲁".encode(), [Key.OTHER, Key.OTHER]),
        (b"\xff\x00", [Key.OTHER, Key.OTHER]),
        (b"", []),
    ],
    ids=str,
)
def test_bytes_are_keys(typed, meant):
    assert list(keys(typed)) == meant


def pressed(view, *typed: Key, selected: str = "") -> str:
    look = Look(selected=selected)
    for key in typed:
        look = press(key, look, None, view).look
    return look.selected


def test_arrows_walk_through_the_jobs_and_stop_at_the_ends(see):
    view = see(busy())
    assert pressed(view, Key.DOWN) == ORDER[0]
    assert pressed(view, *[Key.DOWN] * 3) == ORDER[2]
    assert pressed(view, *[Key.DOWN] * 30) == ORDER[-1]
    assert pressed(view, Key.LAST, Key.UP) == ORDER[-2]
    assert pressed(view, Key.LAST, Key.PAGE_UP) == ORDER[0]
    assert pressed(view, Key.PAGE_DOWN, Key.PAGE_DOWN, Key.FIRST) == ORDER[0]


def test_the_selection_stays_with_its_job_when_the_order_changes(see):
    view = see(busy())
    urgent = view.model_copy(update={"jobs": (*view.jobs[3:], *view.jobs[:3])})
    assert pressed(urgent, Key.DOWN, selected=ORDER[3]) == ORDER[4]


def test_a_selected_job_that_has_gone(see):
    assert pressed(see(busy()), Key.DOWN, selected="long gone") == ORDER[0]
    assert pressed(see(Seen(NOW_US)), Key.DOWN, Key.LAST, Key.PAGE_UP, selected="long gone") == "long gone"


def test_a_pause_is_asked_for_only_after_a_yes(see):
    view = see(busy())
    asking = press(Key.PAUSE, Look(selected=ORDER[3]), None, view)
    assert asking.look.message == f"pause {ORDER[3]}? y for yes, any other key for no"
    assert asking.ask is None
    assert press(Key.YES, asking.look, asking.question, view).ask == Ask(Verb.PAUSE, ORDER[3])
    for key in (Key.DOWN, Key.OTHER, Key.RESUME, Key.PAUSE):
        assert press(key, asking.look, asking.question, view).ask is None
    assert press(Key.OTHER, asking.look, asking.question, view).look.message == ""


def test_the_question_is_about_the_job_that_was_selected_when_it_was_asked(see):
    view = see(busy())
    asking = press(Key.PAUSE, Look(selected=ORDER[3]), None, view)
    assert press(Key.YES, Look(selected=ORDER[0]), asking.question, view).ask == Ask(Verb.PAUSE, ORDER[3])


@pytest.mark.parametrize(
    ("key", "job", "said"),
    [
        (Key.PAUSE, "night-442753", "night-442753 is held: nothing to pause"),
        (Key.RESUME, "lake-draft-00113e", "lake-draft-00113e is active: nothing to resume"),
        (Key.PAUSE, "lake-anim-5f0c11", "lake-anim-5f0c11 is done: nothing to pause"),
        (Key.PAUSE, "", "select a job to pause first: ↑ ↓"),
    ],
)
def test_what_makes_no_sense_is_said_and_not_asked(see, key, job, said):
    answered = press(key, Look(selected=job), None, see(busy()))
    assert (answered.look.message, answered.question, answered.ask) == (said, None, None)


def test_yes_without_a_question_does_nothing(see):
    assert press(Key.YES, Look(selected=ORDER[0]), None, see(busy())).ask is None


def test_a_held_job_can_be_resumed(see):
    view = see(Seen(NOW_US, pulse({}), (job_line("one", state="held"),)))
    assert press(Key.RESUME, Look(selected="one"), None, view).question == Ask(Verb.RESUME, "one")
