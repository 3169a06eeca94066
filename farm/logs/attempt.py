"""An attempt's own log: what is logged while it runs, kept beside its other files.

    logging ─▶ the attempt whose thread it is ─▶ lines ─┬─ every few seconds ─▶ a part    (who follows it reads those)
               (or the only one under way)              └─ at the end ────────▶ the whole; then the parts go

An attempt that logs nothing asks nothing of storage. What storage refuses costs the log and never the attempt. Two
attempts may be under way in one process, one writing its files and one at work: each thread knows its own, and what a
thread of unknown origin logs then is in neither's log, but in the process's.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from threading import Lock, RLock, Timer

from farm.errors import KeyMissing, StorageError
from farm.logs import words
from farm.logs.bounded import Bounded, Mark
from farm.logs.fields import Fields, current_fields
from farm.logs.files import WHOLE, Storage, part_key, whole_key
from farm.logs.line import Line
from farm.logs.spoken import finish_lines

logger = logging.getLogger(__name__)

HEAD_BYTES = 256 << 10
TAIL_BYTES = 256 << 10
"""What is kept of a log that says too much."""
PART_BYTES = 32 << 10
"""The same of one part: so much of its beginning, so much of its end."""

FIRST_GAP_S = 2.0
LAST_GAP_S = 10.0
GAP_PER_AGE = 1 / 30
"""A part is written so long after its first line: a thirtieth of the attempt's age, within these bounds."""

TAIL_LINES = 20
TAIL_WIDTH = 200
"""Last words that are told with a failure, and the characters of each."""


class AttemptLog:
    """Owns one log's lines until they lie in storage. Thread-safe."""

    def __init__(self, storage: Storage, prefix: str, source: str = WHOLE, *, first_gap_s: float = FIRST_GAP_S) -> None:
        self.prefix = prefix
        self._storage = storage
        self._source = source
        self._first_gap_s = first_gap_s
        self._began_s = time.monotonic()
        self._lines = RLock()
        """Held for a moment, by everybody who logs: also by what the garbage collector ends meanwhile, and warns."""
        self._pen = Lock()
        """Held while something is written."""
        self._whole = Bounded(HEAD_BYTES, TAIL_BYTES)
        self._fresh = Bounded(PART_BYTES, PART_BYTES)
        self._last: deque[Line] = deque(maxlen=TAIL_LINES)
        self._timer: Timer | None = None
        self._parts = 0
        self._written: list[str] = []
        self._closed = False
        self.count = 0
        """Lines that were logged."""

    def add(self, line: Line) -> None:
        """Take in a line; once the log is closed it is nobody's."""
        with self._lines:
            if self._closed:
                return
            self.count += 1
            mark, encoded = Mark(self.count, line.at_us), _encoded(replace(line, number=self.count))
            self._whole.add(mark, encoded)
            self._fresh.add(mark, encoded)
            if line.level != "debug":
                self._last.append(line)
            if self._timer is None:
                self._timer = Timer(self._gap_s, self._write_part)
                self._timer.daemon = True
                self._timer.start()

    @property
    def last(self) -> tuple[str, ...]:
        """Its last words, without details."""
        with self._lines:
            return words.tail(self._last, lines_at_most=TAIL_LINES, width=TAIL_WIDTH)

    def close(self) -> None:
        """Write all of it, if there is anything. Nothing is taken in any more."""
        finish_lines()
        with self._lines:
            self._closed = True
            if self._timer:
                self._timer.cancel()
        with self._pen:
            if self._whole:
                self._put(whole_key(self.prefix, self._source), self._whole)

    def tidy(self) -> None:
        """Remove the parts, in whose place the whole has come."""
        whole = whole_key(self.prefix, self._source)
        if whole not in self._written:
            return
        for key in self._written:
            if key != whole:
                with _forgiven(key), suppress(KeyMissing):
                    self._storage.delete(key)

    @property
    def _gap_s(self) -> float:
        age_s = time.monotonic() - self._began_s
        return max(self._first_gap_s, min(LAST_GAP_S, age_s * GAP_PER_AGE))

    def _write_part(self) -> None:
        """What has come since the last part; on the timer's thread."""
        _own.set(_NOBODYS)
        with self._pen:
            with self._lines:
                fresh, self._fresh, self._timer = self._fresh, Bounded(PART_BYTES, PART_BYTES), None
                if self._closed:
                    return
                self._parts += 1
            self._put(part_key(self.prefix, self._source, self._parts), fresh)

    def _put(self, key: str, lines: Bounded) -> None:
        with _forgiven(key):
            self._storage.put_bytes(key, b"".join((*lines.head, *_gap(lines), *lines.tail)))
            self._written.append(key)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What another process needs to log for the attempt that this thread is at."""

    prefix: str
    fields: Fields


def whereabouts() -> Whereabouts | None:
    """None outside of attempts."""
    log = _own.get()
    return Whereabouts(log.prefix, dict(current_fields())) if isinstance(log, AttemptLog) else None


@contextmanager
def attempt_log(storage: Storage, prefix: str, source: str = WHOLE) -> Generator[AttemptLog]:
    """While inside, what this thread logs goes into a log of its own. Whoever opens it closes and tidies it."""
    log = AttemptLog(storage, prefix, source)
    _listen()
    token = _own.set(log)
    with _lock:
        _under_way.append(log)
    try:
        yield log
    finally:
        with _lock:
            _under_way.remove(log)
        _own.reset(token)


class _Attempts(logging.Handler):
    """Brings what is logged to the log of its attempt."""

    def emit(self, record: logging.LogRecord) -> None:
        log = _own.get() or _only()
        if isinstance(log, AttemptLog):
            log.add(Line.of(record))


_NOBODYS = object()
"""Of threads that write logs: what they log themselves would make more of it to write."""

_own: ContextVar[AttemptLog | object | None] = ContextVar("attempt_log", default=None)
_under_way: list[AttemptLog] = []
_lock = RLock()
_attempts = _Attempts()


def _listen() -> None:
    """Hear all that is logged in this process, from now on."""
    root = logging.getLogger()
    if _attempts not in root.handlers:
        root.addHandler(_attempts)


def _only() -> AttemptLog | None:
    """The one log under way, if there is one and no other."""
    with _lock:
        return _under_way[0] if len(_under_way) == 1 else None


@contextmanager
def _forgiven(key: str) -> Generator[None]:
    """Storage that fails costs a word in the process's log."""
    token = _own.set(_NOBODYS)
    try:
        yield
    except StorageError as error:
        logger.warning("%s is not kept as it should be: %s", key, error)
    finally:
        _own.reset(token)


def _gap(lines: Bounded) -> list[bytes]:
    """A line in place of those that are left out."""
    if (first := lines.first_left_out) is None:
        return []
    message = f"… {lines.left_out:,} lines left out: a log keeps its beginning and its end …"
    line = Line(at_us=first.at_us, level="warning", logger=__name__, message=message, number=first.number)
    return [_encoded(line)]


def _encoded(line: Line) -> bytes:
    return f"{line.json()}\n".encode("ascii")
