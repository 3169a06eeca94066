"""What people may want to hear of, told to the outbox: each occurrence once, however often it is found again.

    plan, scheduler ──find──▶ Notice ──tell(epoch)──▶ a row, and a line of the outbox of the same number
                                └── told before: nothing has changed of what it is about

Whether it was told before is decided here, by the numbers of the tasks' last changes: so a driver that was started
anew, and finds everything again that its jobs' plans say, tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from farm.changes import Notice, NoticeKind
from farm.store import queries, rows
from farm.store.bulk import by_ids
from farm.store.fold import Row
from farm.store.records import ChangeKind
from farm.store.transactions import Transactions


class Notices(Transactions):
    """The notices of a job store."""

    def tell(self, epoch: int, notices: Sequence[Notice], at_us: int) -> int:
        """Keep those of `notices` that were not told before; gives how many that were."""
        with self._reading() as connection:  # only the leader tells: what is new now is new in a moment
            fresh = _fresh(connection, notices)
        if not fresh:
            return 0
        with self._write(epoch, len(fresh)) as (connection, last):
            seqs = range(last - len(fresh) + 1, last + 1)
            queries.ADD_NOTICES.run(connection, [{"seq": seq, **row} for seq, row in zip(seqs, fresh, strict=True)])
            lines = [_line(seq, row, at_us) for seq, row in zip(seqs, fresh, strict=True)]
            queries.ADD_CHANGES.run(connection, lines)
        return len(fresh)

    def notices(self, first: int, last: int) -> dict[int, Notice]:
        """What was told by the outbox's lines from `first` to `last`, by number."""
        with self._reading() as connection:
            found = connection.execute(queries.NOTICES_AMONG, {"first": first, "last": last})
            return {
                row.seq: Notice(
                    kind=NoticeKind(row.kind),
                    project=row.project,
                    job=row.job,
                    shot=row.shot,
                    words=row.words,
                    occurrence=row.occurrence,
                )
                for row in found
            }


def _fresh(connection: Connection, notices: Sequence[Notice]) -> list[Row]:
    """The rows of those that were not told before, each once."""
    found: dict[tuple[object, ...], Row] = {}
    for notice in notices:
        row: Row = {
            "kind": notice.kind.value,
            "project": notice.project,
            "job": notice.job,
            "shot": notice.shot,
            "occurrence": _occurrence(connection, notice),
        }
        if connection.execute(queries.SAME_NOTICE, row).first() is None:
            found.setdefault(tuple(row.values()), {**row, "words": rows.legible(notice.words)})
    return list(found.values())


def _occurrence(connection: Connection, notice: Notice) -> int:
    """The last change of what it is about."""
    if not notice.about:
        return notice.occurrence
    ((last,),) = by_ids(connection, queries.LAST_OF_TASKS, notice.about)
    return int(last)


def _line(seq: int, row: Row, at_us: int) -> Row:
    return {
        "seq": seq,
        "kind": ChangeKind.NOTICE.value,
        "state": row["kind"],
        "job": row["job"] or None,
        "task": None,
        "attempt": None,
        "at_us": at_us,
    }
