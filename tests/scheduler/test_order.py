"""The laws of the order: fair shares, floors, bands, and that nothing is lost on the way."""

from __future__ import annotations

import heapq
import itertools
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from laws import tries

from farm.scheduler.order import Queues
from farm.scheduler.policy import Band, Policy, ProjectPolicy
from farm.tasks import Lane, TaskId

GPU = Lane(name="gpu", gpus=1)
CPU = Lane()
HOUR_US = 3_600_000_000


def yes(_: str) -> bool:
    return True


def policy(**projects: ProjectPolicy) -> Policy:
    return Policy(projects=projects)


def order_of(queues: Queues, lane: Lane = CPU) -> list[str]:
    """Pick until nothing is left, booking nothing."""
    picked: list[str] = []
    while (found := queues.pick(lane, 0, yes, yes)) is not None:
        queues.remove(found[0], lane, found[1])
        picked.append(found[1])
    return picked


@dataclass
class Run:
    project: str
    start_us: int
    end_us: int

    def within_us(self, since_us: int, until_us: int) -> int:
        return max(0, min(self.end_us, until_us) - max(self.start_us, since_us))


@dataclass
class SmallFarm:
    """Workers of one lane, in virtual time. Every project has one job, with endless work while it is `busy`."""

    queues: Queues
    workers: int
    seconds: dict[str, Callable[[], float]]
    """How long a task of each project takes."""
    guess: Callable[[float], float] = float
    """What is booked at the start for a task of some length; its end books the difference."""
    now_us: int = 0
    runs: list[Run] = field(default_factory=list)
    ends: list[tuple[int, int, str, float, float]] = field(default_factory=list)
    serial: int = 0

    def begin(self, project: str, priority: int = 50) -> None:
        self.queues.set_job(project, project, priority, 0, open=True)
        for _ in range(2):
            self.push(project)

    def push(self, project: str) -> None:
        self.serial += 1
        self.queues.push(project, GPU, (self.serial,), TaskId(f"{project}-{self.serial}"))

    def go_on(self, seconds: float) -> None:
        until_us = self.now_us + round(seconds * 1e6)
        while True:
            while len(self.ends) < self.workers and self.start_one():
                pass
            if not self.ends or self.ends[0][0] > until_us:
                break
            self.now_us, _, project, late_s, booked_s = heapq.heappop(self.ends)
            self.queues.charge(project, self.now_us, late_s, booked=booked_s)
        self.now_us = until_us

    def start_one(self) -> bool:
        found = self.queues.pick(GPU, self.now_us, yes, yes)
        if found is None:
            return False
        project, task = found
        self.push(project)
        self.queues.remove(project, GPU, task)
        length_s = self.seconds[project]()
        booked_s = self.guess(length_s)
        self.queues.charge(project, self.now_us, booked_s)
        end_us = self.now_us + round(length_s * 1e6)
        self.serial += 1
        heapq.heappush(self.ends, (end_us, self.serial, project, length_s - booked_s, booked_s))
        self.runs.append(Run(project, self.now_us, end_us))
        return True

    def shares(self, since_s: float, until_s: float) -> dict[str, float]:
        """What part of what ran between two moments was each project's."""
        used = dict.fromkeys(self.seconds, 0)
        for run in self.runs:
            used[run.project] += run.within_us(round(since_s * 1e6), round(until_s * 1e6))
        return {project: us / sum(used.values()) for project, us in used.items()}


# -- within a project -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        pytest.param({"a": (10, 1), "b": (90, 2), "c": (50, 3)}, ["b", "c", "a"], id="band"),
        pytest.param({"a": (50, 1), "b": (60, 2)}, ["b", "a"], id="priority within a band"),
        pytest.param({"a": (50, 2), "b": (50, 1)}, ["b", "a"], id="age"),
        pytest.param({"b": (50, 1), "a": (50, 1)}, ["a", "b"], id="name, when all else is equal"),
    ],
)
def test_jobs_of_a_project(jobs: dict[str, tuple[int, int]], expected: list[str]) -> None:
    queues = Queues(policy())
    for job, (priority, created_us) in jobs.items():
        queues.set_job(job, "p", priority, created_us, open=True)
        queues.push(job, CPU, (), TaskId(job))
    assert order_of(queues) == expected


