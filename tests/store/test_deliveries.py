"""Messages to webhooks, as they are kept: on every database."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from farm.changes import Notice, NoticeKind
from farm.store.records import ChangeKind, Delivery, DeliveryState, JobState

NEW = Delivery(
    hook="team", seq=1, id="msg_1", event="job.done", project="demo", job="job", shot="", body='{"é": 1}', at_us=5,
    created_us=6, due_us=6,
)  # fmt: skip


def delivery(seq: int, **more) -> Delivery:
    return replace(NEW, seq=seq, id=f"msg_{seq}", **more)


def happen(store, epoch: int, number: int) -> None:
    notices = [
        Notice(kind=NoticeKind.SHOT_FAILED, project="demo", shot=f"sh{at}", words="it broke") for at in range(number)
    ]
    assert store.tell(epoch, notices, 100) == number


def test_a_reader_begins_at_the_end_once(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    assert store.begin_at_end("webhook team", 0) == 1
    store.set_job_state(epoch, "job", JobState.DONE, 9)
    assert store.begin_at_end("webhook team", 0) == 1
    assert store.begin_at_end("webhook new", 0) == 2
    assert store.watermark("webhook new") == 2


def test_a_reader_that_was_away_for_too_long_begins_anew(store, epoch, make) -> None:
    store.begin_at_end("webhook team", 0)
    store.create_job(epoch, make.job(created_us=50))
    assert store.begin_at_end("webhook team", 50) == 0
    assert store.begin_at_end("webhook team", 51) == 1


def test_only_jobs_and_notices_are_told(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [make.task()], 1)
    store.commit(epoch, make.done(make.task()))
    happen(store, epoch, 2)
    lines, upto = store.told_after(0)
    assert [line.kind for line in lines] == [ChangeKind.JOB, ChangeKind.NOTICE, ChangeKind.NOTICE]
    assert upto == store.changes_after(0)[-1].seq
    assert store.told_after(upto) == ((), upto)
    assert store.told_after(1, limit=1) == (lines[1:2], lines[1].seq)


def test_lines_that_are_nobodys_are_passed(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [make.task(number) for number in range(5)], 1)
    assert store.told_after(1) == ((), 6)


def test_deliveries_come_back_as_they_were_kept_oldest_first(store) -> None:
    store.begin_at_end("webhook team", 0)
    store.enqueue("webhook team", [delivery(3), delivery(2), delivery(2, hook="other")], 4)
    assert store.watermark("webhook team") == 4
    assert store.next_delivery("team") == delivery(2)
    assert store.next_delivery("nobody") is None
    assert store.undelivered() == {"team": 2, "other": 1}
    assert [(each.seq, each.hook) for each in store.deliveries(10)] == [(3, "team"), (2, "other"), (2, "team")]
    assert len(store.deliveries(1)) == 1


def test_what_is_there_already_stays(store) -> None:
    store.begin_at_end("webhook team", 0)
    store.enqueue("webhook team", [delivery(1)], 1)
    store.record(delivery(1, state=DeliveryState.DELIVERED, tries=1, body=""))
    store.enqueue("webhook team", [delivery(1, body="again"), delivery(2)], 0)
    assert store.next_delivery("team") == delivery(2)
    assert store.watermark("webhook team") == 1


def test_a_try_is_recorded_and_a_settled_delivery_is_left_alone(store) -> None:
    store.enqueue("webhook team", [delivery(1)], 1)
    failed = delivery(1, tries=1, due_us=99, tried_us=9, status=503, answer="down")
    store.record(failed)
    assert store.next_delivery("team") == failed
    done = replace(failed, state=DeliveryState.DELIVERED, tries=2, due_us=0, status=204, answer="\0", body="")
    store.record(done)
    store.record(failed)
    assert store.deliveries(10) == (replace(done, answer="\ufffd"),)


def test_trouble_is_what_failed_and_waits_or_was_given_up(store) -> None:
    new, failed = delivery(1), delivery(2, tries=1, status=500)
    up, done = delivery(3, state=DeliveryState.GIVEN_UP, tries=3), delivery(4, state=DeliveryState.DELIVERED, tries=2)
    store.enqueue("webhook team", [new, failed, up, done], 4)
    assert store.deliveries(10, troubled=True) == (up, failed)


def test_everything_of_one_webhook_is_given_up(store) -> None:
    store.enqueue("webhook team", [delivery(1), delivery(2), delivery(2, hook="other")], 2)
    store.give_up("team", 50, "the receiver is gone")
    assert store.undelivered() == {"other": 1}
    assert {(each.state, each.answer, each.tried_us) for each in store.deliveries(10) if each.hook == "team"} == {
        ("given up", "the receiver is gone", 50)
    }


def test_tellers_write_while_the_driver_does(store, epoch, make, reopen) -> None:
    """GIVEN a driver that commits without a pause WHEN two webhooks' tellers write THEN nothing of either is lost."""
    tasks = [make.task(number) for number in range(40)]
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", tasks, 1)

    def tell(hook: str) -> None:
        mine = reopen()
        mine.begin_at_end(f"webhook {hook}", 0)
        for seq in range(1, 11):
            mine.enqueue(f"webhook {hook}", [delivery(seq, hook=hook)], 50 + seq)
            mine.record(delivery(seq, hook=hook, state=DeliveryState.DELIVERED, tries=1))

    threads = [threading.Thread(target=tell, args=(hook,)) for hook in ("a", "b")]
    for thread in threads:
        thread.start()
    for task in tasks:
        store.commit(epoch, make.done(task))
    for thread in threads:
        thread.join()
    assert [each.state for each in store.deliveries(100)] == [DeliveryState.DELIVERED] * 20
    assert store.counts("job") == {("prepare", "done"): 40}


def test_a_jobs_report_is_kept_with_its_end(store, epoch, make) -> None:
    store.create_job(epoch, make.job())
    store.set_job_state(epoch, "job", JobState.DONE, 9, "fine", "publish/report.html")
    found = store.job_line("job")
    assert found is not None
    assert (found.report, found.message, found) == ("publish/report.html", "fine", store.job_lines()[0])
    assert store.job_line("another") is None


@pytest.mark.parametrize("number", [1, 3])
def test_the_counts_of_one_job_are_in_its_line(store, epoch, make, number) -> None:
    store.create_job(epoch, make.job())
    store.add_tasks(epoch, "job", [make.task(each) for each in range(number)], 1)
    assert dict(store.job_line("job").tasks) == {("prepare", "waiting"): number}
