"""What people ask of the driver, what came of it, and what they chose: written by anybody, decided by the leader.

    ask ──▶ pending ──decide(epoch)──▶ applied | refused          kept for ever: the audit of who changed what

A request is durable when `ask` returns and needs no lease, so that people can ask while nobody leads. Its outcome is a
line of the outbox like every other change.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import JsonValue
from sqlalchemy.exc import IntegrityError

from farm.store import queries, rows
from farm.store.fold import IllegalChange
from farm.store.records import Deed, Request, RequestState
from farm.store.transactions import Transactions


class Requests(Transactions):
    """The requests, choices and histories of a job store."""

    def ask(self, request: Request) -> Request:
        """Keep a request and give it back as it stands; of two with one key, or one id, the first counts."""
        row = rows.request_row(request)
        try:
            with self._transaction() as connection:
                earlier = connection.execute(queries.SAME_REQUEST, {"id": row["id"], "key": row["key"]}).first()
                if earlier is None:
                    connection.execute(queries.ADD_REQUEST, row)
        except IntegrityError:  # another process asked between our look and our writing
            with self._reading() as connection:
                earlier = connection.execute(queries.SAME_REQUEST, {"id": row["id"], "key": row["key"]}).one()
        return rows.request_record(earlier) if earlier else request

    def decide(
        self,
        epoch: int,
        request: str,
        state: RequestState,
        at_us: int,
        reason: str = "",
        answer: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Give a request its outcome. Raises `IllegalChange` when it has one already, or there is no such request."""
        if state is RequestState.PENDING:
            raise IllegalChange(f"request {request} cannot be decided to be pending")
        with self._write(epoch, 1) as (connection, seq):
            outcome = {
                "b_id": request,
                "state": state.value,
                "reason": rows.legible(reason),
                "answer": json.dumps(answer or {}, ensure_ascii=False),
                "decided_us": at_us,
                "seq": seq,
            }
            decided = connection.execute(queries.DECIDE, outcome).first()
            if decided is None:
                raise IllegalChange(f"there is no pending request {request}")
            job = connection.execute(queries.JOB_ID, {"job": decided.job}).scalar()
            connection.execute(queries.ADD_CHANGE, rows.request_line(seq, job, state, at_us))

    def request(self, request: str) -> Request | None:
        with self._reading() as connection:
            row = connection.execute(queries.REQUEST, {"id": request}).first()
        return rows.request_record(row) if row else None

    def pending(self, limit: int = 100) -> tuple[Request, ...]:
        """The requests without an outcome, in the order in which they came, at most `limit`."""
        with self._reading() as connection:
            found = connection.execute(queries.PENDING_REQUESTS, {"limit": limit})
            return tuple(rows.request_record(row) for row in found)

    def requests(self, job: str) -> tuple[Request, ...]:
        """Everything that was ever asked about a job, in the order in which it came."""
        with self._reading() as connection:
            return tuple(rows.request_record(row) for row in connection.execute(queries.REQUESTS_OF, {"job": job}))

    def history(self, job: str) -> tuple[Deed, ...]:
        """Who changed what: a job's requests and the states it came to, as they took effect; what is pending last."""
        with self._reading() as connection:
            asked = [rows.request_record(row) for row in connection.execute(queries.REQUESTS_OF, {"job": job})]
            states = [rows.change_record(row) for row in connection.execute(queries.STATES_OF, {"job": job})]
        deeds = [
            Deed(
                request.at_us, request.verb, request.principal, request.state, request.reason, request.body, request.seq
            )
            for request in asked
        ]
        deeds += [Deed(change.at_us, None, "", change.state, seq=change.seq) for change in states]
        return tuple(sorted(deeds, key=lambda deed: (deed.seq == 0, deed.seq)))

    def choose(self, epoch: int, job: str, shot: str, take: int, principal: str, at_us: int) -> None:
        """Note a person's choice of a take for a shot; a later one takes the place of an earlier.

        Raises `IllegalChange` for an unknown job.
        """
        with self._write(epoch, 0) as (connection, _):
            if connection.execute(queries.JOB_ID, {"job": job}).first() is None:
                raise IllegalChange(f"there is no job {job}")
            choice = {"job": job, "shot": shot, "take": take, "principal": principal, "at_us": at_us}
            connection.execute(queries.CHOOSE, choice)

    def choices(self, job: str) -> dict[str, int]:
        """The take that people chose, by shot."""
        with self._reading() as connection:
            return {row.shot: row.take for row in connection.execute(queries.CHOICES_OF, {"job": job})}
