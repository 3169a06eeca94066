"""The driver: many jobs, one decider, and books that always say where things stand."""

from __future__ import annotations

import pytest

from farm.errors import FailureKind
from farm.scheduler.policy import Limits, Policy, ProjectPolicy
from farm.store.records import JobState, RequestState, Verb
from farm.tasks import AttemptState, Manifest, TaskState


def states(house, job):
    return {record.task.params["name"]: record.state for record in house.store.load(job)}


def test_a_submitted_job_runs_to_its_end(house, task):
    first = task("a")
    job = house.submit("shots", first, task("b", first))
    house.drive()
    assert house.pool.ran == ["a", "b"]
    assert house.answer(job).state is RequestState.APPLIED
    assert states(house, job) == {"a": TaskState.DONE, "b": TaskState.DONE}
    assert house.store.job(job).state is JobState.DONE
    assert house.notes.ended_jobs == {job: JobState.DONE}


def test_what_a_task_adds_is_run_too(house, task):
    first = task("a")
    house.farm.options["after"] = {"a": [task("b", first)]}
    job = house.submit("shots", first)
    house.drive()
    assert house.pool.ran == ["a", "b"]
    assert states(house, job) == {"a": TaskState.DONE, "b": TaskState.DONE}


def test_a_submission_that_cannot_be_is_refused(house):
    request = house.ask(Verb.SUBMIT, body={"name": "nothing"})
    house.drive(1)
    assert house.refused(request) == "there is no list nothing"
    assert house.store.job_lines() == ()


def test_the_same_list_twice_is_two_jobs_and_one_work(house, task):
    once, again = house.submit("shots", task("a")), house.submit("shots", task("a"))
    house.drive()
    assert house.pool.ran == ["a"]
    assert [house.store.job(job).state for job in (once, again)] == [JobState.DONE, JobState.DONE]


def test_an_idempotency_key_makes_no_second_job(house, task):
    house.submit("shots", task("a"), key="k")
    house.submit("shots", task("a"), key="k")
    house.drive()
    assert len(house.store.job_lines()) == 1


def test_what_another_job_did_is_not_done_again(house, task):
    house.submit("shots", task("a"))
    house.drive()
    later = house.submit("more", task("a"), task("b"))
    house.drive()
    assert house.pool.ran == ["a", "b"]
    assert house.store.job(later).state is JobState.DONE


def test_what_another_job_did_and_whose_files_are_gone_is_done_again(house, task):
    house.submit("shots", task("a"))
    house.drive()
    house.farm.options["gone"] = {task("a").id}
    house.submit("more", task("a"))
    house.drive()
    assert house.pool.ran == ["a", "a"]


def test_what_failed_in_one_job_is_tried_again_in_the_next(house, task):
    house.pool.fails["a"] = FailureKind.INPUT
    failed = house.submit("shots", task("a"))
    house.drive()
    assert house.store.job(failed).state is JobState.FAILED
    house.pool.fails.clear()
    later = house.submit("more", task("a"))
    house.drive()
    assert house.store.job(later).state is JobState.DONE


def test_a_dead_drivers_job_goes_on(house, task):
    first = task("a")
    house.pool.waits.add("b")
    job = house.submit("shots", first, task("b", first))
    house.drive(5)
    assert states(house, job) == {"a": TaskState.DONE, "b": TaskState.RUNNING}
    house.another_node()
    house.drive()
    assert house.pool.ran == ["b"]
    (record,) = [record for record in house.store.load(job) if record.task.params["name"] == "b"]
    assert (record.state, record.attempts, record.failures) == (TaskState.DONE, 2, {FailureKind.RECLAIMED: 1})


def test_a_dead_drivers_attempt_that_left_its_manifest_counts(house, task):
    house.pool.waits.add("a")
    job = house.submit("shots", task("a"))
    house.drive(5)
    shelf = Manifest(task=task("a").id, attempt=1, stage="score", state=AttemptState.DONE)
    house.farm.shelf.manifests[task("a").id, 1] = shelf
    house.another_node()
    house.drive()
    assert house.pool.ran == []
    assert house.store.job(job).state is JobState.DONE


def test_a_restart_tries_nothing_again_that_failed(house, task):
    house.pool.fails["a"] = FailureKind.INPUT
    house.pool.waits.add("b")
    house.submit("shots", task("a"), task("b"))
    house.drive(5)
    house.another_node()
    house.drive()
    assert house.pool.ran == ["b"]


