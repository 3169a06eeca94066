"""An attempt's log: complete at its end, to be followed while it runs, and never the attempt's business."""

from __future__ import annotations

import gc
import logging
import threading
import warnings

import pytest

from farm.logs.attempt import HEAD_BYTES, TAIL_BYTES, AttemptLog, attempt_log, whereabouts
from farm.logs.fields import log_context
from farm.logs.files import LogReader, rank_source, whole_key
from farm.logs.line import Line

logger = logging.getLogger(__name__)
PREFIX = "store/p/log/ab/abcd/1"


def line(message: str, at_us: int = 0) -> Line:
    return Line(at_us=at_us, level="info", logger="x", message=message)


def messages(storage, prefix=PREFIX) -> list[str]:
    return [each.message for each in LogReader(storage, prefix).more()]


def end(log: AttemptLog) -> None:
    log.close()
    log.tidy()


def test_an_attempt_that_logs_nothing_asks_nothing_of_storage(storage):
    with attempt_log(storage, PREFIX) as log:
        pass
    end(log)
    assert storage.asked == []


def test_a_short_one_is_written_once(storage):
    with attempt_log(storage, PREFIX) as log:
        for number in range(100):
            logger.warning("line %d", number)
        end(log)
    assert storage.asked == [f"put {PREFIX}/log.jsonl"]
    assert messages(storage) == [f"line {number}" for number in range(100)]
    assert log.count == 100


def test_a_long_one_can_be_followed_and_says_nothing_twice(storage):
    log, reader = AttemptLog(storage, PREFIX, first_gap_s=0.0), LogReader(storage, PREFIX)
    heard = []
    for number in range(1, 4):
        log.add(line(f"line {number}"))
        storage.wait_for(f"{PREFIX}/log.part-{number:05}.jsonl")
        heard.append([each.message for each in reader.more()])
    assert heard == [["line 1"], ["line 2"], ["line 3"]]
    log.close()
    log.add(line("too late"))
    assert reader.more() == []
    log.tidy()
    assert reader.more() == []
    assert list(storage.keys()) == [f"{PREFIX}/log.jsonl"]
    assert messages(storage) == ["line 1", "line 2", "line 3"]


def test_who_reads_while_the_whole_takes_the_place_of_parts_misses_nothing(storage):
    log, reader = AttemptLog(storage, PREFIX, first_gap_s=0.0), LogReader(storage, PREFIX)
    log.add(line("one"))
    storage.wait_for(f"{PREFIX}/log.part-00001.jsonl")
    keys, gone = storage.keys, []

    def listed_before(prefix: str = ""):
        """What was there a moment ago: the part is gone when it is read."""
        found = [*keys(prefix)]
        if not gone:
            gone.append(True)
            log.add(line("two"))
            end(log)
        return iter(found)

    storage.keys = listed_before
    assert reader.more() == []
    assert [each.message for each in reader.more()] == ["one", "two"]


def test_a_worker_that_is_killed_leaves_what_it_had_said(storage):
    log = AttemptLog(storage, PREFIX, first_gap_s=0.0)
    log.add(line("last words"))
    storage.wait_for(f"{PREFIX}/log.part-00001.jsonl")
    assert messages(storage) == ["last words"]


def test_one_that_says_too_much_keeps_its_beginning_and_its_end(storage):
    log = AttemptLog(storage, PREFIX)
    for number in range(5_000):
        log.add(line(f"{number} {'x' * 300}"))
    end(log)
    assert storage.clips.size(whole_key(PREFIX, "log")) < HEAD_BYTES + TAIL_BYTES + 1_000
    found = messages(storage)
    assert found[0].startswith("0 x")
    assert found[-1].startswith("4999 x")
    (gap,) = (at for at, message in enumerate(found) if "lines left out" in message)
    before, after = int(found[gap - 1].split()[0]), int(found[gap + 1].split()[0])
    assert found[gap] == f"… {after - before - 1:,} lines left out: a log keeps its beginning and its end …"


