from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from farm.errors import FailureKind
from farm.plan import plan
from farm.tasks import Outcome, TaskState
from farm.watch import LiveWatch, Watch


@pytest.fixture
def screen():
    return Console(file=StringIO(), width=200, force_terminal=False)


def tell(watch, asked, known):
    for task in plan(asked, {}).tasks.values():
        watch.added("job", task, there=False)
    for task in plan(asked, known).tasks.values():
        if task.id not in watch.tasks:
            watch.added("job", task, there=False)
        watch.settled(task, known[task.id])


def test_progress_never_runs_ahead_and_ends_at_the_end(brief, shot, play_all):
    asked = brief(shot("sh010"), shot("sh020"))
    known, watch = play_all(asked), Watch(None)
    assert watch.fraction == 0.0
    for task in plan(asked, {}).tasks.values():
        watch.added("job", task, there=False)
    before = watch.fraction
    first = next(iter(watch.tasks.values()))
    watch.settled(first, known[first.id])
    assert before < watch.fraction < 0.2
    tell(watch, asked, {task: known[task] for task in known if task != first.id} | {first.id: known[first.id]})
    assert watch.fraction == 1.0


def test_running_tasks_count_by_how_far_they_are(brief, shot):
    watch = Watch(None)
    for task in plan(brief(shot("sh010")), {}).tasks.values():
        watch.added("job", task, there=False)
    generate = next(task for task in watch.tasks.values() if task.stage == "generate")
    watch.progressed(generate, 0.25)
    quarter = watch.fraction
    watch.progressed(generate, 0.75)
    assert watch.fraction == pytest.approx(3 * quarter)


def test_what_was_there_before_counts_as_done(brief, shot, play_all):
    asked = brief(shot("sh010"))
    watch = Watch(None)
    for task in plan(asked, play_all(asked)).tasks.values():
        watch.added("job", task, there=True)
    assert watch.fraction == 1.0


def test_a_log_names_deliveries_and_failures_with_their_reason(brief, shot, play_all, screen):
    asked = brief(shot("sh010"))
    watch = Watch(screen)
    known = play_all(asked)
    tell(watch, asked, known)
    failing = next(iter(watch.tasks.values()))
    said = known[failing.id].manifest.model_copy(update={"failure": FailureKind.INPUT, "tail": ("reads still.png",)})
    watch.settled(failing, Outcome(TaskState.FAILED, said, FailureKind.INPUT, "still.png is no picture [bold]"))
    below = next(task for task in watch.tasks.values() if task.stage == "score")
    watch.settled(below, Outcome(TaskState.FAILED, None, FailureKind.INPUT, "still.png is no picture [bold]"))
    said = screen.file.getvalue()
    assert "deliver sh010 take 1 done" in said
    assert "assemble done" in said
    assert "prepare sh010 failed: still.png is no picture [bold]" in said
    assert f"     │ reads still.png\n     farm logs {failing.id[:8]}\n" in said
    assert "score" not in said


def test_the_live_view_draws_what_runs(brief, shot):
    screen = Console(file=StringIO(), width=120, force_terminal=True)
    with LiveWatch(screen) as watch:
        for task in plan(brief(shot("sh010")), {}).tasks.values():
            watch.added("job", task, there=False)
        generate = next(task for task in watch.tasks.values() if task.stage == "generate")
        watch.progressed(generate, 0.5)
        watch.pulse()
    assert "generate sh010 take 1" in screen.file.getvalue()
    assert "50%" in screen.file.getvalue()


def test_failures_stand_above_the_live_view(brief, shot, play_all):
    asked = brief(shot("sh010"))
    known, screen = play_all(asked), Console(file=StringIO(), width=120, force_terminal=True)
    failing = next(iter(plan(asked, {}).tasks.values()))
    said = known[failing.id].manifest.model_copy(update={"failure": FailureKind.BUG, "tail": ("loaded in 12.3 s",)})
    with LiveWatch(screen) as watch:
        watch.added("job", failing, there=False)
        watch.settled(failing, Outcome(TaskState.FAILED, said, FailureKind.BUG, "\x1b[2Jgone"))
    assert "failed: \\x1b[2Jgone" in screen.file.getvalue()
    assert "│ loaded in 12.3 s" in screen.file.getvalue()


def test_before_there_is_a_plan_the_live_view_says_what_it_does():
    screen = Console(file=StringIO(), width=120, force_terminal=True)
    with LiveWatch(screen):
        pass
    assert "starting the workers" in screen.file.getvalue()
