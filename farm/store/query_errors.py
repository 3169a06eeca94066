"""What DuckDB says of a query, as one sentence a person can act on: the problem, and the nearest name that exists.

Binder Error: Referenced column "scor" not found …  ──▶  there is no column "scor" (did you mean "score"?)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from farm.errors import FarmError, InputError, StorageError
from farm.shots.reading.values import quoted
from farm.store.catalog_views import VIEWS

_TABLE = re.compile(r'Table with name "?(?P<name>.+?)"? does not exist')
_COLUMN = re.compile(
    r'Referenced column "(?P<name>[^"]+)" (?:was )?not found|does not have a column named "(?P<named>[^"]+)"'
    r'|column "(?P<listed>[^"]+)" not found'
)
_NEAR = re.compile(r'syntax error at (?:or near "(?P<near>.*?)"|(?P<end>end of input))', re.DOTALL)
_PREFIX = re.compile(r"^(?:[A-Z][A-Za-z]+ )+Error: ")
_STREAM = re.compile(r"reading the stream registered as .*? failed: (?P<why>.*)", re.DOTALL)
"""What DuckDB says when pyarrow, which reads the parts for it, has failed."""
_HINT = re.compile(r'Did you mean "(?P<name>[^"]+)"')
EXAMPLE = "SELECT model, takes FROM takes_per_model"
_LONGEST = 300
_SEE = "`farm catalog views` lists tables, views and columns"


def told(error: Exception, sql: str, seconds: float, memory_mb: int) -> FarmError:
    """The farm's error for what DuckDB, or storage below it, raised for `sql`."""
    import duckdb

    said = str(error)
    match error:
        case duckdb.InterruptException():
            return InputError(f"the query ran longer than {seconds:g} s (ask for less, or give it --seconds)")
        case duckdb.OutOfMemoryException():
            return InputError(f"the query needs more than {memory_mb} MB of memory (ask for fewer rows or columns)")
        case duckdb.PermissionException():
            return InputError(f"a query reads the catalog, and no other files ({_SEE})")
        case duckdb.ParserException():
            return InputError(_unreadable(said))
        case duckdb.Error() if not _STREAM.search(said):
            return InputError(_unanswerable(said, sql))
        case _:
            found = _STREAM.search(said)
            return StorageError(f"the catalog cannot be read: {_first_line(found['why'] if found else said)}")


def _unreadable(said: str) -> str:
    found = _NEAR.search(said)
    if not found:
        return f"the query is no SQL: {_first_line(said)}"
    where = "it ends too early" if found["end"] else f"look at {quoted(found['near'])}"
    return f"the query is no SQL: {where} (an example: {EXAMPLE})"


def _unanswerable(said: str, sql: str) -> str:
    if found := _TABLE.search(said):
        return f"there is no table or view {quoted(found['name'])} ({_nearest(found['name'], (v.name for v in VIEWS))})"
    if found := _COLUMN.search(said):
        name = found["name"] or found["named"] or found["listed"]
        return f"there is no column {quoted(name)} ({_nearest(name, _columns_of(sql))})"
    hint = _HINT.search(said)
    return f"{_first_line(said)} ({_meant([hint['name']]) if hint else _SEE})"


def _columns_of(sql: str) -> list[str]:
    """Columns of the tables and views that a query names; of all where it names none."""
    words = set(re.findall(r"\w+", sql.lower()))
    named = [view for view in VIEWS if view.name in words] or VIEWS
    return list(dict.fromkeys(column for view in named for column in view.columns))


def _nearest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name.rpartition(".")[2].lower(), list(known), n=3, cutoff=0.6)
    return _meant(near) if near else _SEE


def _meant(names: list[str]) -> str:
    return f"did you mean {' or '.join(quoted(name) for name in names)}?"


def _first_line(said: str) -> str:
    """The problem without DuckDB's own name for its kind, candidates and markers."""
    line = _PREFIX.sub("", said.strip().partition("\n")[0]).rstrip("!. ")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
