"""A driver whose storage fails: it waits, or leaves what can wait, and goes on."""

from __future__ import annotations

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
