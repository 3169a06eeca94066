"""`farm why` names the right reason, what blocks, and its numbers: each situation arranged on a driver that runs."""

from __future__ import annotations

import pytest

from farm.errors import FailureKind
from farm.scheduler.events import NodeLost, NodeUp, WorkerLost
from farm.scheduler.policy import Limits, Policy, Prices, ProjectPolicy
from farm.store.records import JobState, RequestState, Verb
from farm.tasks import Lane

GPU = Lane(name="wan", gpus=1)
GANG = Lane(name="wan-14b", gpus=4, ranks=2)
GPU_NODE = NodeUp("n1", 16, 8, name="gpu-01")
AN_HOUR_OF_CPU = 36_000_000
"""So that a second costs 0.01, and a task of which nothing is known, which is taken to need a minute, 0.60."""


def only(answer: dict) -> dict:
    """The one reason that an answer gives."""
    (wait,) = answer["waits"]
    return wait


def passed(house, seconds: float):
    """True when so much time has passed since it was first asked."""
    due_us: list[int] = []

    def holds() -> bool:
        due_us.append(house.clock.now_us + int(seconds * 1e6))
        return house.clock.now_us >= due_us[0]

    return holds


def busy(house, workers: int):
    return lambda: len(house.pool.running) == workers


def in_turn(*steps):
    """True when the last of `steps` is; each is asked once the one before it was true."""
    left = list(steps)

    def holds() -> bool:
        while left and left[0]() is not False:
            left.pop(0)
        return not left

    return holds


@pytest.fixture
def gpu_house(house):
    house.play_on(GPU_NODE)
    return house


def test_upstream_names_the_task_and_where_it_runs(house, task):
    first = task("a")
    house.pool.waits.add("a")
    job = house.submit("shots", first, task("b", first))
    answer = house.why(job, once=busy(house, 1))
    wait = only(answer)
    assert (wait["reason"], wait["tasks"], wait["blocker"]) == ("upstream", 1, first.id)
    assert wait["message"].startswith("waits for score a, which runs on cpu-1 for ")
    assert (answer["running"], answer["waiting"]) == (1, 1)


def test_held_names_the_job_and_how_to_begin_it(house, task):
    first = task("a")
    job = house.submit("shots", first, task("b", first), hold=True)
    wait = only(house.why(job))
    assert (wait["reason"], wait["tasks"], wait["blocker"]) == ("held", 2, job)
    assert wait["message"] == f"job {job} was submitted to be held (farm resume {job} begins it)"


def test_paused_is_the_reason_also_of_what_other_jobs_go_on_with(house, task):
    house.pool.waits.add("a")
    job, other = house.submit("shots", task("a"), task("b"), task("c")), house.submit("same", task("a"), task("c"))
    house.ask(Verb.PAUSE, job)
    answer = house.why(job, once=busy(house, 1))
    wait = only(answer)
    assert (wait["reason"], wait["blocker"]) == ("paused", job)
    assert wait["message"] == f"job {job} is paused (farm resume {job} lets it go on)"
    assert answer["running"] == 1
    assert house.store.job(other).state is JobState.ACTIVE


def test_a_budget_is_told_with_what_is_spent_reserved_and_asked_for(house, task):
    house.policy = Policy(prices=Prices(AN_HOUR_OF_CPU))
    house.pool.waits.add("a")
    job = house.submit("shots", task("a"), task("b"), task("c"), budget_micros=700_000)
    wait = only(house.why(job, once=in_turn(busy(house, 1), passed(house, 5))))
    assert (wait["reason"], wait["tasks"], wait["blocker"]) == ("limit", 2, job)
    assert wait["message"].startswith(f"job {job} may cost 0.70: 0.00 are spent, 0.60 reserved, and this asks for 0.60")
    assert wait["numbers"] == {"limit": 700_000, "spent": 0, "reserved": 600_000, "asked": 600_000}
    assert "--budget" in wait["remedy"]