def test_a_held_job_begins_when_it_is_resumed(house, task):
    job = house.submit("shots", task("a"), hold=True)
    house.drive(5)
    assert (house.store.job(job).state, house.pool.ran) == (JobState.HELD, [])
    house.ask(Verb.RESUME, job)
    house.drive()
    assert house.pool.ran == ["a"]


def test_pause_and_resume(house, task):
    first = task("a")
    house.pool.waits.add("a")
    job = house.submit("shots", first, task("b", first))
    house.drive(3)
    house.ask(Verb.PAUSE, job)
    house.another_node()
    house.drive(3)
    assert house.store.job(job).state is JobState.PAUSED
    assert house.pool.ran == []
    house.ask(Verb.RESUME, job)
    house.drive()
    assert house.pool.ran == ["a", "b"]


def test_a_cancelled_job_ends_and_its_tasks_with_it(house, task):
    first = task("a")
    house.pool.waits.add("a")
    job = house.submit("shots", first, task("b", first))
    house.drive(3)
    house.another_node()
    house.pool.waits.add("a")
    house.ask(Verb.CANCEL, job)
    house.drive(5)
    assert house.store.job(job).state is JobState.CANCELLED
    assert set(states(house, job).values()) == {TaskState.CANCELLED}


def test_what_two_jobs_share_survives_the_cancelling_of_one(house, task):
    house.pool.waits.add("a")
    one, other = house.submit("shots", task("a")), house.submit("more", task("a"))
    house.drive(3)
    house.ask(Verb.CANCEL, one)
    house.another_node()
    house.drive()
    assert house.store.job(one).state is JobState.CANCELLED
    assert house.store.job(other).state is JobState.DONE


def test_retry_asks_again_for_what_failed(house, task):
    first = task("a", shot="sh010")
    house.pool.fails["a"] = FailureKind.INPUT
    job = house.submit("shots", first, task("b", first, shot="sh010"), task("c", shot="sh020"))
    house.drive()
    assert house.store.job(job).state is JobState.FAILED
    house.pool.fails.clear()
    request = house.ask(Verb.RETRY, job, body={"shot": "sh010"})
    house.drive()
    assert house.answer(request).answer == {"job": job, "tasks": 2, "shot": "sh010"}
    assert house.pool.ran == ["a", "c", "a", "b"]
    assert house.store.job(job).state is JobState.DONE


def test_retry_while_the_job_goes_on(house, task):
    house.pool.fails["a"] = FailureKind.INPUT
    house.pool.waits.add("c")
    job = house.submit("shots", task("a"), task("c"))
    house.drive(3, until=lambda: ("a", TaskState.FAILED) in house.notes.settled_tasks)
    house.pool.fails.clear()
    house.another_node()
    house.ask(Verb.RETRY, job)
    house.drive()
    assert house.store.job(job).state is JobState.DONE
    assert states(house, job) == {"a": TaskState.DONE, "c": TaskState.DONE}


def test_an_approval_adds_its_tasks_and_wakes_an_ended_job(house, task):
    first = task("a")
    house.farm.options["takes"] = {("sh010", 2): task("b", first)}
    job = house.submit("shots", first)
    house.drive()
    house.ask(Verb.APPROVE, job, body={"shot": "sh010", "take": 2})
    house.drive()
    assert house.pool.ran == ["a", "b"]
    assert house.store.job(job).state is JobState.DONE
    assert house.store.choices(job) == {"sh010": 2}


def test_a_reroll_amends_the_jobs_document_and_wakes_it(house, task):
    first = task("a")
    house.farm.options["takes"] = {("sh010", 3): task("b", first)}
    job = house.submit("shots", first)
    house.drive()
    request = house.ask(Verb.REROLL, job, body={"shot": "sh010", "takes": 3, "prompt": "pan left"})
    house.drive()
    assert house.answer(request).answer == {"job": job, "shot": "sh010", "takes": 3}
    assert house.pool.ran == ["a", "b"]
    assert house.store.job(job).state is JobState.DONE
    assert house.store.job(job).document == {"amended": ["sh010", 3, "pan left"]}


