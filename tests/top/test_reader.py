"""Reading a real job store again and again: a farm that is not there yet, one that is, and one that is away."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest
from postgres_server import PostgresServer

from farm.changes import AttemptEnded, AttemptStarted, TaskMoved
from farm.clock import now_us
from farm.config import Config
from farm.errors import StorageError
from farm.overview.reader import ENDED_SHOWN_US, Reader
from farm.site import Site
from farm.store.jobs import JobStore
from farm.store.records import Job, JobState
from farm.tasks import AttemptState, Manifest, Task, TaskState


@pytest.fixture
def site(tmp_path):
    return Site(Config.model_validate({"state": str(tmp_path / "state")}), str(tmp_path / "out"))


def fill(store: JobStore, epoch: int, name: str, tasks: int, started_us: int) -> list[Task]:
    """A job of so many scores, of which the first took ten seconds and is done, and the second runs."""
    made = [
        Task.of(project="p", stage="score", version=1, params={"n": n, "of": name}, shot=f"sh{n}") for n in range(tasks)
    ]
    store.create_job(
        epoch, Job(id=name, project="p", name=name, out="out", document={"shots": []}, created_us=started_us)
    )
    store.add_tasks(epoch, name, made, started_us)
    store.commit(epoch, [AttemptStarted(made[n].id, 1, f"cpu-{n}", "here", started_us, job=name) for n in (0, 1)])
    done = Manifest(
        task=made[0].id,
        attempt=1,
        stage="score",
        state=AttemptState.DONE,
        started_us=started_us,
        ended_us=started_us + 10_000_000,
    )
    store.commit(epoch, [AttemptEnded(done), TaskMoved(made[0].id, TaskState.DONE, started_us, winner=1)])
    return made


def test_a_farm_that_is_not_there_yet_is_empty_and_comes(site):
    with closing(Reader(site.out, site.existing_store)) as reader:
        view = reader.read(now_us())
        assert (view.jobs, view.driver.leads, view.trouble) == ((), False, "")
        with site.store() as store, store.lead() as lease:
            fill(store, lease.epoch, "job", 10, now_us())
            store.beat(lease.epoch, "me", {"lanes": [{"name": "cpu", "busy": 1}]}, now_us())
            view = reader.read(now_us())
    assert view.driver.leader == "me"
    assert [lane.name for lane in view.lanes] == ["cpu"]
    (line,) = view.jobs
    assert (line.job.id, line.job.tasks) == ("job", {"done": 1, "running": 1, "waiting": 8})
    assert line.share == pytest.approx(0.1)
    assert line.eta is not None
    assert line.eta.seconds == pytest.approx(85)  # 8.5 of 10 s, one at a time


def test_without_a_driver_no_time_is_told(site):
    with site.store() as store, store.lead() as lease:
        fill(store, lease.epoch, "job", 10, now_us())
    with closing(Reader(site.out, site.existing_store)) as reader:
        (line,) = reader.read(now_us()).jobs
    assert line.eta is None


def test_what_runs_is_looked_at_for_a_minute(site):
    """GIVEN two tasks that ran and of which one has ended WHEN the same is looked at THEN the mean of both counts."""
    began_us = now_us()
    with site.store() as store, store.lead() as lease, closing(Reader(site.out, site.existing_store)) as reader:
        tasks = fill(store, lease.epoch, "job", 12, began_us)
        store.commit(lease.epoch, [AttemptStarted(tasks[2].id, 1, "cpu-2", "here", began_us, job="job")])

        def seconds(at_us: int) -> float:
            store.beat(lease.epoch, "me", {}, at_us)
            (line,) = reader.read(at_us).jobs
            assert line.eta is not None
            return line.eta.seconds

        assert seconds(began_us) == pytest.approx((9 + 1) * 10 / 2)
        done = Manifest(
            task=tasks[1].id,
            attempt=1,
            stage="score",
            state=AttemptState.DONE,
            started_us=began_us,
            ended_us=began_us + 10_000_000,
        )
        store.commit(lease.epoch, [AttemptEnded(done), TaskMoved(tasks[1].id, TaskState.DONE, began_us, winner=1)])
        assert seconds(began_us + 2_000_000) == pytest.approx((9 + 0.5) * 10 / 1.5)
        assert seconds(began_us + 61_000_000) == pytest.approx((9 + 0.5) * 10 / 1)


def test_jobs_are_shown_for_a_while_after_their_end(site):
    with site.store() as store, store.lead() as lease, closing(Reader(site.out, site.existing_store)) as reader:
        fill(store, lease.epoch, "job", 3, 1)
        ended_us = now_us()
        store.set_job_state(lease.epoch, "job", JobState.DONE, ended_us)
        assert [line.share for line in reader.read(ended_us + ENDED_SHOWN_US - 1).jobs] == [1.0]
        assert reader.read(ended_us + ENDED_SHOWN_US + 1).jobs == ()


def test_a_database_that_restarts_is_said_and_looked_through():
    """One that is down when it is first looked at, too."""
    with PostgresServer() as server:
        name = server.database()
        site = Site(Config.model_validate({"database": server.url(name)}), "s3://studio/renders")
        server.stop()
        with closing(Reader(site.out, site.existing_store)) as reader:
            first = reader.look(now_us())
            assert (first.read_us, first.jobs) == (0, ())
            assert "cannot be reached" in first.trouble
            server.start()
            with site.store() as store, store.lead() as lease:
                fill(store, lease.epoch, "job", 3, now_us())
            before = reader.look(now_us())
            assert (before.trouble, len(before.jobs)) == ("", 1)
            server.stop()
            away = reader.look(now_us())
            assert away.trouble
            assert (away.jobs, away.read_us) == (before.jobs, before.read_us)
            with pytest.raises(StorageError):
                reader.read(now_us())
            server.start()
            back = [reader.look(now_us()) for _ in range(3)]
            assert back[-1].trouble == ""
            assert len(back[-1].jobs) == 1


def test_the_reader_is_used_by_one_thread_and_closed_by_it(site):
    with site.store() as store, store.lead() as lease:
        fill(store, lease.epoch, "job", 3, now_us())
    seen = []

    def run() -> None:
        with closing(Reader(site.out, site.existing_store)) as reader:
            seen.append(reader.read(now_us()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert len(seen[0].jobs) == 1
