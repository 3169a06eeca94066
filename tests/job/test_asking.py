"""Asking, and what people are told of jobs: from the books alone, with and without a driver's word."""

from __future__ import annotations

import threading

import pytest

from farm.asking import Asking, new_request
from farm.clock import now_us
from farm.errors import InputError
from farm.jobview import STALE_US, DriverView, Receipt, clock, driver_view, job_status, job_to_be, job_views
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState, Pulse, RequestState, Verb
from farm.tasks import Task
from farm.terminal import receipt_line

SUBMISSION = {"out": "/out", "submission": {"name": "shots", "project": "demo"}, "budget_micros": 5_000_000}


@pytest.fixture
def store(tmp_path):
    opened = JobStore.open(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def lease(store):
    with store.lead() as lead:
        yield lead


@pytest.fixture
def asking(store):
    return Asking(store, threading.Event())


def a_job(name: str, **changes) -> Job:
    document = {"shots": [{"code": "sh010"}, {"code": "sh020", "refused": "shots.csv:3: no still"}]}
    asked = {"id": name, "project": "demo", "name": name, "out": "/out", "document": document, "created_us": 1}
    return Job(**(asked | {"principal": "ann@here"} | changes))


def test_a_submission_is_listed_before_a_driver_knows_it(asking, store):
    receipt = asking.ask(Verb.SUBMIT, body=SUBMISSION, wait_s=0)
    (view,) = job_views(store, now_us())
    assert (view.id, view.state, view.project, view.budget_micros) == (receipt.job, "pending", "demo", 5_000_000)
    assert view.live
    assert asking.job("shots") == receipt.job
    assert receipt.note == "queued, no driver has run here yet"
    assert "waits" not in receipt_line(receipt).plain


def test_a_node_that_is_taken_out_is_told_by_its_name_and_until_when(asking, store, lease):
    queued = asking.ask(Verb.DRAIN, body={"node": "gpu-0", "within_s": 1800}, wait_s=0)
    assert receipt_line(queued).plain == "drain gpu-0: queued, no driver has run here yet"
    goes_us = now_us() + 1_800_000_000
    answer = {"node": "gpu-01", "id": "aa11", "workers": 2, "deadline_us": goes_us}
    store.decide(lease.epoch, queued.request, RequestState.APPLIED, now_us(), "", answer)
    drains = Receipt.of(store.request(queued.request), DriverView(leads=True))
    said = f"gpu-01 drains: nothing begins there, and it goes by {clock(goes_us)}"
    assert receipt_line(drains).plain.startswith(said)


def test_a_key_gives_the_first_request_back_and_stands_for_nothing_else(asking):
    first = asking.ask(Verb.SUBMIT, body=SUBMISSION, key="k", wait_s=0)
    again = asking.ask(Verb.SUBMIT, body=SUBMISSION, key="k", wait_s=0)
    assert (again.job, again.again, first.again) == (first.job, True, False)
    with pytest.raises(InputError, match=f'the key "k" stands for another request, "submit {first.job}"'):
        asking.ask(Verb.SUBMIT, body=SUBMISSION | {"priority": 9}, key="k", wait_s=0)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("zz", 'there is no job "zz"'),
        ("", 'there is no job ""'),
        ("shot", "7 jobs begin with shot: shots-0, shots-1, shots-2, shots-3, shots-4 and 2 more"),
    ],
    ids=["none", "no name", "several"],
)
def test_a_name_that_is_not_one_job(asking, store, lease, start, said):
    for number in range(7):
        store.create_job(lease.epoch, a_job(f"shots-{number}"))
    with pytest.raises(InputError) as caught:
        asking.job(start)
    assert said in str(caught.value)


def test_a_whole_id_is_meant_before_longer_ones(asking, store, lease):
    for name in ("shots", "shots-2"):
        store.create_job(lease.epoch, a_job(name))
    assert asking.job("shots") == "shots"


def test_why_needs_no_driver_for_a_job_that_nobody_drives_or_that_has_ended(asking, store, lease):
    store.create_job(lease.epoch, a_job("shots"))
    assert asking.why("shots", "", 0).answer["message"].startswith("no driver has run here yet")
    store.set_job_state(lease.epoch, "shots", JobState.FAILED, 5, "1 of 2 shots has no clip: sh020")
    assert asking.why("shots", "", 0).answer["message"].startswith("1 of 2 shots has no clip: sh020 (farm status")
    assert store.pending() == ()


def test_whoever_watches_waits_for_the_job_to_be_taken_in_or_hears_of_its_refusal(asking, store, lease):
    request = store.ask(new_request(Verb.SUBMIT, "", SUBMISSION))
    refuse = threading.Timer(
        0.05, lambda: store.decide(lease.epoch, request.id, RequestState.REFUSED, 5, "this farm is elsewhere")
    )
    refuse.start()
    with pytest.raises(InputError, match="this farm is elsewhere"):
        asking.taken_in(job_to_be(request))
    refuse.join()


def test_a_driver_leads_while_it_is_heard_of(store, lease):
    now = now_us()
    store.beat(lease.epoch, "process 7 on vm", {"waits": {"shots": {"limit": 3}}}, now)
    store.create_job(lease.epoch, a_job("shots"))
    assert driver_view(store.last_pulse(), now + STALE_US - 1).words == "driven by process 7 on vm"
    assert driver_view(store.last_pulse(), now + STALE_US).words == f"no driver since {clock(now)}"
    assert job_views(store, now)[0].waits == {"limit": 3}
    assert job_views(store, now + STALE_US)[0].waits == {}


def test_a_driver_that_left_leads_no_more_at_once():
    assert not driver_view(Pulse(at_us=5, epoch=1, leader="", document={}), 6).leads


def test_the_history_tells_who_did_what_once(store, lease):
    store.create_job(lease.epoch, a_job("shots", state=JobState.HELD))
    for verb, state in ((Verb.RESUME, JobState.ACTIVE), (Verb.CANCEL, JobState.CANCELLED)):
        request = store.ask(new_request(verb, "shots", {}))
        store.set_job_state(lease.epoch, "shots", state, 5)
        store.decide(lease.epoch, request.id, RequestState.APPLIED, 5)
    store.ask(new_request(Verb.PRIORITY, "shots", {"priority": 9}))
    told = [(line.what, line.outcome) for line in job_status(store, "shots", 9).history]
    assert told == [("submit", "held"), ("resume", "applied"), ("cancel", "applied"), ("priority 9", "pending")]


def test_what_the_farm_did_by_itself_is_told_as_its_own(store, lease):
    store.create_job(lease.epoch, a_job("shots"))
    store.set_job_state(lease.epoch, "shots", JobState.DONE, 5)
    assert [(line.who, line.what) for line in job_status(store, "shots", 9).history] == [
        ("ann@here", "submit"),
        ("the farm", "done"),
    ]


def test_a_refused_shot_is_told_and_one_whose_takes_are_ranked_waits_for_a_choice(store, lease):
    store.create_job(lease.epoch, a_job("shots"))
    select = Task.of(project="demo", stage="select", version=1, params={}, shot="sh010")
    store.add_tasks(lease.epoch, "shots", [select], 5)
    shots = {shot.code: shot for shot in job_status(store, "shots", 9).shots}
    assert (shots["sh010"].state, shots["sh020"].state) == ("waiting", "failed")
    assert shots["sh020"].message == "shots.csv:3: no still"