def test_tasks_of_a_job_come_in_its_order_and_a_new_place_replaces_the_old() -> None:
    queues = Queues(policy())
    queues.set_job("j", "p", 50, 0, open=True)
    for place, name in [((2,), "c"), ((1, 5), "b"), ((1,), "a"), ((0,), "z"), ((2,), "d")]:
        queues.push("j", CPU, place, TaskId(name))
    queues.push("j", CPU, (9,), TaskId("z"))
    assert queues.depth_of("j") == 5
    assert order_of(queues) == ["a", "b", "c", "d", "z"]


def test_a_project_waits_for_the_more_urgent_band_of_another() -> None:
    queues = Queues(policy(p=ProjectPolicy(floor=0), q=ProjectPolicy(floor=0)))
    queues.set_job("slow", "p", 50, 0, open=True)
    queues.set_job("fast", "q", 80, 9, open=True)
    for i in range(3):
        queues.push("slow", CPU, (i,), TaskId(f"slow{i}"))
        queues.push("fast", CPU, (i,), TaskId(f"fast{i}"))
    picked: list[str] = []
    while (found := queues.pick(CPU, 0, yes, yes)) is not None:
        queues.remove(found[0], CPU, found[1])
        queues.charge("q" if found[0] == "fast" else "p", 0, 100)
        picked.append(found[0])
    assert picked == ["fast"] * 3 + ["slow"] * 3


def test_closed_jobs_keep_their_queue_and_are_never_picked() -> None:
    queues = Queues(policy())
    queues.set_job("j", "p", 50, 0, open=False)
    queues.push("j", CPU, (1,), TaskId("a"))
    assert queues.pick(CPU, 0, yes, yes) is None
    assert (queues.depth(CPU), queues.depth_of("j"), queues.lanes_wanting()) == (0, 1, ())
    queues.set_job("j", "p", 50, 0, open=True)
    assert queues.pick(CPU, 0, yes, yes) == ("j", "a")
    assert (queues.depth(CPU), queues.lanes_wanting()) == (1, (CPU,))
    queues.set_job("j", "p", 50, 0, open=False)
    assert queues.pick(CPU, 0, yes, yes) is None
    queues.drop_job("j")
    queues.drop_job("j")
    assert queues.depth_of("j") == 0


def test_limits_pass_over_a_job_and_misfits_a_single_task() -> None:
    queues = Queues(policy())
    queues.set_job("first", "p", 60, 0, open=True)
    queues.set_job("second", "p", 20, 0, open=True)
    for job in ("first", "second"):
        for i in range(40):
            queues.push(job, CPU, (i,), TaskId(f"{job}{i:02}"))
    assert queues.pick(CPU, 0, lambda job: job == "second", yes) == ("second", "second00")
    assert queues.pick(CPU, 0, yes, lambda task: task >= "first17") == ("first", "first17")
    assert queues.pick(CPU, 0, yes, lambda task: task > "second38") == ("second", "second39")
    assert queues.pick(CPU, 0, yes, lambda _: False) is None
    assert queues.pick(CPU, 0, lambda _: False, yes) is None
    assert len(order_of(queues)) == 80


def test_a_task_that_two_jobs_want_counts_once_and_is_picked_for_the_better() -> None:
    queues = Queues(policy())
    queues.set_job("low", "p", 10, 0, open=True)
    queues.set_job("high", "q", 90, 0, open=True)
    for job in ("low", "high"):
        queues.push(job, CPU, (), TaskId("shared"))
    assert queues.depth(CPU) == 1
    assert queues.pick(CPU, 0, yes, yes) == ("high", "shared")
    queues.remove("high", CPU, TaskId("shared"))
    assert queues.depth(CPU) == 1
    queues.remove("low", CPU, TaskId("shared"))
    queues.remove("low", CPU, TaskId("shared"))
    assert queues.depth(CPU) == 0


