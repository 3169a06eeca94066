"""Logs found by what people call a task, and followed while another thread runs its attempts."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from talking import STAGES

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.cluster.attempt import Workplace, perform
from farm.errors import FailureKind, InputError
from farm.logbook import Heading, Logbook, Remark, Subject
from farm.logs.line import Line
from farm.store.clips import ClipStore
from farm.store.jobs import JobStore
from farm.store.records import Job
from farm.tasks import AttemptState, Manifest, Task, TaskState, Work, log_prefix


class Farm:
    """A driver's books and a worker's attempts, played by hand."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.clips = ClipStore(folder / "out")
        self.store = JobStore.open(folder / "state")
        self.lease = self.store.lead()
        self.place = Workplace("cpu-1", "node", self.clips, folder, threads=1, cores=1, stages=STAGES)
        self.store.create_job(
            self.lease.epoch, Job(id="lake-1f2e3d", project="p", name="lake", out="out", document={}, created_us=1)
        )

    @property
    def book(self) -> Logbook:
        return Logbook(self.store, self.clips)

    def add(self, shot: str, stage: str = "talk", take: int = 0, **params) -> Task:
        params["words"] = params.get("words", f"{shot} {take}")
        task = Task.of(project="p", stage=stage, version=1, params=params, shot=shot, take=take)
        self.store.add_tasks(self.lease.epoch, "lake-1f2e3d", [task], 1)
        return task

    def start(self, task: Task, attempt: int = 1) -> None:
        self.store.commit(
            self.lease.epoch,
            [AttemptStarted(task.id, attempt, "cpu-1", "node", 10)],
        )

    def end(self, manifest: Manifest, state: TaskState | None = None) -> None:
        moved = state or (TaskState.DONE if manifest.done else TaskState.FAILED)
        failure = manifest.failure if moved is TaskState.FAILED else None
        winner = manifest.attempt if moved is TaskState.DONE else 0
        message = manifest.message if failure else ""
        self.store.commit(
            self.lease.epoch,
            [AttemptEnded(manifest), TaskMoved(manifest.task, moved, 20, winner, failure, message)],
        )

    def perform(self, task: Task, attempt: int = 1) -> Manifest:
        return perform(Work(task, attempt), self.place, lambda fraction: None, threading.Event())

    def run(self, task: Task, attempt: int = 1, state: TaskState | None = None) -> None:
        self.start(task, attempt)
        self.end(self.perform(task, attempt), state)


@pytest.fixture
def farm(tmp_path):
    farm = Farm(tmp_path)
    yield farm
    farm.lease.release()
    farm.store.close()


def of(*words: str | int) -> Subject:
    return Subject("lake-1f2e3d", "", *words)  # pyright: ignore[reportArgumentType]


def said(pieces) -> list[str]:
    """Lines as they are, remarks in brackets, headings by label and attempt."""
    return [_word(piece) for piece in pieces]


def _word(piece) -> str:
    match piece:
        case Line():
            return piece.message
        case Heading():
            return f"# {piece.label} {piece.attempt}/{piece.attempts}"
        case Remark():
            return f"({piece.words})"


