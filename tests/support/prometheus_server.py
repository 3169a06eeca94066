"""A real Prometheus for a test: Debian's program on a free port, with the repository's rules and a farm to scrape."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

from free_port import get, port_of

PROMETHEUS = shutil.which("prometheus") or ""
PROMTOOL = shutil.which("promtool") or ""
NOT_INSTALLED = "prometheus is not installed (Debian: apt-get install prometheus)"
PATIENCE_S = 240.0


class Prometheus:
    """One that runs. Times are seconds since 1970."""

    def __init__(self, port: int) -> None:
        self.port = port

    @classmethod
    @contextmanager
    def started(cls, config: Path, data: Path) -> Iterator[Self]:
        """On a port of its own; gone when the block ends."""
        with (data.parent / "prometheus.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    PROMETHEUS,
                    f"--config.file={config}",
                    f"--storage.tsdb.path={data}",
                    "--web.listen-address=127.0.0.1:0",
                ],
                stdout=log,
                stderr=log,
            )
            try:
                yield cls(port_of(process, "/-/ready", "Prometheus Server is Ready"))
            finally:
                process.terminate()
                process.wait(timeout=PATIENCE_S)

    def ask(self, what: str, **words: Any) -> Any:
        """The data of an answer of the HTTP API. Raises `ValueError` for what Prometheus refuses."""
        query = f"?{urlencode(words)}" if words else ""
        told = json.loads(get(self.port, f"/api/v1/{what}{query}"))
        if told["status"] != "success":
            raise ValueError(told)
        return told["data"]

    def now(self, query: str, at_s: float | None = None) -> list[tuple[Mapping[str, str], float]]:
        """The series of an instant query, with their values."""
        words = {"query": query} if at_s is None else {"query": query, "time": at_s}
        return [(each["metric"], float(each["value"][1])) for each in self.ask("query", **words)["result"]]

    def over(self, query: str, start_s: float, end_s: float, step_s: float) -> list[tuple[Mapping[str, str], list]]:
        """The series of a range query, with their moments and values."""
        found = self.ask("query_range", query=query, start=start_s, end=end_s, step=step_s)["result"]
        return [(each["metric"], [(float(at_s), float(value)) for at_s, value in each["values"]]) for each in found]

    def wait_for(self, query: str) -> float:
        """Until an instant query has an answer: that."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := self.now(query)):
            if time.monotonic() > deadline:
                raise TimeoutError(query)
            time.sleep(0.1)  # asks again: there is nothing to be told by
        return found[0][1]
