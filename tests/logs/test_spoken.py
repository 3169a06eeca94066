"""What is printed is logged, line by line."""

from __future__ import annotations

import io
import logging
import sys
import threading

import pytest

from farm.logs.attempt import attempt_log
from farm.logs.files import LogReader
from farm.logs.spoken import LONGEST, Spoken


@pytest.fixture
def spoken(caplog):
    caplog.set_level("INFO")
    return Spoken(io.StringIO(), "stdout")


def test_lines_are_logged_as_they_end(spoken, caplog):
    print("one\ntw", end="", file=spoken)
    print("o\n\n  \nthree", file=spoken)
    assert caplog.messages == ["one", "two", "three"]
    assert {record.name for record in caplog.records} == {"stdout"}


def test_a_bar_that_draws_over_itself_is_one_line(spoken, caplog):
    for share in range(10):
        print(f"\r{share}0 %", end="", file=spoken)
    print("\r100 %\n", end="", file=spoken)
    assert caplog.messages == ["100 %"]


def test_a_line_without_an_end_is_given_one(spoken, caplog):
    spoken.write("x" * (LONGEST + 1))
    assert caplog.messages == ["x" * (LONGEST + 1)]


def test_threads_do_not_finish_each_others_lines(spoken, caplog):
    spoken.write("mine ")
    thread = threading.Thread(target=spoken.write, args=("theirs\n",))
    thread.start()
    thread.join()
    spoken.write("too\n")
    assert caplog.messages == ["theirs", "mine too"]


def test_what_is_not_finished_when_an_attempt_ends_is_not_the_next_ones(storage, caplog, monkeypatch):
    caplog.set_level("INFO")
    monkeypatch.setattr(sys, "stdout", Spoken(sys.stdout, "stdout"))
    for number in (1, 2):
        with attempt_log(storage, f"store/p/log/ab/abcd/{number}") as log:
            print("step", number, end="")
            log.close()
    for number in (1, 2):
        (line,) = LogReader(storage, f"store/p/log/ab/abcd/{number}").more()
        assert line.message == f"step {number}"


def test_what_else_a_stream_has_is_the_real_ones(caplog):
    behind = io.TextIOWrapper(io.BytesIO())
    Spoken(behind, "stdout").buffer.write(b"bytes")
    assert behind.buffer.getvalue() == b"bytes"


def test_percent_signs_are_no_formats(spoken, caplog):
    spoken.write("100 % %s done\n")
    assert caplog.messages == ["100 % %s done"]


class Complaining(logging.Handler):
    """Writes to what it hears."""

    def __init__(self, spoken: Spoken) -> None:
        super().__init__()
        self.spoken = spoken

    def emit(self, record: logging.LogRecord) -> None:
        self.spoken.write("cannot log that\n")


def test_what_logging_itself_complains_of_is_passed_on():
    behind, heard = io.StringIO(), logging.getLogger("stderr")
    spoken = Spoken(behind, "stderr")
    complaining = Complaining(spoken)
    heard.addHandler(complaining)
    heard.setLevel(logging.INFO)
    try:
        spoken.write("words\n")
    finally:
        heard.removeHandler(complaining)
        heard.setLevel(logging.NOTSET)
    assert behind.getvalue() == "cannot log that\n"
