"""A line says what was logged and what about, in two forms that nothing in it can break."""

from __future__ import annotations

import json
import logging
import sys
import threading
from contextvars import copy_context

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.logs.fields import FIELDS, current_fields, log_context
from farm.logs.line import MESSAGE_LIMIT, Line, shortened
from farm.logs.words import said, tail, text
from farm.printable import legible

FORGED = "all is well\n2026-01-01T00:00:00Z error farm: \x1b[2J\x1b[31mpay here\x1b]8;;http://x\x07\r\u2028next\x85\u202eevil"


def record(message: str = "words", *args: object, level: int = logging.INFO, **extra: object) -> logging.LogRecord:
    logger = logging.getLogger("farm.tests")
    return logger.makeRecord("farm.tests", level, "file.py", 1, message, args, None, extra=extra)


def failing() -> logging.LogRecord:
    try:
        int(FORGED)
    except ValueError:
        logger = logging.getLogger("farm.tests")
        return logger.makeRecord("farm.tests", logging.ERROR, "file.py", 1, "it failed", (), sys.exc_info())


def test_a_line_for_machines_names_when_who_what_and_what_about():
    with log_context(job="lake-1f2e3d", shot="sh010", take=2, attempt=1):
        line = Line.of(record("made %d frames", 96))
    found = json.loads(line.json())
    assert list(found) == ["time", "level", "logger", "message", "job", "shot", "take", "attempt"]
    assert found["message"] == "made 96 frames"
    assert (found["level"], found["logger"], found["take"]) == ("info", "farm.tests", 2)
    assert found["time"].endswith("Z")
    assert len(found["time"]) == len("2026-03-01T14:02:11.123456Z")


def test_what_is_said_around_the_work_is_said_inside_and_no_more_after_it():
    with log_context(job="j", take=0, shot=""):
        with log_context({"task": "t"}, job="k"):
            assert dict(current_fields()) == {"job": "k", "task": "t"}
        assert dict(current_fields()) == {"job": "j"}
    assert not current_fields()


def test_one_line_may_say_otherwise():
    with log_context(job="j", shot="sh010"):
        assert Line.of(record(shot="sh020")).fields == {"job": "j", "shot": "sh020"}


def test_a_field_that_is_none_is_refused():
    with pytest.raises(ValueError, match="a line has no prompt"), log_context(prompt="words"):
        raise AssertionError


def test_another_thread_knows_of_it_in_a_copy_of_the_context_only():
    heard = []
    with log_context(job="j"):
        inside = copy_context()
        threads = [
            threading.Thread(target=lambda: heard.append(dict(current_fields()))),
            threading.Thread(target=lambda: inside.run(lambda: heard.append(dict(current_fields())))),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert heard == [{}, {"job": "j"}]


@pytest.mark.parametrize("line", [Line.of(record(FORGED)), Line.of(record("%s", FORGED)), Line.of(failing())])
def test_nothing_in_a_line_for_machines_begins_another_or_reaches_a_terminal(line):
    written = line.json()
    assert written.isascii()
    assert written.isprintable()
    assert Line.read(written) == line


def test_nothing_in_a_field_does_either():
    with log_context(shot=FORGED, worker="\x1b[1mw"):
        line = Line.of(record())
    assert line.json().isprintable()
    assert json.loads(line.json())["shot"] == FORGED
    shown = text(line, about=FIELDS)
    assert shown.isprintable()
    assert "\\x1b[2J" in shown


@given(st.text())
def test_a_line_for_people_is_marked_where_it_begins_and_shows_what_it_cannot_print(words):
    first, *more = text(Line(at_us=0, level="info", logger="x", message=words)).split("\n")
    assert first.isprintable()
    assert first[2] == first[5] == ":"
    for line in more:
        assert line.startswith("         │ ")
        assert line.isprintable()


@given(st.text())
def test_what_is_legible_is_one_printable_line(words):
    assert legible(words).isprintable()
    assert legible(legible(words)) == legible(words)


def test_a_traceback_stands_below_its_line():
    first, *more = text(Line.of(failing())).split("\n")
    assert first[9:] == "error: it failed"
    assert more[0].endswith("Traceback (most recent call last):")
    assert any("ValueError: invalid literal" in line for line in more)


def test_fields_are_shown_where_the_message_does_not_name_them():
    line = Line(
        at_us=0, level="info", logger="x", message="sh010 begins", fields={"job": "lake", "shot": "sh010", "take": 2}
    )
    assert text(line, about=FIELDS).endswith("sh010 begins   job=lake take=2")
    assert text(line).endswith("sh010 begins")


def test_colours_only_where_they_are_wanted():
    line = Line(at_us=0, level="warning", logger="x", message="careful")
    assert "\x1b" not in text(line)
    assert "\x1b[33mwarning: careful\x1b[0m" in text(line, colour=True)


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("argument", ["no number", Unspeakable()], ids=["misfit", "unspeakable"])
def test_a_message_that_cannot_be_made_is_said_to_be_so(argument):
    assert Line.of(record("%d", argument)).message.startswith("'%d' could not be filled in: ")


def test_what_is_too_long_keeps_its_beginning_and_its_end():
    line = Line.of(record("a" * 50_000 + "the end"))
    assert len(line.message) < MESSAGE_LIMIT + 100
    assert line.message.startswith("aaa")
    assert line.message.endswith("the end")
    assert "42,007 characters left out" in line.message
    assert shortened("short", 5) == "short"


@pytest.mark.parametrize(
    "damaged", ["", "not json", "[]", "{}", '{"time": 3}', '{"time": "now", "level": "info"}', "null"]
)
def test_what_is_no_line_is_read_as_one(damaged):
    assert Line.read(damaged).message == f"unreadable: {damaged}"


def test_last_words_are_lines_of_bounded_width():
    lines = [Line(at_us=0, level="info", logger="x", message=f"line {number}") for number in range(30)]
    lines.append(Line(at_us=0, level="error", logger="x", message="y" * 300, traceback="one\ntwo"))
    words = tail(lines, lines_at_most=4, width=20)
    assert words == ("line 29", f"error: {'y' * 12}…", "one", "two")
    assert said(lines[0]) == ["line 0"]