def test_a_projects_gpus_are_told_with_how_many_it_uses(gpu_house, task):
    gpu_house.policy = Policy(projects={"demo": ProjectPolicy(limits=Limits(gpus=2))})
    gpu_house.pool.waits |= {"a", "b", "c"}
    job = gpu_house.submit("shots", *(task(name, lane=GPU) for name in "abc"))
    wait = only(gpu_house.why(job, once=busy(gpu_house, 2)))
    assert (wait["reason"], wait["blocker"]) == ("limit", "demo")
    assert wait["message"] == "project demo may use 2 GPUs at once and uses 2"
    assert (wait["numbers"]["limit"], wait["numbers"]["reserved"]) == (2, 2)


def test_a_pause_after_failures_is_told_with_its_seconds(house, task):
    house.pool.fails["a"] = FailureKind.TRANSIENT
    job = house.submit("shots", task("a"))
    wait = only(house.why(job, once=lambda: len(house.pool.ran) == 4 and not house.pool.running))
    assert (wait["reason"], wait["numbers"]["failures"]) == ("backoff", 4)
    assert wait["message"].startswith("failed 4 times (it broke), is tried again in ")
    assert 0 < wait["numbers"]["retry_in_s"] <= 8


def test_a_provider_that_says_later_holds_its_whole_lane(house, task):
    house.pool.fails["a"] = FailureKind.QUOTA
    house.pool.waits.add("b")
    job = house.submit("shots", task("a"), task("b"), task("c"))
    wait = only(house.why(job, once=lambda: house.pool.ran and len(house.pool.running) < 2))
    assert (wait["reason"], wait["blocker"]) == ("backoff", "cpu")
    assert wait["message"].startswith("lane cpu backs off for another ")
    assert wait["message"].endswith(" s: it broke")


def test_workers_that_another_project_has_are_its_share(house, task):
    house.pool.waits |= {"x", "y"}
    house.submit("theirs", *(task(name, project="bee") for name in "xy"), project="bee", priority=80)
    ours = "request-2"
    answer = house.why(
        ours,
        once=in_turn(busy(house, 2), lambda: house.submit("ours", task("a")), passed(house, 2)),
    )
    wait = only(answer)
    assert (wait["reason"], wait["blocker"], wait["numbers"]["busy"]) == ("share", "bee", 2)
    assert "2 at work for bee" in wait["message"]
    assert "lane cpu" in wait["message"]


def test_a_model_that_loads_is_told_with_how_long_that_takes(gpu_house, task):
    gpu_house.pool.loading.add("wan")
    job = gpu_house.submit("shots", task("a", lane=GPU))
    wait = only(gpu_house.why(job, once=passed(gpu_house, 3)))
    assert (wait["reason"], wait["blocker"], wait["numbers"]["starting"]) == ("model loading", "wan", 1)
    assert "wan" in wait["message"]
    assert "coming up, which takes about 30 s" in wait["message"]


def test_own_work_in_front_is_told_with_how_much(house, task):
    house.pool.waits |= set("abcde")
    tasks = [task(name) for name in "abcde"]
    house.submit("shots", *tasks)
    wait = only(house.why(tasks[-1].id[:12], once=busy(house, 2)))
    assert (wait["reason"], wait["blocker"]) == ("capacity", "cpu")
    assert wait["numbers"] == {"workers": 2, "busy": 2, "queued_before": 2}
    assert "2 workers of lane cpu are busy with work of its own project" in wait["message"]
    assert "2 tasks will run before it" in wait["message"]


@pytest.mark.parametrize(
    ("subject", "message"),
    [
        ("request-1", "is being kept free for lane wan-14b"),
        ("request-2", "is being kept free for a worker of wan-14b (2 ranks, 8 GPUs)"),
    ],
    ids=["the small tasks", "the gang"],
)
def test_room_kept_for_a_gang_is_told_to_both_sides(gpu_house, task, subject, message):
    small = [task(f"s{n}", lane=GPU) for n in range(8)]
    gpu_house.pool.waits |= {f"s{n}" for n in range(9)}
    gpu_house.submit("shots", *small, task("later", lane=Lane(name="other", gpus=1)))

    def hand_in() -> None:
        gpu_house.submit("gang", task("gang", lane=GANG, project="bee"), project="bee", priority=90)

    def one_ends() -> None:
        gpu_house.pool.finish("s0")

    steps = (busy(gpu_house, 8), hand_in, passed(gpu_house, 5), one_ends, passed(gpu_house, 80))
    answer = gpu_house.why(subject, once=in_turn(*steps))
    wait = next(wait for wait in answer["waits"] if wait["reason"] == "reserved")
    assert wait["blocker"] == "n1"
    assert message in wait["message"]
    assert "node gpu-01" in wait["message"]