def test_a_job_that_asks_for_a_choice_stays_open(house, task):
    house.farm.options |= {"asks": True, "takes": {("sh010", 1): task("b")}}
    job = house.submit("shots", task("a"))
    house.drive(5)
    assert house.store.job(job).state is JobState.ACTIVE
    house.ask(Verb.APPROVE, job, body={"shot": "sh010", "take": 1})
    house.drive()
    assert house.store.job(job).state is JobState.DONE


@pytest.mark.parametrize("asks", [True, False])
def test_while_a_person_is_asked_a_worker_stays_warm(house, task, asks):
    house.farm.options |= {"asks": asks, "takes": {("sh010", 1): task("b")}}
    house.submit("shots", task("a"))
    house.drive(300)
    assert bool(house.pool.up) == asks


@pytest.mark.parametrize(
    ("verb", "body", "message"),
    [
        (Verb.PAUSE, {}, "is done, so it cannot be paused"),
        (Verb.RESUME, {}, "is done, so it cannot be resumed"),
        (Verb.CANCEL, {}, "is done already"),
        (Verb.PRIORITY, {"priority": 80}, "is done: its priority says nothing any more"),
        (Verb.PRIORITY, {"priority": -1}, "a priority is a whole number from 0 to 100, not -1"),
        (Verb.APPROVE, {"shot": "sh010", "take": 9}, "shot sh010 has no take 9"),
        (Verb.APPROVE, {"shot": "sh010"}, "an approval names a shot and the number of a take"),
        (Verb.REROLL, {"shot": "sh010", "takes": 2, "prompt": ""}, "shot sh010 has no 2 more takes"),
        (Verb.REROLL, {"shot": "sh010"}, "a reroll names a shot, how many takes, and perhaps a prompt"),
        (Verb.RETRY, {"shot": "sh999"}, "the list has no shot sh999"),
    ],
)
def test_what_a_finished_job_does_not_allow(house, task, verb, body, message):
    job = house.submit("shots", task("a"))
    house.drive()
    request = house.ask(verb, job, body=body)
    house.drive(3)
    assert message in house.refused(request)
    assert house.store.job(job).state is JobState.DONE


def test_an_unknown_job_is_refused_by_name(house):
    request = house.ask(Verb.PAUSE, "nobody")
    house.drive(2)
    assert house.refused(request) == "there is no job nobody (farm jobs lists them)"


def test_a_stop_cancels_what_runs_and_the_next_driver_goes_on(house, task):
    house.pool.waits.add("a")
    job = house.submit("shots", task("a"))
    house.drive(3)
    house.another_node()
    house.pool.waits.add("a")
    house.drive(3, until=lambda: house.pool.running and not house.stop.set())
    assert house.store.job(job).state is JobState.ACTIVE
    house.stop.clear()
    house.another_node()
    house.drive()
    assert house.store.job(job).state is JobState.DONE


def test_why_answers_for_a_job_and_a_task(house, task):
    first = task("a")
    house.pool.waits.add("a")
    job = house.submit("shots", first, second := task("b", first))
    asked = []

    def ask_once_it_runs():
        if house.pool.running and not asked:
            asked.extend(house.ask(Verb.WHY, body={"subject": about}) for about in (job, second.id[:12], "zzz"))
        return False

    house.drive(5, until=ask_once_it_runs)
    (wait,) = house.answer(asked[0]).answer["waits"]
    assert (wait["reason"], wait["tasks"]) == ("upstream", 1)
    assert house.answer(asked[1]).answer["waits"][0]["reason"] == "upstream"
    assert 'there is no job "zzz", and no task of an open one' in house.refused(asked[2])


def test_the_driver_says_of_itself_what_waits(house, task):
    first = task("a")
    house.pool.waits.add("a")
    job = house.submit("shots", first, task("b", first))
    house.drive(5)
    assert house.store.last_pulse().document["waits"] == {job: {"upstream": 1}}


def test_what_ended_jobs_cost_counts_towards_their_projects_cap_with_the_next_driver(house, task):
    house.policy = Policy(projects={"demo": ProjectPolicy(limits=Limits(cost_micros=100))})
    costly = [task(name).model_copy(update={"price_micros": 60}) for name in "ab"]
    house.submit("first", costly[0])
    house.drive()
    second = house.submit("second", costly[1])
    house.drive()
    assert house.pool.ran == ["a"]
    assert house.store.last_pulse().document["waits"] == {second: {"limit": 1}}
