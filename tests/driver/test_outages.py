"""A driver whose storage fails: it waits, or leaves what can wait, and goes on."""

from __future__ import annotations

from farm.driver.seams import Storage, Unmetered
from farm.errors import StorageError
from farm.store.records import JobState, RequestState, Verb

AWAY = StorageError("the network is away")


def failing(method, times: int = 1):
    """The same, but for its first calls."""
    left = [AWAY] * times

    def fails(*args, **options):
        if left:
            raise left.pop()
        return method(*args, **options)

    return fails


class Listening(Unmetered):
    """A meter that keeps what it is told of storage and of requests."""

    def __init__(self) -> None:
        self.faults: list[Storage] = []
        self.answers: list[tuple[Verb, RequestState]] = []

    def failed(self, what: Storage) -> None:
        self.faults.append(what)

    def answered(self, verb: Verb, outcome: RequestState) -> None:
        self.answers.append((verb, outcome))


def test_a_catalog_that_cannot_be_written_is_written_later(house, task, monkeypatch):
    monkeypatch.setattr(house.farm, "follow", failing(house.farm.follow, times=2))
    job = house.submit("shots", task("a"))
    house.drive()
    assert house.store.job(job).state is JobState.DONE
    assert house.farm.followed > 0


def test_a_plan_that_breaks_off_is_read_anew(house, task, monkeypatch):
    tasks = [task(name) for name in "abc"]
    open_plan, opened = house.farm.open, []

    def half_read(job, runs):
        plan = open_plan(job, runs)
        begin = plan.begin

        def breaks_off():
            yield from list(begin())[:1]
            raise AWAY

        if not opened:
            plan.begin = breaks_off
        opened.append(plan)
        return plan

    monkeypatch.setattr(house.farm, "open", half_read)
    job = house.submit("shots", *tasks)
    house.drive()
    assert sorted(house.pool.ran) == ["a", "b", "c"]
    assert (house.store.job(job).state, len(opened)) == (JobState.DONE, 2)


def test_a_request_waits_with_those_behind_it_until_storage_is_back(house, task, monkeypatch):
    monkeypatch.setattr(house.farm, "accept", failing(house.farm.accept))
    first, second = house.submit("shots", task("a")), house.submit("more", task("b"))
    cancel = house.ask(Verb.CANCEL, first)
    house.drive()
    assert [house.answer(each).state for each in (first, second, cancel)] == [RequestState.APPLIED] * 3
    assert house.store.job(second).state is JobState.DONE


def test_every_failure_of_storage_is_told_to_who_counts(house, task, monkeypatch):
    house.meter = Listening()
    monkeypatch.setattr(house.farm, "follow", failing(house.farm.follow))
    monkeypatch.setattr(house.farm, "accept", failing(house.farm.accept))
    monkeypatch.setattr(house.store, "commit", failing(house.store.commit, times=2))
    job = house.submit("shots", task("a"))
    house.drive()
    assert house.store.job(job).state is JobState.DONE
    assert sorted(house.meter.faults) == [Storage.BOOKS, Storage.BOOKS, Storage.CATALOG, Storage.REQUEST]
    monkeypatch.setattr(house.farm, "open", failing(house.farm.open))
    house.submit("more", task("b"))
    house.drive()
    assert house.meter.faults[-1] is Storage.PLAN


def test_each_answer_is_told_once_to_who_counts(house, task):
    house.meter = Listening()
    job = house.submit("shots", task("a"))
    house.drive()
    house.ask(Verb.PAUSE, job)
    house.drive(2)
    assert house.meter.answers == [(Verb.SUBMIT, RequestState.APPLIED), (Verb.PAUSE, RequestState.REFUSED)]