def test_a_lost_node_that_alone_could_do_it_leaves_no_capable_worker(gpu_house, task):
    gpu_house.pool.loading.add("wan")
    job = gpu_house.submit("shots", task("a", lane=GPU))

    def lose() -> None:
        pool = gpu_house.pool
        gone = [WorkerLost(worker, FailureKind.RECLAIMED, "its node is gone") for worker in pool.started]
        pool.events.extend([NodeLost("n1"), *gone])

    wait = only(gpu_house.why(job, once=in_turn(passed(gpu_house, 3), lose, passed(gpu_house, 3))))
    assert (wait["reason"], wait["blocker"]) == ("no capable worker", "wan")
    assert wait["message"] == "no node that is up can take a worker of wan (1 GPU)"


def test_gpus_that_nobody_has_end_the_job_at_once_with_the_reason(house, task):
    job = house.submit("shots", task("a", lane=GPU))
    answer = house.why(job, once=lambda: not house.store.job(job).state.live)
    assert (answer["state"], answer["waits"]) == ("failed", [])
    assert answer["message"].startswith(
        "1 of 1 failed; score a: no capable worker: no node can take a worker of wan (1 GPU), the largest has 0 GPUs"
    )


def test_a_shot_that_waits_for_a_choice_is_named_with_its_takes(house, task):
    takes = {("sh010", 1): task("b"), ("sh010", 3): task("c"), ("sh020", 1): task("d")}
    house.farm.options |= {"asks": True, "takes": takes}
    job = house.submit("shots", task("a"))
    wait = only(house.why(job, once=passed(house, 5)))
    assert (wait["reason"], wait["blocker"], wait["shots"]) == ("held", "sh010", 2)
    assert wait["message"] == f"sh010, sh020 wait for a person's choice (farm approve {job} sh010 1 or 3)"
    assert house.store.last_pulse().document["waits"] == {job: {"choice": 2}}


def test_one_shot_of_a_job_is_told_alone(house, task):
    house.pool.waits |= {"a", "b"}
    job = house.submit("shots", task("a"), task("b"), task("c", shot="sh030"), task("d", shot="sh040"))
    answer = house.why(job, shot="sh030", once=busy(house, 2))
    assert (answer["waiting"], answer["running"], only(answer)["label"]) == (1, 0, "score sh030")


def test_a_running_task_is_told_with_its_worker(house, task):
    house.pool.waits.add("a")
    house.submit("shots", first := task("a"))
    answer = house.why(first.id[:8], once=in_turn(busy(house, 1), passed(house, 3)))
    assert (answer["state"], answer["waits"]) == ("running", [])
    assert answer["message"] in {f"attempt 1, on cpu-1 for {seconds} s" for seconds in (3, 4)}


@pytest.mark.parametrize(
    ("subject", "shot", "said"),
    [
        ("nobody", "", 'there is no job "nobody", and no task of an open one'),
        ("", "", 'there is no job ""'),
        ("request-1", "sh999", "job request-1 has no shot sh999"),
    ],
    ids=["an unknown job", "no name", "an unknown shot"],
)
def test_what_is_not_there_is_refused(house, task, subject, shot, said):
    house.pool.waits.add("a")
    house.submit("shots", task("a"))
    house.why(subject, shot=shot, once=busy(house, 1))
    answered = house.answer("request-2")
    assert answered.state is RequestState.REFUSED
    assert said in answered.reason


def test_several_tasks_of_one_beginning_are_refused(house, task):
    tasks = [task(f"t{n}") for n in range(40)]
    house.pool.waits |= {f"t{n}" for n in range(40)}
    house.submit("shots", *tasks)
    first = next(each.id[0] for each in tasks if sum(other.id[0] == each.id[0] for other in tasks) > 1)
    house.why(first, once=busy(house, 2))
    assert f"tasks begin with {first}" in house.answer("request-2").reason
