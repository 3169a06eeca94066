"""A worker's lease: renewed by what the driver acknowledges, and by nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import psutil
import pytest

from farm.cluster.lifeline import Lifeline, hold_s
from farm.tasks import TaskId

TASK = TaskId("t")


@pytest.fixture
def ended():
    return threading.Event()


@pytest.fixture
def line(ended):
    """A line of 0.6 s silence, its calls held for 0.1 s."""
    return Lifeline(0.6, ended.set)


def test_silence_ends_it(line, ended):
    start_s = time.monotonic()
    line.watch()
    assert ended.wait(30)
    assert time.monotonic() - start_s > 0.5


def test_acknowledged_answers_keep_it_alive(ended):
    line = Lifeline(2.0, ended.set)  # longer than a busy machine lets a thread wait
    line.watch()
    at_s, end_s = None, time.monotonic() + 3.0
    while time.monotonic() < end_s:
        at_s = line.listen(at_s).at_s
    assert not ended.is_set()
    assert ended.wait(30)


def test_a_call_that_acknowledges_nothing_new_renews_nothing(line, ended):
    line.watch()
    old_s = line.listen(None).at_s
    start_s = time.monotonic()
    while not ended.is_set():
        line.listen(old_s)
        assert time.monotonic() - start_s < 30


def test_a_call_is_held_while_there_is_nothing_to_say(line):
    start_s = time.monotonic()
    assert line.listen(None).step is None
    assert time.monotonic() - start_s >= hold_s(0.6)


def test_the_first_progress_is_told_at_once():
    line = Lifeline(60)
    line.begin(TASK, 2)
    timer = threading.Timer(0.1, line.report, [TASK, 2, 0.25])
    timer.start()
    start_s = time.monotonic()
    step = line.listen(None).step
    timer.join()
    assert step
    assert (step.task, step.attempt, step.fraction) == (TASK, 2, 0.25)
    assert time.monotonic() - start_s < 5


def test_later_progress_is_told_as_the_latest_every_two_seconds():
    line = Lifeline(60)
    line.begin(TASK, 1)
    line.report(TASK, 1, 0.1)
    first = line.listen(None)
    for fraction in (0.2, 0.3, 0.4):
        line.report(TASK, 1, fraction)
    second = line.listen(None)
    assert second.step
    assert second.step.fraction == 0.4
    assert 1.9 < second.at_s - first.at_s < 10


def test_nothing_is_told_of_what_is_over(line):
    line.begin(TASK, 1)
    line.report(TASK, 1, 0.5)
    line.finish(TASK, 1)
    line.report(TASK, 1, 0.6)
    assert line.listen(None).step is None


def test_what_is_only_written_tells_nothing_while_the_next_runs():
    line = Lifeline(60)
    line.begin(TASK, 1)
    line.begin(TASK, 2)
    line.report(TASK, 2, 0.5)
    line.report(TASK, 1, 0.9)
    line.finish(TASK, 1)
    step = line.listen(None).step
    assert step
    assert (step.attempt, step.fraction) == (2, 0.5)


def test_the_next_attempt_tells_at_once_again():
    line = Lifeline(60)
    for attempt in (1, 2):
        line.begin(TASK, attempt)
        line.report(TASK, attempt, 0.5)
        start_s = time.monotonic()
        step = line.listen(None).step
        assert step
        assert step.attempt == attempt
        assert time.monotonic() - start_s < 1.9  # later progress has to wait for two seconds
        line.finish(TASK, attempt)


class Ended(BaseException):
    pass


def end() -> None:
    raise Ended


def test_nothing_is_written_when_time_is_up():
    line = Lifeline(1.5, end)
    with line.writing():
        pass
    threading.Event().wait(1.6)
    with pytest.raises(Ended), line.writing():
        pytest.fail("written too late")


def test_surrender_waits_for_what_is_being_written_and_lets_nothing_follow():
    line = Lifeline(60, end)
    with line.writing():
        thread = threading.Thread(target=line.surrender)
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
    thread.join()
    with pytest.raises(Ended), line.writing():
        pytest.fail("written after surrender")


FAMILY = """
import subprocess, sys, time
from farm.cluster.lifeline import Lifeline
child = subprocess.Popen([sys.executable, "-c", "import subprocess, sys; subprocess.run(['sleep', '60'])"])
time.sleep(0.5)
print(child.pid, flush=True)
Lifeline(0.5).watch()
time.sleep(60)
"""


def test_children_and_theirs_end_with_it():
    process = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    child = psutil.Process(int(process.stdout.readline()))
    family = [child, *child.children(recursive=True)]
    assert process.wait(60) == 1
    process.stdout.close()
    _, alive = psutil.wait_procs(family, 30)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]
