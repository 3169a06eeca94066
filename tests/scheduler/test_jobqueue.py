"""A job's queue against the plainest one there is: a sorted list of what is in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from farm.scheduler.jobqueue import JobQueue
from farm.tasks import TaskId

TASKS = [TaskId(f"t{number}") for number in range(12)]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.sampled_from(TASKS), st.tuples(st.integers(0, 5), st.integers(0, 2))),
        st.tuples(st.just("remove"), st.sampled_from(TASKS), st.none()),
        st.tuples(st.just("first"), st.sampled_from(TASKS), st.none()),
    ),
    max_size=300,
)


@given(steps, st.sets(st.sampled_from(TASKS)))
def test_the_first_that_fits_is_the_least_that_fits(steps: list, misfits: set[TaskId]) -> None:
    queue, plain = JobQueue("job"), dict[TaskId, tuple[int, ...]]()
    for step, task, order in steps:
        if step == "push":
            if task in queue:
                queue.remove(task)
            queue.push(order, task)
            plain[task] = order
        elif step == "remove" and task in queue:
            queue.remove(task)
            del plain[task]
        line = [each for _, each in sorted((order, each) for each, order in plain.items())]
        assert len(queue) == len(line)
        if line:
            assert queue.first(lambda _: True) == line[0]
            assert queue.first(lambda each: each not in misfits) == next((t for t in line if t not in misfits), None)
            assert [queue.ahead(each) for each in line] == list(range(len(line)))


def test_what_is_removed_takes_no_room_for_ever() -> None:
    queue = JobQueue("job")
    for number in range(10_000):
        queue.push((number,), TaskId(str(number)))
        if number >= 100:
            queue.remove(TaskId(str(number - 100)))
            assert queue.first(lambda _: True) == str(number - 99)
    assert len(queue._line) < 400
