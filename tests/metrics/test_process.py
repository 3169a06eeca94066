"""A process tells of its farm while it leads, and of itself always."""

from __future__ import annotations

import threading

import pytest

from farm.config import load_config
from farm.driver.seams import Storage
from farm.errors import DocumentError, StorageError
from farm.metrics.families import FAMILIES
from farm.metrics.family import Source
from farm.metrics.fresh import Fresh
from farm.metrics.process import Metrics
from farm.scheduler.events import JobSet, NodeLost, NodeUp
from farm.scheduler.policy import Policy
from farm.scheduler.state import Scheduler
from farm.store.records import Job, JobState

OF_LEADERS = {family.name for family in FAMILIES if family.source in {Source.PULSE, Source.STORE}}


def hear(meter, scheduler, *events, at_us=1_000_000):
    for event in events:
        meter.decided(event, scheduler.handle(event, at_us), at_us)
    meter.turned(0.001)


@pytest.fixture
def scheduler():
    return Scheduler(Policy())


def test_who_stands_by_says_nothing_of_the_farm(metrics, scrape):
    metrics.stand_by()
    seen = scrape(metrics)
    assert not seen.names & OF_LEADERS
    assert seen.of("farm_lease_held") == {(): 0.0}
    assert seen.of("farm_disk_size_bytes").keys() == {("state",)}
    ((version,),) = seen.of("farm_info")
    assert version


def test_gauges_of_the_farm_end_with_the_lead_and_counters_go_on(metrics, store, scheduler, scrape):
    with metrics.leading(store, 5) as meter:
        meter.watch(scheduler)
        hear(meter, scheduler, JobSet("job", "lake", 50, 0), NodeUp("n1", 4, 2, frozenset({"l40"})))
        meter.committed(3, 0.01)
        meter.pulse({}, 2_000_000)
        seen = scrape(metrics)
        assert seen.of("farm_lease_held") == {(): 1.0}
        assert seen.of("farm_lease_epoch") == {(): 5.0}
        assert seen.of("farm_nodes") == {("l40", "up"): 1.0}
        assert seen.of("farm_node_gpus") == {("l40", "free"): 2.0, ("l40", "used"): 0.0}
        assert seen.of("farm_oldest_wait_seconds") == {("lake",): 0.0}
        assert seen.of("farm_store_seq") == {(): 0.0}
        assert seen.of("farm_store_project_budget") == {("lake",): 2.5}
        hear(meter, scheduler, NodeLost("n1"), NodeLost("n1"), NodeLost("n2"))
    seen = scrape(metrics)
    assert not seen.names & OF_LEADERS
    assert seen.of("farm_changes_total") == {(): 3.0}
    assert seen.of("farm_nodes_lost_total") == {("l40",): 1.0}
    assert seen.of("farm_lease_changes_total") == {(): 2.0}
    with metrics.leading(store, 6) as meter:
        meter.committed(1, 0.01)
        seen = scrape(metrics)
    assert seen.of("farm_changes_total") == {(): 4.0}
    assert seen.of("farm_lease_changes_total") == {(): 3.0}


def test_what_is_decided_and_never_committed_has_not_happened(metrics, store, scheduler, scrape):
    """The lead is lost between the two."""
    with metrics.leading(store, 5) as meter:
        meter.watch(scheduler)
        hear(meter, scheduler, NodeUp("n1", 4, 2))
        meter.decided(NodeLost("n1"), scheduler.handle(NodeLost("n1"), 2_000_000), 2_000_000)
        assert scrape(metrics).sum("farm_nodes_lost_total") == 0
        meter.committed(0, 0.01)
        assert scrape(metrics).sum("farm_nodes_lost_total") == 1
        meter.decided(NodeUp("n1", 4, 2), scheduler.handle(NodeUp("n1", 4, 2), 3_000_000), 3_000_000)
        meter.decided(NodeLost("n1"), scheduler.handle(NodeLost("n1"), 3_000_000), 3_000_000)
    assert scrape(metrics).sum("farm_nodes_lost_total") == 1