@pytest.mark.parametrize("first_gap_s", [0.0, 60.0], ids=["parts", "whole"])
def test_storage_that_fails_costs_the_log_alone(storage, caplog, first_gap_s):
    storage.fails = True
    log = AttemptLog(storage, PREFIX, first_gap_s=first_gap_s)
    log.add(line("words"))
    end(log)
    assert "is not kept as it should be: the bucket is away" in caplog.text
    assert log.last == ("words",)
    assert list(storage.keys()) == []


def test_each_of_two_attempts_in_one_process_keeps_its_own(storage):
    """GIVEN one attempt that is written while the next runs THEN no line is in the other's log."""
    together = threading.Barrier(2)

    def attempt(name: str) -> None:
        with log_context(task=name), attempt_log(storage, f"{PREFIX}/{name}") as log:
            together.wait(60)
            for number in range(300):
                logger.warning("%s %d", name, number)
            together.wait(60)
            end(log)

    threads = [threading.Thread(target=attempt, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in "ab":
        found = LogReader(storage, f"{PREFIX}/{name}").more()
        assert [each.message for each in found] == [f"{name} {number}" for number in range(300)]
        assert {each.fields["task"] for each in found} == {name}


def test_a_librarys_own_thread_is_heard_where_only_one_attempt_runs(storage):
    def say(words: str) -> None:
        thread = threading.Thread(target=logger.warning, args=(words,))
        thread.start()
        thread.join()

    with attempt_log(storage, PREFIX) as first:
        say("of the first")
        with attempt_log(storage, f"{PREFIX}-second") as second:
            say("of one of two")
        say("of the first again")
    end(first)
    end(second)
    assert messages(storage) == ["of the first", "of the first again"]
    assert messages(storage, f"{PREFIX}-second") == []


def test_what_storage_logs_while_a_log_is_written_makes_no_more_of_it(storage):
    put = storage.put_bytes

    def noisy(key: str, data: bytes) -> None:
        logger.warning("sent again: %s", key)
        put(key, data)

    storage.put_bytes = noisy
    with attempt_log(storage, PREFIX) as log:
        logger.warning("words")
        log.close()
    assert messages(storage) == ["words"]


def test_what_is_collected_while_a_line_is_taken_in_may_log(storage):
    """A finaliser that logs runs on whichever thread collects: also on one that holds the log."""

    class Loud:
        def __del__(self) -> None:
            logger.warning("closed late")

    class Collecting(AttemptLog):
        @property
        def _gap_s(self) -> float:
            loud = Loud()
            loud.self = loud
            del loud
            gc.collect()
            return super()._gap_s

    with attempt_log(storage, PREFIX) as log:
        log.__class__ = Collecting
        logger.warning("words")
    end(log)
    gc.collect()  # what another thread's collection passed over would speak up in another test
    assert sorted(messages(storage)) == ["closed late", "words"]


def test_warnings_are_heard(storage):
    logging.captureWarnings(True)
    try:
        with attempt_log(storage, PREFIX) as log, warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(False)
            logging.captureWarnings(True)
            warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
    finally:
        logging.captureWarnings(False)
    end(log)
    assert sum("DeprecationWarning: deprecated" in message for message in messages(storage)) == 1


def test_another_rank_logs_for_the_same_attempt(storage):
    with log_context(task="t"), attempt_log(storage, PREFIX) as log:
        told = whereabouts()
        assert told is not None
        logger.warning("rank 0")
        with log_context(told.fields, rank=1), attempt_log(storage, told.prefix, rank_source(1)) as other:
            logger.warning("rank 1")
        logger.warning("rank 0 again")
    for each in (log, other):
        end(each)
    found = LogReader(storage, PREFIX).more()
    assert [(each.message, each.fields.get("rank")) for each in found] == [
        ("rank 0", None),
        ("rank 1", 1),
        ("rank 0 again", None),
    ]
    assert {each.fields["task"] for each in found} == {"t"}
    assert whereabouts() is None
