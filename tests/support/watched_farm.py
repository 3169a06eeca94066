"""A farm at work with a Prometheus that watches: the commands as a person types them, on a small list.

    submit ─▶ one still is damaged ─▶ farm up ─▶ Prometheus finds it ─▶ the jobs end ─▶ last scrape

Two projects with prices and a budget, a shot that fails, a job that stays held: every panel has something to say.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import skimage.data
import yaml
from free_port import port_of
from monitoring_rules import ROOT
from prometheus_server import Prometheus
from skimage.io import imsave

MONITORING = ROOT / "deploy" / "monitoring"
SETTINGS = """\
prices: {cpu_hour: 36}
idle_stop_s: 300
projects:
  - {project: lake, weight: 2, budget: 1000}
  - {project: storm}
"""
HEADER = "Sequence,Shot,Still,Duration,Prompt,Takes\n"
LISTS = {
    "lake": 'sq010,sh010,coffee.png,0.25,"Slow push in",2\nsq010,sh020,rocket.png,0.25,"Slow pan left",1\n',
    "storm": 'sq010,sh010,chelsea.png,0.5,"Slow push in",3\nsq010,sh020,coffee.png,0.5,"Slow pan left",3\n',
}
PHOTOGRAPHS = ("coffee", "chelsea", "rocket")
BROKEN = "rocket"
SCRAPE_S = 1
PATIENCE_S = 240.0


@dataclass
class Farm:
    """The `farm` command at one folder."""

    folder: Path
    lists: Mapping[str, str]
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in PHOTOGRAPHS:
            imsave(self.folder / f"{name}.png", getattr(skimage.data, name)(), check_contrast=False)
        for project, rows in self.lists.items():
            (self.folder / f"{project}.csv").write_text(HEADER + rows)
            (self.folder / f"{project}.yaml").write_text(f"project: {project}\nfps: 24\nsize: 128x72\n")
        (self.folder / "config.yaml").write_text(SETTINGS)
        own = {
            "FARM_CONFIG": str(self.folder / "config.yaml"),
            "FARM_STATE": str(self.folder / "state"),
            "FARM_OUT": str(self.folder / "out"),
            "FARM_WORKERS": "2",
            "FARM_METRICS": "127.0.0.1:0",
        }
        self.env = {**os.environ, **own}

    def told(self, *words: str) -> dict:
        """What a command says to scripts."""
        done = subprocess.run(
            [sys.executable, "-m", "farm", *words, "--json"],
            capture_output=True,
            text=True,
            env=self.env,
            cwd=self.folder,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    def submit(self, project: str, *words: str) -> str:
        """The id of a job that was handed in."""
        return self.told("submit", f"{project}.csv", "--project", f"{project}.yaml", *words)["job"]

    def damage(self) -> None:
        """A still that was whole when it was handed in."""
        whole = (self.folder / f"{BROKEN}.png").read_bytes()
        assets = (self.folder / "out" / "store").glob("*/asset/*/*/*")
        (asset,) = (file for file in assets if file.read_bytes() == whole)
        asset.chmod(0o644)
        asset.write_bytes(whole[:5000])

    @contextmanager
    def up(self) -> Iterator[str]:
        """While inside, a driver leads: where it answers Prometheus."""
        with (self.folder / "up.log").open("wb") as file:
            driver = subprocess.Popen(
                [sys.executable, "-m", "farm", "up"],
                stdout=file,
                stderr=file,
                env=self.env,
                cwd=self.folder,
                start_new_session=True,
            )
        try:
            yield f"127.0.0.1:{port_of(driver, '/metrics', 'farm_info')}"
        finally:
            os.killpg(driver.pid, signal.SIGINT)
            driver.wait(timeout=120)

    def books(self, query: str) -> list[tuple]:
        """What the job store itself says."""
        (path,) = (self.folder / "state").glob("*/farm.sqlite")
        with closing(sqlite3.connect(path)) as database:
            return database.execute(query).fetchall()


def configured(folder: Path, target: str) -> Path:
    """The repository's own configuration of Prometheus, at a faster pace and with another target."""
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"}
    config["rule_files"] = [str(MONITORING / file) for file in config["rule_files"]]
    del config["alerting"]
    (farm,) = (job for job in config["scrape_configs"] if job["job_name"] == "farm")
    (folder / "farm.yml").write_text(yaml.safe_dump([{"targets": [target]}]))
    farm["file_sd_configs"] = [{"files": [str(folder / "farm.yml")]}]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


@dataclass(frozen=True)
class Seen:
    """What came of it. The farm is still up, and does nothing any more."""

    farm: Farm
    prometheus: Prometheus
    start_s: float
    end_s: float
    jobs: dict[str, str]
    """By project; "held" is the one that was never begun."""


@contextmanager
def watched(folder: Path, lists: Mapping[str, str] = LISTS) -> Iterator[Seen]:
    """Render the lists, one for each project, under the eyes of a Prometheus."""
    farm = Farm(folder, lists)
    first, *others = lists  # the others once Ray is up: while it starts in the driver's process, scrapes stand still
    jobs = {first: farm.submit(first, "--budget", "500")}
    jobs |= {project: farm.submit(project, "--budget", "500", "--hold") for project in others}
    jobs["held"] = farm.submit("storm", "--hold", "--size", "160x90")  # of equal work nothing would be left to hold
    farm.damage()
    with farm.up() as address, Prometheus.started(configured(folder, address), folder / "prometheus") as prometheus:
        start_s = time.time()
        prometheus.wait_for('sum(farm_store_jobs{state=~"done|failed"}) == 1')
        for project in others:
            farm.told("resume", jobs[project])
        prometheus.wait_for(f'sum(farm_store_jobs{{state=~"done|failed"}}) == {len(lists)}')
        assert prometheus.wait_for('sum(farm_store_jobs{state="failed"})') == 1, "the one with the broken still"
        ((seq,),) = farm.books("SELECT seq FROM farm")
        prometheus.wait_for(f"farm_store_seq >= {seq}")
        yield Seen(farm, prometheus, start_s, prometheus.wait_for("timestamp(farm_store_seq)"), jobs)
