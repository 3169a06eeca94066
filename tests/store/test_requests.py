"""What people ask for: kept at once, decided once, remembered; on every database."""

from __future__ import annotations

import threading

import pytest

from farm.errors import LeaseError
from farm.store.fold import IllegalChange
from farm.store.records import ChangeKind, Deed, JobState, Request, RequestState, Verb


def ask(number: int, verb: Verb = Verb.PAUSE, **fields) -> Request:
    return Request(id=f"r{number}", verb=verb, **{"principal": "mia", "at_us": number, "job": "job", **fields})


def test_a_request_comes_back_as_it_was_asked(store) -> None:
    """Nobody leads: asking needs no lease."""
    request = ask(1, Verb.SUBMIT, key="k", body={"shots": [{"code": "é"}], "n": 1.5})
    assert store.ask(request) == request
    assert store.request("r1") == request
    assert store.request("r2") is None
    assert store.pending() == (request,)
    assert store.changes_after(0) == ()


def test_requests_wait_in_the_order_in_which_they_came(store, epoch) -> None:
    """However the clocks of those who ask differ."""
    asked = [store.ask(ask(number)) for number in (5, 3, 9, 1)]
    assert store.pending() == tuple(asked)
    assert store.pending(limit=2) == tuple(asked[:2])
    store.decide(epoch, "r3", RequestState.APPLIED, 20)
    assert [request.id for request in store.pending()] == ["r5", "r9", "r1"]


@pytest.mark.parametrize(
    "again",
    [{"number": 2, "key": "k", "verb": Verb.CANCEL}, {"number": 1, "key": ""}, {"number": 1, "key": "other"}],
    ids=["same key", "same id", "same id, other key"],
)
def test_of_two_alike_the_first_counts(store, epoch, again) -> None:
    first = store.ask(ask(1, key="k"))
    assert store.ask(ask(**again)) == first
    store.decide(epoch, "r1", RequestState.APPLIED, 20, answer={"job": "j"})
    assert store.ask(ask(**again)).answer == {"job": "j"}
    assert [request.id for request in store.requests("job")] == ["r1"]


def test_requests_without_a_key_are_never_alike(store) -> None:
    store.ask(ask(1))
    store.ask(ask(2))
    assert len(store.pending()) == 2


def test_an_outcome_is_given_once_and_told_in_the_outbox(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    store.ask(ask(1))
    store.ask(ask(2, job="gone"))
    store.decide(epoch, "r1", RequestState.APPLIED, 20, answer={"takes": [1, 2]})
    store.decide(epoch, "r2", RequestState.REFUSED, 21, "there is no job gone\0")
    applied, refused = store.request("r1"), store.request("r2")
    assert (applied.state, applied.answer, applied.decided_us, applied.seq) == ("applied", {"takes": [1, 2]}, 20, 2)
    assert (refused.state, refused.reason, refused.decided_us, refused.seq) == (
        "refused",
        "there is no job gone\ufffd",
        21,
        3,
    )
    assert [(line.kind, line.state, line.job, line.at_us) for line in store.changes_after(1)] == [
        (ChangeKind.REQUEST, "applied", "job", 20),
        (ChangeKind.REQUEST, "refused", None, 21),
    ]
    assert store.pending() == ()


@pytest.mark.parametrize(
    ("request_id", "state"),
    [("r1", RequestState.REFUSED), ("other", RequestState.APPLIED), ("r2", RequestState.PENDING)],
    ids=["decided already", "unknown", "to be pending"],
)
def test_what_cannot_be_decided_changes_nothing(store, epoch, request_id, state) -> None:
    store.ask(ask(1))
    store.ask(ask(2))
    store.decide(epoch, "r1", RequestState.APPLIED, 20)
    before = store.requests("job"), store.changes_after(0)
    with pytest.raises(IllegalChange):
        store.decide(epoch, request_id, state, 30)
    assert (store.requests("job"), store.changes_after(0)) == before


def test_only_the_leader_decides(store, reopen, make) -> None:
    with store.lead() as old:
        store.create_job(old.epoch, make.job())
        store.ask(ask(1))
    with reopen().lead():
        for write in (
            lambda: store.decide(old.epoch, "r1", RequestState.APPLIED, 20),
            lambda: store.choose(old.epoch, "job", "sh010", 1, "mia", 1),
            lambda: store.set_priority(old.epoch, "job", 1, 1),
        ):
            with pytest.raises(LeaseError):
                write()
    assert store.request("r1").state is RequestState.PENDING


def test_a_jobs_history_says_who_changed_what(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    store.ask(ask(2))
    store.ask(ask(3, Verb.PRIORITY, principal="ben", body={"priority": 900}))
    store.ask(ask(4, Verb.RESUME))
    store.ask(ask(5, job="another"))
    store.set_job_state(epoch, "job", JobState.PAUSED, 10)
    store.decide(epoch, "r2", RequestState.APPLIED, 11)
    store.decide(epoch, "r3", RequestState.REFUSED, 12, "0-100")
    store.add_tasks(epoch, "job", [make.task(1)], 13)
    assert store.history("job") == (
        Deed(1, None, "", "active", seq=1),
        Deed(10, None, "", "paused", seq=2),
        Deed(2, Verb.PAUSE, "mia", "applied", seq=3),
        Deed(3, Verb.PRIORITY, "ben", "refused", "0-100", {"priority": 900}, 4),
        Deed(4, Verb.RESUME, "mia", "pending"),
    )
    assert store.history("other") == ()


def test_people_ask_while_the_driver_writes(store, epoch, make, reopen) -> None:
    """GIVEN a driver that commits without a pause WHEN many ask at once, two of each alike THEN each counts once."""
    tasks = [make.task(number) for number in range(60)]
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", tasks, 1)
    kept: list[Request] = []

    def people(first: int) -> None:
        mine = reopen()
        kept.extend(mine.ask(ask(first + number, key=f"k{number}")) for number in range(10))

    threads = [threading.Thread(target=people, args=(first,)) for first in (100, 200)]
    for thread in threads:
        thread.start()
    for task in tasks:
        store.commit(epoch, make.done(task))
    for thread in threads:
        thread.join()
    assert len(kept) == 20
    assert {request.id for request in kept} == {request.id for request in store.pending()}
    assert len(store.pending()) == 10