def test_lanes_come_in_the_order_of_their_best_task() -> None:
    queues = Queues(policy())
    lanes = {name: Lane(name=name) for name in ("a", "b", "c")}
    for name, priority in (("a", 10), ("b", 50), ("c", 60)):
        queues.set_job(name, "p", priority, 0, open=True)
        queues.push(name, lanes[name], (), TaskId(name))
    assert queues.lanes_wanting() == (lanes["c"], lanes["b"], lanes["a"])


def test_how_many_are_ahead() -> None:
    queues = Queues(policy(p=ProjectPolicy(weight=1), q=ProjectPolicy(weight=2)))
    for job, project, priority, tasks in (("mine", "p", 50, 10), ("older", "p", 60, 5), ("now", "q", 80, 3)):
        queues.set_job(job, project, priority, 0, open=True)
        for i in range(tasks):
            queues.push(job, CPU, (i,), TaskId(f"{job}{i}"))
    assert queues.ahead("mine", CPU, TaskId("mine4")) == 3 + 5 + 4
    assert queues.ahead("now", CPU, TaskId("now0")) == 0
    queues.set_job("other", "q", 50, 0, open=True)
    for i in range(100):
        queues.push("other", CPU, (i,), TaskId(f"other{i}"))
    assert queues.ahead("mine", CPU, TaskId("mine4")) == 3 + 9 + 18
    queues.set_job("mine", "p", 50, 0, open=False)
    assert queues.ahead("mine", CPU, TaskId("mine4")) == 3 + 9 + 18


# -- fair shares ------------------------------------------------------------------------------------------------

weights = st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0, 3.0, 8.0]), min_size=2, max_size=6)


@given(weights, st.integers(0, 2**32))
@settings(max_examples=tries(60), deadline=None)
def test_over_every_stretch_shares_differ_by_one_booking_of_each(given_weights: list[float], seed: int) -> None:
    """The bound of start-time fair queueing: |W_p / w_p - W_q / w_q| <= l_p / w_p + l_q / w_q."""
    random_ = random.Random(seed)
    terms = {f"p{i}": ProjectPolicy(weight=w, floor=0) for i, w in enumerate(given_weights)}
    longest = {p: random_.choice([1.0, 10.0, 300.0]) for p in terms}
    farm = SmallFarm(Queues(Policy(projects=terms)), 1, {})
    for project in terms:
        farm.begin(project)
    had = dict.fromkeys(terms, 0.0)
    course: list[dict[str, float]] = [dict(had)]
    now_us = 0
    for _ in range(300):
        project, task = farm.queues.pick(GPU, now_us, yes, yes) or pytest.fail("nothing to pick")
        farm.push(project)
        farm.queues.remove(project, GPU, task)
        length = random_.uniform(0, longest[project])
        now_us += round(length * 1e6)
        farm.queues.charge(project, now_us, length)
        had[project] += length / terms[project].weight
        course.append(dict(had))
    step = {p: longest[p] / terms[p].weight for p in longest}
    for p, q in itertools.combinations(step, 2):
        apart = [at[p] - at[q] for at in course]
        assert max(apart) - min(apart) <= step[p] + step[q] + 1e-6


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("error", [1.0, 0.5, 2.0], ids=["well booked", "booked too low", "booked too high"])
def test_shares_hold_over_windows_of_three_times_the_longest_task(seed: int, error: float) -> None:
    random_ = random.Random(seed)
    weight = {"a": 1.0, "b": 2.0, "c": 5.0}
    longest_s = {"a": 600.0, "b": 60.0, "c": 200.0}
    seconds = {p: lambda m=m: random_.uniform(0.1 * m, m) for p, m in longest_s.items()}
    queues = Queues(policy(**{p: ProjectPolicy(weight=w) for p, w in weight.items()}))
    farm = SmallFarm(queues, 48, seconds, guess=lambda s: s * error)
    for project in weight:
        farm.begin(project)
    farm.go_on(3 * 3600)
    for start_s in range(600, 9000, 300):
        share = farm.shares(start_s, start_s + 3 * 600)
        for project, w in weight.items():
            assert share[project] == pytest.approx(w / 8, rel=0.2)