def test_a_task_is_found_by_the_beginning_of_its_id_and_by_its_place_in_a_job(farm):
    task, other = farm.add("sh010", take=1), farm.add("sh010", take=2)
    farm.run(task)
    farm.run(other)
    expected = ["# talk sh010 take 1 1/1", "sh010 1 0"]
    for subject in (Subject(task=task.id), Subject(task=task.id[:8]), of("sh010", "talk", 1), of("", "", 1)):
        found = said(farm.book.read(subject))
        assert found[:2] == expected
        assert found[2].startswith("(attempt 1 is done")


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (Subject(task="00"), 'there is no job "00", and no task'),
        (Subject(task="lake"), 'there is no job "lake", and no task'),
        (Subject(task="%"), "and no task"),
        (of("sh999"), "job lake-1f2e3d has no shot sh999 (it has sh010)"),
        (of("sh010", "upscale"), "job lake-1f2e3d, shot sh010 has no stage upscale (it has talk)"),
        (of("sh010", "talk", 9), "has no take 9 (it has 1)"),
        (Subject("nobody-1"), "job nobody-1 has no task yet"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(farm, subject, words):
    farm.run(farm.add("sh010", take=1))
    with pytest.raises(InputError) as error:
        list(farm.book.read(subject))
    assert words in str(error.value)


def test_several_tasks_of_one_beginning_are_named(farm):
    tasks = [farm.add(f"sh{number:03}") for number in range(40)]
    start = next(task.id[0] for task in tasks if sum(other.id[0] == task.id[0] for other in tasks) > 1)
    with pytest.raises(InputError, match=f"several tasks begin with {start}: "):
        list(farm.book.read(Subject(task=start)))


def test_of_several_the_one_that_failed_is_meant(farm):
    tasks = [farm.add("sh010", take=1), farm.add("sh010", take=2, fails="media"), farm.add("sh010", take=3)]
    for task in tasks:
        farm.run(task)
    first, *_ = farm.book.read(of("sh010"))
    assert isinstance(first, Heading)
    assert (first.task, first.others) == (tasks[1].id, 2)
    farm.start(farm.add("sh010", take=4))
    assert said(farm.book.read(of("sh010")))[0] == "# talk sh010 take 2 1/1"


def test_an_earlier_attempt_by_its_number(farm):
    task = farm.add("sh010", fails="bug")
    farm.run(task, 1, TaskState.WAITING)
    farm.run(task, 2)
    assert said(farm.book.read(Subject(task=task.id)))[0] == "# talk sh010 2/2"
    assert said(farm.book.read(Subject(task=task.id), 1))[0] == "# talk sh010 1/2"
    with pytest.raises(InputError, match="there is no attempt 3"):
        list(farm.book.read(Subject(task=task.id), 3))


def test_what_is_not_there_yet_or_any_more_is_said(farm):
    task = farm.add("sh010")
    (waits,) = said(farm.book.read(of("sh010")))
    assert waits == f"(talk sh010 has not begun (farm why {task.id[:8]} says what it waits for))"
    farm.start(task)
    assert said(farm.book.read(of("sh010")))[1:] == ["(it runs on cpu-1 and has logged nothing yet (-f waits for it))"]
    farm.end(farm.perform(task))
    for key in list(farm.clips.keys(log_prefix("p", task.id, 1))):
        farm.clips.delete(key)
    assert "(its log of 1 lines is gone" in said(farm.book.read(of("sh010")))[1]
    quiet = farm.add("sh020", words="")
    farm.run(quiet)
    assert said(farm.book.read(of("sh020")))[1] == "(it logged nothing)"
    lost = farm.add("sh030")
    farm.start(lost)
    gone = Manifest(task=lost.id, attempt=1, stage="talk", state=AttemptState.FAILED, failure=FailureKind.CRASHED)
    farm.end(gone)
    assert said(farm.book.read(of("sh030")))[1:] == ["(it left no log)", "(attempt 1 failed (crashed): )"]
    below = farm.add("sh040")
    farm.store.commit(
        farm.lease.epoch, [TaskMoved(below.id, TaskState.FAILED, 20, 0, FailureKind.INPUT, "its input failed")]
    )
    assert said(farm.book.read(of("sh040"))) == ["(talk sh040 is failed and was never begun: its input failed)"]


@contextmanager
def beside(act):
    """`act` on a thread beside the test."""
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


def test_following_goes_on_with_the_next_attempt_until_the_task_settles(farm, tmp_path):
    """What is read decides what happens next: nothing here waits for a clock."""
    task = farm.add("sh010", folder=str(tmp_path), fails="bug")
    farm.start(task)
    rests = threading.Semaphore(0)

    def rest(seconds: float) -> bool:
        rests.release()
        return False

    def play() -> None:
        rests.acquire()  # it has been looked at while it runs
        (tmp_path / "go").touch()
        farm.end(farm.perform(task), TaskState.WAITING)
        while not told.wait(0):
            rests.acquire()
        farm.run(task, 2)

    told, heard = threading.Event(), []
    with beside(play):
        for word in said_one_by_one(farm.book.follow(of("sh010"), 0, rest)):
            heard.append(word)
            if "is to be tried again" in word:
                told.set()
                rests.release()
    assert heard[:2] == ["# talk sh010 1/1", "sh010 0 0"]
    failures = [word for word in heard if word.startswith("(attempt")]
    assert ["attempt 1 failed" in failures[0], "attempt 2 failed" in failures[1]] == [True, True]
    assert "# talk sh010 2/2" in heard
    assert heard.count("sh010 0 0") == 2


def said_one_by_one(pieces):
    return (_word(piece) for piece in pieces)


def test_following_ends_when_it_is_told_to(farm):
    task = farm.add("sh010")
    farm.start(task)
    assert said(farm.book.follow(of("sh010"), 0, lambda seconds: True)) == ["# talk sh010 1/1"]
    farm.end(farm.perform(task))
    assert said(farm.book.follow(of("sh010"), 1, lambda seconds: True))[:2] == ["# talk sh010 1/1", "sh010 0 0"]
