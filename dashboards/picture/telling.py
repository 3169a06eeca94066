"""What a Prometheus would have been told, written down with virtual times, and a Prometheus that remembers it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from http.client import HTTPConnection
from pathlib import Path
from typing import Self, TextIO

import psutil

from farm.metrics.labels import Labels
from farm.metrics.process import Metrics
from farm.metrics.readings import Readings
from farm.metrics.totals import read_totals
from farm.scheduler.policy import micros
from farm.store.jobs import JobStore
from farm.store.totals import NOTHING, Totals

INSTANCE = 'instance="head:9464"'
OWN_JOB = 'job="farm"'
READY_S = 60.0


@dataclass(slots=True)
class Telling:
    """One process's metrics, and the file that they are told into."""

    metrics: Metrics
    budgets: Mapping[str, int]
    file: TextIO
    totals: Totals = NOTHING

    @classmethod
    @contextmanager
    def into(cls, path: Path, budgets: Mapping[str, Fraction]) -> Iterator[Self]:
        """While inside, scrapes are written to `path`."""
        in_micros = {project: micros(amount) for project, amount in budgets.items()}
        with path.open("w", encoding="utf-8") as file:
            yield cls(Metrics({"state": path.parent, "out": Path("/")}, in_micros), in_micros, file)
            file.write("# EOF\n")

    def scrape(self, at_ms: int, store: JobStore) -> None:
        """Everything as it is now. Totals are read at once: a thread of their own knows no virtual time."""
        self.totals = store.totals(self.totals)
        now = Readings(Labels())
        read_totals(now, self.totals, 0.0, self.budgets)
        told = {metric.name: metric for metric in (*self.metrics.collect(), *now.metrics())}
        for metric in told.values():
            for name, labels, value, *_ in metric.samples:
                own = [] if "job" in labels else [OWN_JOB]
                said = ",".join([INSTANCE, *own, *(f'{key}="{text}"' for key, text in labels.items())])
                self.file.write(f"{name}{{{said}}} {value} {at_ms / 1000}\n")


@contextmanager
def serving(blocks: Path) -> Iterator[str]:
    """The address of a Prometheus that has these blocks, and scrapes nothing."""
    config = blocks.parent / "prometheus.yml"
    config.write_text("scrape_configs: []\n")
    words = [f"--config.file={config}", f"--storage.tsdb.path={blocks}", "--storage.tsdb.retention.time=100y"]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(["prometheus", *words, "--web.listen-address=127.0.0.1:0"], stdout=quiet, stderr=quiet)
    try:
        yield f"127.0.0.1:{_port(process)}"
    finally:
        process.terminate()
        process.wait(timeout=READY_S)


def _port(process: subprocess.Popen[bytes]) -> int:
    """Which of the free ones it took: it says it nowhere."""
    deadline = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < deadline:
        for each in psutil.Process(process.pid).net_connections("tcp"):
            if each.status == "LISTEN" and _is_ready(each.laddr.port):
                return each.laddr.port
        time.sleep(0.05)
    raise RuntimeError("prometheus does not start on what the night left")


def _is_ready(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as there:
        there.request("GET", "/-/ready")
        return there.getresponse().status == 200