@pytest.mark.parametrize("error", [0.1, 10.0], ids=["booked far too low", "booked far too high"])
def test_shares_hold_in_the_long_run_whatever_was_booked(error: float) -> None:
    random_ = random.Random(2)
    weight = {"a": 1.0, "b": 2.0, "c": 5.0}
    queues = Queues(policy(**{p: ProjectPolicy(weight=w) for p, w in weight.items()}))
    farm = SmallFarm(queues, 16, {p: lambda: random_.uniform(10, 200) for p in weight}, guess=lambda s: s * error)
    for project in weight:
        farm.begin(project)
    farm.go_on(50_000)
    share = farm.shares(0, 50_000)
    assert all(share[project] == pytest.approx(w / 8, rel=0.03) for project, w in weight.items())


def test_twenty_equals_with_floors_and_heavy_tails_share_equally() -> None:
    random_ = random.Random(3)
    names = [f"p{i:02}" for i in range(20)]
    farm = SmallFarm(Queues(policy()), 40, {p: lambda: 10 * random_.paretovariate(1.5) for p in names})
    for project in names:
        farm.begin(project)
    farm.go_on(20_000)
    assert all(share == pytest.approx(0.05, rel=0.1) for share in farm.shares(0, 20_000).values())


def test_who_had_the_farm_alone_owes_nothing_when_another_comes() -> None:
    seconds = {"first": lambda: 10.0, "late": lambda: 10.0}
    farm = SmallFarm(Queues(policy()), 10, seconds)
    farm.begin("first")
    farm.go_on(36_000)
    farm.begin("late")
    farm.go_on(60)
    assert farm.shares(36_010, 36_060)["first"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("gone_s", [100, 36_000], ids=["a moment", "ten hours"])
def test_who_was_away_has_hoarded_nothing(gone_s: int) -> None:
    farm = SmallFarm(Queues(policy()), 10, {p: lambda: 10.0 for p in "abc"})
    for project in "abc":
        farm.begin(project)
    farm.go_on(100)
    farm.queues.set_job("c", "c", 50, 0, open=False)
    farm.go_on(gone_s)
    farm.queues.set_job("c", "c", 50, 0, open=True)
    farm.go_on(100)
    shares = farm.shares(110 + gone_s, 200 + gone_s)
    assert all(share == pytest.approx(1 / 3, abs=0.1) for share in shares.values())


def test_all_were_idle_and_whoever_comes_back_starts_level() -> None:
    queues = Queues(policy())
    for project in ("heavy", "light"):
        queues.set_job(project, project, 50, 0, open=True)
    queues.charge("heavy", 0, 1e6)
    for i in range(100):
        queues.push("light", GPU, (i,), TaskId(f"l{i}"))
        queues.push("heavy", GPU, (i,), TaskId(f"h{i}"))
    picked: list[str] = []
    for _ in range(10):
        job, task = queues.pick(GPU, 0, yes, yes) or pytest.fail("nothing to pick")
        queues.remove(job, GPU, task)
        queues.charge(job, 0, 1.0)
        picked.append(job)
    assert picked.count("heavy") == 5


def test_arrears_go_back_no_further_than_the_window() -> None:
    """A project whose lane stood still for ten hours goes first afterwards, for about a window's worth at most."""
    terms = {p: ProjectPolicy(floor=0) for p in "ab"}
    farm = SmallFarm(Queues(Policy(projects=terms, share_window_s=600)), 1, {p: lambda: 10.0 for p in "ab"})
    farm.begin("a")
    farm.queues.set_job("b", "b", 50, 0, open=True)
    farm.queues.push("b", CPU, (), TaskId("stuck"))
    farm.go_on(36_000)
    farm.begin("b")
    farm.go_on(4000)
    assert farm.shares(36_010, 36_200)["b"] == 1.0
    assert farm.shares(38_000, 40_000)["a"] == pytest.approx(0.5, abs=0.05)


# -- floors -----------------------------------------------------------------------------------------------------


@given(st.sampled_from([0.02, 0.03, 0.1, 0.4]), st.integers(0, 2**32), st.integers(0, 200))
@settings(max_examples=tries(60), deadline=None)
def test_over_every_stretch_a_background_project_has_its_floor(floor: float, seed: int, alone: int) -> None:
    """And it costs the urgent work no more than the floor. First, `alone` bookings by the background project alone."""
    random_ = random.Random(seed)
    terms = {"back": ProjectPolicy(floor=floor, weight=0.001), "u1": ProjectPolicy(), "u2": ProjectPolicy(weight=3)}
    longest = {p: random_.choice([1.0, 30.0, 300.0]) for p in terms}
    farm = SmallFarm(Queues(Policy(projects=terms)), 1, {})
    farm.begin("back", priority=0)
    total = had = now_s = 0.0
    lead: list[float] = []
    for booking in range(alone + 400):
        if booking == alone:
            farm.begin("u1", priority=100)
            farm.begin("u2", priority=90)
            urgent_from = (total, had)
        project, task = farm.queues.pick(GPU, round(now_s * 1e6), yes, yes) or pytest.fail("nothing to pick")
        farm.push(project)
        farm.queues.remove(project, GPU, task)
        length = random_.uniform(0, longest[project])
        now_s += length
        farm.queues.charge(project, round(now_s * 1e6), length)
        total += length
        had += length if project == "back" else 0
        lead.append(had - floor * total)
    highest = lead[0]
    for now in lead:
        highest = max(highest, now)
        assert now >= highest - longest["back"] - floor * sum(longest.values()) - 1e-6
    assert had - urgent_from[1] <= floor * (total - urgent_from[0]) + longest["back"] + 1e-6


def farm_with_a_floor(alone_s: int, error: float) -> SmallFarm:
    """A background project with a floor of 5 % has the farm alone for a while; then comes more urgent work."""
    random_ = random.Random(1)
    seconds = {p: lambda: random_.uniform(20, 300) for p in ("back", "urgent", "asap")}
    farm = SmallFarm(Queues(policy(back=ProjectPolicy(floor=0.05))), 100, seconds, guess=lambda s: s * error)
    farm.begin("back", priority=0)
    farm.go_on(alone_s)
    farm.begin("urgent", priority=80)
    farm.begin("asap", priority=99)
    farm.go_on(9000)
    return farm


@pytest.mark.parametrize("error", [1.0, 0.5, 2.0], ids=["well booked", "booked too low", "booked too high"])
@pytest.mark.parametrize("alone_s", [0, 36_000], ids=["new", "after ten hours alone"])
def test_a_floor_holds_over_windows_of_three_times_the_longest_task(error: float, alone_s: int) -> None:
    farm = farm_with_a_floor(alone_s, error)
    for start_s in range(alone_s + 300, alone_s + 8000, 300):
        assert farm.shares(start_s, start_s + 900)["back"] == pytest.approx(0.05, rel=0.15)
    assert farm.shares(alone_s + 300, alone_s + 9000)["back"] >= 0.05 * 0.97


@pytest.mark.parametrize("error", [0.1, 10.0], ids=["booked far too low", "booked far too high"])
@pytest.mark.parametrize("alone_s", [0, 36_000], ids=["new", "after ten hours alone"])
def test_a_floor_holds_in_the_long_run_whatever_was_booked(error: float, alone_s: int) -> None:
    share = farm_with_a_floor(alone_s, error).shares(alone_s + 300, alone_s + 9000)["back"]
    assert 0.05 * 0.9 <= share <= 0.05 * 1.3


def test_other_terms_for_a_job_do_not_forgive_what_its_project_is_owed() -> None:
    queues = Queues(policy())
    for project, priority in (("back", 0), ("urgent", 99)):
        queues.set_job(project, project, priority, 0, open=True)
        queues.push(project, GPU, (), TaskId(project))
    assert queues.pick(GPU, 0, yes, yes) == ("urgent", "urgent")
    queues.charge("urgent", 0, 100)
    assert queues.pick(GPU, 0, yes, yes) == ("back", "back")
    queues.set_job("back", "back", 10, 0, open=True)
    assert queues.pick(GPU, 0, yes, yes) == ("back", "back")


def test_a_correction_says_what_was_booked() -> None:
    queues = Queues(policy())
    queues.charge("p", 0, 10)
    with pytest.raises(AssertionError, match="what was booked"):
        queues.charge("p", 1, -5)
    queues.charge("p", 1, -5, booked=10)


def test_floors_of_more_than_the_whole_farm_are_shares_of_it() -> None:
    names = [f"p{i}" for i in range(5)]
    farm = SmallFarm(
        Queues(policy(**{p: ProjectPolicy(floor=0.1 * (i + 2)) for i, p in enumerate(names)})),
        20,
        {p: lambda: 10.0 for p in names},
    )
    for i, project in enumerate(names):
        farm.begin(project, priority=20 * i)
    farm.go_on(20_000)
    shares = farm.shares(2000, 20_000)
    assert [shares[p] for p in names] == pytest.approx([0.1, 0.15, 0.2, 0.25, 0.3], abs=0.03)


def test_what_is_owed_to_a_floor_goes_back_no_further_than_the_window() -> None:
    terms = {"back": ProjectPolicy(floor=0.2), "urgent": ProjectPolicy()}
    farm = SmallFarm(Queues(Policy(projects=terms, share_window_s=600)), 1, {p: lambda: 10.0 for p in terms})
    farm.begin("urgent", priority=99)
    farm.queues.set_job("back", "back", 0, 0, open=True)
    farm.queues.push("back", CPU, (), TaskId("stuck"))
    farm.go_on(36_000)
    farm.begin("back", priority=0)
    farm.go_on(4000)
    assert farm.shares(36_010, 36_100)["back"] == 1.0
    assert farm.shares(37_000, 40_000)["back"] == pytest.approx(0.2, abs=0.02)


def test_a_project_without_a_floor_starves() -> None:
    farm = SmallFarm(Queues(policy(back=ProjectPolicy(floor=0))), 4, {p: lambda: 10.0 for p in ("back", "urgent")})
    farm.begin("urgent", priority=99)
    farm.begin("back", priority=0)
    farm.go_on(10_000)
    assert farm.shares(0, 10_000)["back"] == 0


# -- nothing is lost, nothing grows -----------------------------------------------------------------------------


def test_memory_does_not_grow_with_what_has_come_and_gone() -> None:
    queues = Queues(policy())
    queues.set_job("j", "p", 50, 0, open=True)
    queues.push("j", CPU, (0,), TaskId("stays"))

    def churn(rounds: int) -> int:
        for i in range(rounds):
            queues.push("j", CPU, (i + 1,), TaskId(f"{i}"))
            queues.remove("j", CPU, TaskId(f"{i}"))
            queues.charge("p", i, 1.0)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = churn(500)
        after = churn(10_000)
    finally:
        tracemalloc.stop()
    assert after - before < 50_000


def test_the_same_happenings_give_the_same_picks() -> None:
    def picks(jobs: list[int]) -> list[str]:
        queues, random_, picked = Queues(policy()), random.Random(5), []
        for j in jobs:
            queues.set_job(f"j{j}", f"p{j % 7}", 10 * (j % 10), j % 3, open=True)
        for i in range(600):
            queues.push(f"j{i % 30}", CPU, (i % 11,), TaskId(f"t{i}"))
        while (found := queues.pick(CPU, 0, yes, yes)) is not None:
            queues.remove(found[0], CPU, found[1])
            queues.charge(f"p{int(found[0][1:]) % 7}", 0, random_.uniform(1, 9))
            picked.append(found[1])
        return picked

    assert picks(list(range(30))) == picks(list(reversed(range(30))))


JOBS = {f"j{i}": f"p{i % 3}" for i in range(6)}
job_names = st.sampled_from(sorted(JOBS))
task_names = st.integers(0, 12).map(lambda i: TaskId(f"t{i}"))
lanes = st.sampled_from([CPU, GPU])


@dataclass
class ModelJob:
    priority: int
    open: bool
    tasks: dict[tuple[Lane, TaskId], tuple[int, ...]] = field(default_factory=dict)


class AgainstAList(RuleBasedStateMachine):
    """The queues beside plain dictionaries that are searched from end to end."""

    def __init__(self) -> None:
        super().__init__()
        self.queues = Queues(policy(p0=ProjectPolicy(weight=3), p1=ProjectPolicy(floor=0.3), p2=ProjectPolicy(floor=0)))
        self.jobs: dict[str, ModelJob] = {}
        self.now_us = 0

    @rule(job=job_names, priority=st.integers(0, 100), is_open=st.booleans())
    def set_job(self, job: str, priority: int, is_open: bool) -> None:
        self.queues.set_job(job, JOBS[job], priority, 0, open=is_open)
        known = self.jobs.setdefault(job, ModelJob(priority, is_open))
        known.priority, known.open = priority, is_open

    @rule(job=job_names, moved=st.integers(0, 3))
    def drop_job(self, job: str, moved: int) -> None:
        if moved == 0:
            self.queues.drop_job(job)
            self.jobs.pop(job, None)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), lane=lanes, task=task_names, order=st.tuples(st.integers(0, 5)))
    def push(self, data: st.DataObject, lane: Lane, task: TaskId, order: tuple[int, ...]) -> None:
        job = data.draw(st.sampled_from(sorted(self.jobs)))
        self.queues.push(job, lane, order, task)
        self.jobs[job].tasks[lane, task] = order

    @rule(job=job_names, lane=lanes, task=task_names)
    def remove(self, job: str, lane: Lane, task: TaskId) -> None:
        self.queues.remove(job, lane, task)
        if job in self.jobs:
            self.jobs[job].tasks.pop((lane, task), None)

    @rule(
        project=st.sampled_from(["p0", "p1", "p2"]),
        booked=st.floats(0, 100),
        late=st.floats(-50, 50),
        passed_s=st.integers(0, 5000),
    )
    def charge(self, project: str, booked: float, late: float, passed_s: int) -> None:
        self.queues.charge(project, self.now_us, booked)
        self.now_us += passed_s * 1_000_000
        self.queues.charge(project, self.now_us, max(late, -booked), booked=booked)

    @rule(
        lane=lanes,
        limited=st.frozensets(job_names, max_size=3),
        misfits=st.frozensets(task_names, max_size=8),
        take=st.booleans(),
    )
    def pick(self, lane: Lane, limited: frozenset[str], misfits: frozenset[TaskId], take: bool) -> None:
        found = self.queues.pick(lane, self.now_us, lambda j: j not in limited, lambda t: t not in misfits)
        eligible = {
            (name, task): order
            for name, job in self.jobs.items()
            if job.open and name not in limited
            for (where, task), order in job.tasks.items()
            if where == lane and task not in misfits
        }
        assert (found is None) == (not eligible)
        if found is None:
            return
        assert found in eligible
        same_project = [key for key in eligible if JOBS[key[0]] == JOBS[found[0]]]
        assert found == min(same_project, key=lambda k: (-self.jobs[k[0]].priority, k[0], eligible[k], k[1]))
        if JOBS[found[0]] == "p2":  # which has no floor to jump a band with
            bands = {list(Band).index(Band.of(self.jobs[name].priority)) for name, _ in eligible}
            assert list(Band).index(Band.of(self.jobs[found[0]].priority)) == min(bands)
        if take:
            self.remove(found[0], lane, found[1])

    @invariant()
    def depths_agree(self) -> None:
        for lane in (CPU, GPU):
            could_run = {task for job in self.jobs.values() if job.open for where, task in job.tasks if where == lane}
            assert self.queues.depth(lane) == len(could_run)
            assert (lane in self.queues.lanes_wanting()) == bool(could_run)
        for name in JOBS:
            assert self.queues.depth_of(name) == (len(self.jobs[name].tasks) if name in self.jobs else 0)

    def teardown(self) -> None:
        """Everything that was pushed and not removed is picked in the end."""
        for lane in (CPU, GPU):
            left = {(n, t) for n, job in self.jobs.items() if job.open for where, t in job.tasks if where == lane}
            while (found := self.queues.pick(lane, self.now_us, yes, yes)) is not None:
                left.remove(found)
                self.queues.remove(found[0], lane, found[1])
                self.queues.charge(JOBS[found[0]], self.now_us, 1.0)
            assert not left


AgainstAList.TestCase.settings = settings(max_examples=tries(80), stateful_step_count=40, deadline=None)
TestAgainstAList = AgainstAList.TestCase
