"""What is counted is what the books say: real scheduler, driver and store, in scenarios of the simulator."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

import pytest

from farm.driver.seams import Meter
from farm.metrics.process import Metrics
from farm.scheduler.policy import Policy, Prices
from farm.simulator.papers import Flat, Paper, Shots
from farm.simulator.scenario import WAN
from farm.simulator.scenarios import SCENARIOS
from farm.simulator.simulation import Simulation
from farm.simulator.trace import Stretch
from farm.store.records import ChangeKind, Verb
from farm.tasks import SETTLED, AttemptState, TaskState

STILL = ["fill", "quota", "poison", "badnode", "cancel", "elastic", "spot", "gang", "fairness"]
"""Scenarios in which no driver dies."""


class Played:
    """A scenario with one `Metrics` for each driver: as if each were a process of its own."""

    def __init__(self, store, arrange, policy=None, limit_s=3600.0, scale=0.2):
        self.store = store
        self.processes: list[Metrics] = []
        self._open = ExitStack()
        policy = policy or Policy(prices=Prices(cpu_hour_micros=400_000, gpu_hour_micros=9_000_001))
        self.sim = Simulation(store, policy, seed=1, scale=scale, limit_s=limit_s)
        self.sim.meter = self._meter
        arrange(self.sim)
        assert self.sim.run() == ()

    def _meter(self, epoch: int) -> Meter:
        self._open.close()
        self.processes.append(Metrics({}, {}))
        return self._open.enter_context(self.processes[-1].leading(self.store, epoch))

    @property
    def last(self) -> Metrics:
        return self.processes[-1]

    def close(self):
        self._open.close()


@pytest.fixture
def play(store):
    played: list[Played] = []

    def begin(*args, **options):
        played.append(Played(store, *args, **options))
        return played[-1]

    yield begin
    for each in played:
        each.close()


@pytest.fixture(params=STILL)
def still(request, play):
    scenario = SCENARIOS[request.param]
    return play(scenario.arrange, scenario.policy, scenario.limit_s)


def outbox(store, kind):
    lines = []
    while more := store.changes_after(lines[-1].seq if lines else 0):
        lines += more
    return [line for line in lines if line.kind is kind]


def ended_attempts(store):
    tasks = {record.task.id: record.task for job in store.jobs() for record in store.load(job.id)}
    found = store.attempts(tasks).items()
    return [(tasks[task], attempt) for task, each in found for attempt in each if attempt.manifest]


def test_counters_are_the_books(still, store, scrape):
    seen, books = scrape(still.last), ended_attempts(store)
    assert seen.of("farm_attempts_total") == Counter(
        (
            attempt.manifest.failure.value if attempt.manifest.failure else "",
            task.lane.name,
            "",
            attempt.state.value,
            task.stage,
        )
        for task, attempt in books
    )
    assert seen.sum("farm_dispatches_total") == len(outbox(store, ChangeKind.ATTEMPT_STARTED)) == len(books)
    settled = Counter(line.state for line in outbox(store, ChangeKind.TASK_MOVED) if TaskState(line.state) in SETTLED)
    for outcome in SETTLED:
        assert seen.sum("farm_tasks_settled_total", outcome=outcome.value) == settled[outcome.value]
        assert seen.sum("farm_project_tasks_settled_total", outcome=outcome.value) == settled[outcome.value]
    sizes = Counter()
    for _, attempt in books:
        sizes.update({file.file_class.value: file.size for file in attempt.manifest.files.values()})
    assert seen.sum("farm_storage_written_bytes_total") == sizes.total()


def test_costs_are_the_books_to_the_last_millionth(still, store, scrape):
    spent = Counter()
    for line in store.job_lines():
        spent[line.project] += line.spent_micros
    for project, micros in scrape(still.last).of("farm_cost_total").items():
        assert round(micros * 1e6) == spent[project[0]]


def test_every_start_of_a_worker_came_to_something(still, scrape):
    seen = scrape(still.last)
    loads = seen.of("farm_model_load_duration_seconds_count")
    assert loads == {key[:1]: value for key, value in seen.of("farm_model_loads_total", outcome="ready").items()}
    still_starting = sum(lane.starting for lane in still.sim.scheduler.lanes())
    started = len({(row.epoch, row.worker) for row in still.sim.trace.workers})
    assert seen.sum("farm_model_loads_total") + still_starting >= started


def test_histograms_count_every_attempt_once(still, store, scrape):
    seen, books = scrape(still.last), ended_attempts(store)
    assert seen.sum("farm_attempt_duration_seconds_count") == len(books)
    assert seen.sum("farm_queue_duration_seconds_count") == len(books)
    lasted = sum(row.seconds for row in still.sim.trace.attempts)
    assert seen.sum("farm_attempt_duration_seconds_sum") == pytest.approx(lasted, rel=0.05, abs=2.0)


def test_workers_spent_the_time_that_they_were_seen_to_spend(still, scrape):
    """The trace is the machines' own; what the driver knows of it is a turn later, and up to the last pulse."""
    seen = scrape(still.last)
    spent = Counter()
    for row in still.sim.trace.workers:
        spent[row.state] += row.seconds
    for phase in (Stretch.LOADING, Stretch.IDLE, Stretch.BUSY):
        told = seen.sum("farm_worker_seconds_total", state=phase.value)
        assert told == pytest.approx(spent[phase], rel=0.1, abs=60.0), phase


