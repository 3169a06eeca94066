"""Messages to webhooks: read from the outbox behind a watermark each, kept until they are delivered or given up.

    outbox ──told_after(watermark)──▶ lines ──enqueue──▶ deliveries + watermark, in one transaction
                                            next_delivery ──▶ (a try) ──▶ record

Like watermarks these need no lease: two who deliver at once deliver the same twice, under the same id, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection

from farm.store import queries, rows
from farm.store.records import ChangeRecord, Delivery
from farm.store.transactions import Transactions


class Deliveries(Transactions):
    """The deliveries of a job store."""

    def begin_at_end(self, consumer: str, missed_since_us: int) -> int:
        """The watermark of `consumer`. A new one begins at the last change, and misses those before.

        So does one that has not heard of something that was told before `missed_since_us`: it was away for too long.
        """
        with self._transaction() as connection:
            found = connection.execute(queries.WATERMARK, {"consumer": consumer}).scalar()
            last = connection.execute(queries.SEQ).scalar_one()
            if found is None:
                connection.execute(queries.ADD_WATERMARK, {"consumer": consumer, "seq": last})
                return last
            missed = connection.execute(queries.TOLD_AFTER, {"after": found, "limit": 1}).first()
            if missed is None or missed.at_us >= missed_since_us:
                return found
            connection.execute(queries.MOVE_WATERMARK, {"b_consumer": consumer, "seq": last})
            return last

    def told_after(self, seq: int, limit: int = 1_000) -> tuple[tuple[ChangeRecord, ...], int]:
        """The outbox's lines after `seq` that are about jobs and notices, and up to which number these are all."""
        with self._reading() as connection:
            last = connection.execute(queries.SEQ).scalar_one()
            if last <= seq:
                return (), seq
            found = connection.execute(queries.TOLD_AFTER, {"after": seq, "limit": limit})
            lines = tuple(rows.change_record(row) for row in found)
        return lines, lines[-1].seq if len(lines) == limit else last

    def enqueue(self, consumer: str, deliveries: Sequence[Delivery], seq: int) -> None:
        """Keep what is to be delivered, and that `consumer` has dealt with everything up to `seq`."""
        with self._transaction() as connection:
            if deliveries:
                connection.execute(queries.ADD_DELIVERY, [_row(delivery) for delivery in deliveries])
            connection.execute(queries.MOVE_WATERMARK, {"b_consumer": consumer, "seq": seq})

    def next_delivery(self, hook: str) -> Delivery | None:
        """The oldest that is neither delivered nor given up."""
        with self._reading() as connection:
            row = connection.execute(queries.NEXT_DELIVERY, {"hook": hook}).first()
        return rows.delivery_record(row) if row else None

    def record(self, delivery: Delivery) -> None:
        """Keep what came of a try. One that has been settled meanwhile stays as it is."""
        with self._transaction() as connection:
            _record(connection, delivery)

    def give_up(self, hook: str, at_us: int, words: str) -> None:
        """Give up everything that waits for a webhook."""
        with self._transaction() as connection:
            connection.execute(queries.GIVE_UP, {"b_hook": hook, "tried_us": at_us, "answer": words})

    def deliveries(self, limit: int, *, troubled: bool = False) -> tuple[Delivery, ...]:
        """The newest deliveries, newest first; of those in trouble only, which failed and wait or were given up."""
        query = queries.TROUBLED if troubled else queries.DELIVERIES
        with self._reading() as connection:
            return tuple(rows.delivery_record(row) for row in connection.execute(query, {"limit": limit}))

    def undelivered(self) -> Mapping[str, int]:
        """How many wait, by webhook."""
        with self._reading() as connection:
            return {row.hook: row.pending for row in connection.execute(queries.PENDING_COUNTS)}


def _record(connection: Connection, delivery: Delivery) -> None:
    row = _row(delivery)
    kept = {name: row[name] for name in ("state", "tries", "due_us", "tried_us", "status", "answer", "body")}
    connection.execute(queries.MOVE_DELIVERY, {"b_hook": delivery.hook, "b_seq": delivery.seq, **kept})


def _row(delivery: Delivery) -> dict[str, object]:
    return {**asdict(delivery), "state": delivery.state.value, "answer": rows.legible(delivery.answer)}
