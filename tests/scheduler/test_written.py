"""An attempt that is only being written: its worker runs the next one meanwhile."""

from __future__ import annotations

import pytest

from farm.changes import AttemptEnded
from farm.errors import FailureKind
from farm.scheduler.events import JobDropped, NodeDraining, WorkerFreed
from farm.scheduler.policy import Policy, Prices
from farm.tasks import TaskState


@pytest.fixture
def busy(floor_of, task):
    """A floor with one worker of a GPU, its first take, and two that wait."""

    def build(waiting=2, **terms):
        floor = floor_of((4, 1), policy=Policy(prices=Prices(gpu_hour_micros=3_600_000_000), **terms))
        tasks = [task(f"take{number}", gpus=1) for number in range(1 + waiting)]
        floor.add(*tasks)
        floor.ready()
        return floor, floor.only(), tasks

    return build


def test_the_next_attempt_begins_and_both_run(busy):
    floor, worker, (first, second, _) = busy()
    floor.free(worker)
    assert floor.running[worker].task == second
    assert (floor.state(first), floor.state(second)) == (TaskState.RUNNING, TaskState.RUNNING)
    assert {task.id for task in floor.scheduler.running} == {first.id, second.id}
    floor.write(worker)
    assert (floor.state(first), floor.state(second)) == (TaskState.DONE, TaskState.RUNNING)
    floor.finish(worker)
    assert floor.state(second) is TaskState.DONE


def test_only_the_time_on_the_worker_is_paid(busy):
    floor, worker, _ = busy()
    floor.now_us += 10_000_000
    floor.free(worker)
    floor.now_us += 5_000_000
    floor.write(worker)
    (ended,) = floor.changes(AttemptEnded)
    assert ended.cost_micros == 10_000_000


def test_one_is_written_at_a_time(busy):
    floor, worker, (_, _, third) = busy()
    floor.free(worker)
    run = floor.running[worker]
    floor.tell(WorkerFreed(worker, run.task.id, run.attempt))
    assert floor.state(third) is TaskState.WAITING
    floor.write(worker)
    floor.finish(worker)
    assert floor.state(third) is TaskState.RUNNING


def test_without_other_work_it_stays_what_the_worker_does(busy):
    floor, worker, (first,) = busy(waiting=0)
    floor.free(worker)
    assert floor.scheduler.lanes()[0].busy == 1
    floor.write(worker)
    assert floor.state(first) is TaskState.DONE
    assert floor.scheduler.lanes()[0].idle == 1


def test_a_lost_worker_ends_both_and_only_what_ran_is_suspect(busy):
    floor, worker, (first, second, _) = busy()
    floor.free(worker)
    del floor.written[worker]
    floor.lose(worker, FailureKind.CRASHED)
    kinds = {change.manifest.task: change.manifest.failure for change in floor.changes(AttemptEnded)}
    assert kinds == {first.id: FailureKind.RECLAIMED, second.id: FailureKind.CRASHED}
    assert floor.state(first) is TaskState.WAITING


def test_a_worker_that_writes_is_not_stopped(busy):
    floor, worker, (first, second) = busy(waiting=1)
    floor.free(worker)
    floor.finish(worker)
    floor.tell(NodeDraining("n1", floor.now_us + 60_000_000))
    assert worker not in floor.stopped
    floor.write(worker)
    assert worker in floor.stopped
    assert (floor.state(first), floor.state(second)) == (TaskState.DONE, TaskState.DONE)


def test_what_is_not_written_in_time_is_made_again(busy):
    floor, worker, (first, _) = busy(waiting=1, timeout_floor_s=100.0, idle_stop_s=10.0)
    floor.free(worker)
    floor.finish(worker)
    floor.later(50)
    assert worker not in floor.stopped
    while worker not in floor.stopped and floor.now_us < 86_400_000_000:
        floor.later(600)
    assert floor.state(first) in {TaskState.WAITING, TaskState.RUNNING}
    (record,) = [change for change in floor.changes(AttemptEnded) if change.manifest.task == first.id]
    assert record.manifest.failure is FailureKind.RECLAIMED


def test_nobody_is_asked_to_stop_what_is_only_written(busy):
    floor, worker, _ = busy()
    floor.job("other")
    floor.free(worker)
    floor.tell(JobDropped("job"))
    assert [cancel.task for cancel in floor.cancels] == [floor.running[worker].task.id]