def test_totals_are_the_books(still, store, scrape):
    seen = scrape(still.last)
    tasks = Counter()
    for line in store.job_lines():
        for (stage, state), count in line.tasks.items():
            tasks[stage, state.value] += count
    assert seen.of("farm_store_tasks") == tasks
    attempts = Counter(attempt.state.value for _, attempt in ended_attempts(store))
    assert seen.of("farm_store_attempts") == {(state.value,): attempts[state.value] for state in AttemptState}
    assert seen.of("farm_store_seq") == {(): store.totals().seq}


def test_a_driver_that_starts_anew_counts_from_nothing_and_reads_everything(play, store, scrape):
    scenario = SCENARIOS["failover"]
    played = play(scenario.arrange, scenario.policy, scenario.limit_s, scale=1.0)
    assert len(played.processes) > 1
    last, books = scrape(played.last), ended_attempts(store)
    counted = [scrape(process).sum("farm_attempts_total") for process in played.processes]
    assert 0 < counted[-1] < len(books)
    assert sum(counted) <= len(books)
    assert last.sum("farm_store_attempts") == len(books)
    assert last.sum("farm_store_tasks") == sum(sum(line.tasks.values()) for line in store.job_lines())
    assert not {name for name in scrape(played.processes[0]).names if name.startswith("farm_store_")}


def test_what_ended_worker_after_worker_is_counted_as_quarantined(play, store, scrape):
    scenario = SCENARIOS["poison"]
    seen = scrape(play(scenario.arrange, scenario.policy, scenario.limit_s).last)
    records = [record for line in store.job_lines() for record in store.load(line.id)]
    quarantined = sum(record.message.startswith("quarantined") for record in records)
    assert seen.sum("farm_quarantined_total") == quarantined > 0


def arrange_chain(sim: Simulation) -> None:
    """Shots with their whole chain, on hold for a while, and a project with a name to be careful with."""
    sim.nodes(2, cpus=8, gpus=2)
    sim.submit("a", Paper(shots=Shots(count=4, lane=WAN, seconds=20.0)), project="lake")
    sim.submit("b", Paper(flat=(Flat(count=6, lane=WAN, seconds=5.0),)), project='x"} 1\n# EOF', at_s=2.0)
    sim.ask(Verb.PAUSE, "a", at_s=10.0)
    sim.ask(Verb.RESUME, "a", at_s=400.0)
    sim.ask(Verb.PAUSE, "no such job", at_s=401.0)


def test_a_hold_is_no_waiting_in_the_queue(play, scrape):
    """400 s of pause are neither in the histogram nor in how long the oldest has waited."""
    seen = scrape(play(arrange_chain).last)
    assert seen.sum("farm_queue_duration_seconds_count", lane="wan") == 18
    assert seen.sum("farm_queue_duration_seconds_bucket", lane="wan", le="300.0") == 18


def test_requests_are_counted_by_what_became_of_them(play, scrape):
    assert scrape(play(arrange_chain).last).of("farm_requests_total") == {
        ("applied", "submit"): 2,
        ("applied", "pause"): 1,
        ("applied", "resume"): 1,
        ("refused", "pause"): 1,
    }


def test_a_worker_is_warm_from_its_second_attempt_on(play, scrape):
    played = play(arrange_chain)
    cold = {(row.epoch, row.worker) for row in played.sim.trace.attempts}
    seen = scrape(played.last)
    assert seen.sum("farm_dispatches_total", warm="no") == len(cold)
    assert seen.sum("farm_dispatches_total", warm="yes") == len(played.sim.trace.attempts) - len(cold)


def test_a_project_cannot_say_more_than_its_name(play, scrape, store):
    seen = scrape(play(arrange_chain).last)
    assert seen.of("farm_project_tasks_settled_total", outcome="done") == {
        ("lake",): sum(store.counts("a").values()),
        ('x"} 1\ufffd# EOF',): 6,
    }
