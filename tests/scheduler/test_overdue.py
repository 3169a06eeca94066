"""Overdue attempts: what they take beyond their booking is booked as they run."""

from __future__ import annotations

from farm.scheduler.demand import GPU_AS_CPUS
from farm.scheduler.estimates import OVERRUN
from farm.scheduler.events import JobSet
from farm.scheduler.policy import Policy, ProjectPolicy

NO_FLOORS = Policy(projects={name: ProjectPolicy(floor=0.0) for name in ("quick", "slow")})


def two_projects(floor_of, task):
    """Two GPUs; quick work of 10 s is known, slow work of the same lane is not."""
    floor = floor_of((4, 2), policy=NO_FLOORS)
    floor.tell(JobSet("quick", "quick", 50, 0))
    for number in range(60):
        floor.add(task(f"q{number}", gpus=1, shape="quick", project="quick"), job="quick")
    floor.ready()
    for _ in range(4):
        floor.later(10)
        for worker in list(floor.running):
            floor.finish(worker)
    return floor


def test_a_slow_attempt_is_charged_as_it_runs_and_not_when_it_ends(floor_of, task):
    floor = two_projects(floor_of, task)
    slow = floor.scheduler._queues._shares.of("slow")
    floor.tell(JobSet("slow", "slow", 90, 1))
    floor.add(task("s", gpus=1, shape="slow", project="slow"), job="slow")
    floor.finish(next(iter(floor.running)))
    before_s = slow.virtual_s - 10 * (GPU_AS_CPUS + 1)  # what is known of its lane was booked when it began
    for age_s in range(1, 60):
        floor.later(1)
        charged_s = (slow.virtual_s - before_s) / (GPU_AS_CPUS + 1)
        assert age_s - 1 <= charged_s <= max(10, OVERRUN * age_s)


def test_booking_as_it_runs_comes_to_the_same_in_the_end(floor_of, task):
    floor = two_projects(floor_of, task)
    shares = floor.scheduler._queues._shares
    for _ in range(55):
        floor.later(1)
    for worker in list(floor.running):
        floor.finish(worker)
    used = 2 * (4 * 10 + 55) * (GPU_AS_CPUS + 1)
    booked = sum(worker.booked for worker in floor.scheduler._workers.by_name.values() if worker.entry)
    assert shares.total == used + booked