def test_only_live_jobs_have_series_and_a_hundred_of_them(metrics, store, scrape):
    with store.lead() as lease, metrics.leading(store, lease.epoch):
        for number in range(103):
            job = Job(
                id=f"job-{number}",
                project="lake",
                name="n",
                out="out",
                document={},
                created_us=number,
                budget_micros=number,
                state=JobState.DONE if number == 50 else JobState.ACTIVE,
            )
            store.create_job(lease.epoch, job)
        seen = scrape(metrics)
    jobs = {job for job, _ in seen.of("farm_job_cost")}
    assert jobs == {f"job-{number}" for number in range(2, 103) if number != 50}
    assert seen.of("farm_job_budget", job="job-7") == {("lake",): 7e-6}
    assert seen.of("farm_store_jobs") == {("lake", "active"): 102.0, ("lake", "done"): 1.0}


def test_totals_are_read_anew_once_they_are_old(metrics, store, scrape):
    read = []
    totals = store.totals

    def counting(*args):
        read.append(1)
        return totals(*args)

    store.totals = counting
    with metrics.leading(store, 1):
        for _ in range(5):
            scrape(metrics)
    assert len(read) == 1


class AwayStore:
    def totals(self, before):
        raise StorageError("the database is away")


def test_a_store_that_is_away_costs_its_own_numbers_and_is_counted(metrics, scrape):
    with metrics.leading(AwayStore(), 1) as meter:
        meter.failed(Storage.BOOKS)
        seen = scrape(metrics)
    assert not {name for name in seen.names if name.startswith("farm_store_")}
    assert seen.of("farm_storage_faults_total", what="totals").keys() <= {()}
    assert scrape(metrics).of("farm_storage_faults_total") == {("books",): 1.0, ("totals",): 1.0}


def test_what_hangs_keeps_nobody_up():
    hanging, began = threading.Event(), threading.Event()

    def read(before):
        began.set()
        hanging.wait(60.0)
        return 1 if before is None else before + 1

    fresh = Fresh(read, lambda error: None, young_s=0.0, patience_s=0.01)
    assert fresh.latest() is None
    assert began.wait(60.0)
    assert fresh.latest() is None
    hanging.set()
    fresh.close(60.0)
    assert fresh.latest().value >= 1


def test_one_reads_however_many_ask():
    threads: set[int] = set()
    gate = threading.Event()

    def read(before):
        threads.add(threading.get_ident())
        gate.wait(60.0)
        return 0

    fresh = Fresh(read, lambda error: None, young_s=60.0, patience_s=60.0)
    askers = [threading.Thread(target=fresh.latest) for _ in range(10)]
    for asker in askers:
        asker.start()
    gate.set()
    for asker in askers:
        asker.join()
    assert len(threads) == 1


# -- settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("10.0.0.7:9000", ("10.0.0.7", 9000)),
        ("[::1]:0", ("::1", 0)),
        ("driver.lan:1", ("driver.lan", 1)),
        ("off", None),
        ("OFF", None),
        ("", ("127.0.0.1", 9464)),
    ],
)
def test_the_setting_is_an_address_or_off(said, found):
    assert load_config({"FARM_METRICS": said}).metrics == found


@pytest.mark.parametrize("said", ["9464", ":9464", "localhost", "a:b", "1.2.3.4:70000", "::1:80", "a:-1"])
def test_what_is_no_address_names_the_variable_and_the_remedy(said):
    with pytest.raises(DocumentError, match=r"FARM_METRICS.*write host:port"):
        load_config({"FARM_METRICS": said})


def test_off_in_a_file_is_off(tmp_path):
    for text in ("metrics: off", 'metrics: "off"'):
        file = tmp_path / "config.yaml"
        file.write_text(f"{text}\n")
        assert load_config({"FARM_CONFIG": str(file)}).metrics is None


def test_a_process_without_folders_has_no_disks(scrape):
    assert not scrape(Metrics({}, {})).of("farm_disk_free_bytes")
