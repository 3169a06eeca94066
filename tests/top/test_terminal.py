"""`farm top` at a real terminal: sizes, colours, keys, and that it leaves everything as it was."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from postgres_server import PostgresServer
from tmux import MISSING, TMUX, Screen

from farm.clock import now_us
from farm.config import Config
from farm.site import Site
from farm.store.records import Job, JobState

pytestmark = pytest.mark.skipif(not TMUX, reason=MISSING)

SCRIPT = "\n".join(
    [
        "trap : INT",  # so that Ctrl-C ends what runs, and not the shell that tells of it
        "modes() { stty -g | cksum | cut -d' ' -f1; }",
        "echo MODES $(modes)",
        f"{shlex.quote(sys.executable)} -m farm top --every 0.2",
        'echo "LEFT $?" MODES $(modes)',
    ]
)
NAMES = ("alpha", "beta", "gamma-鲁迅")


def settings(tmp_path: Path, **more: str) -> dict[str, str]:
    """The environment of a farm of this test's own."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "FARM_OUT": str(tmp_path / "out"),
        "FARM_STATE": str(tmp_path / "state"),
        **more,
    }


@pytest.fixture
def farm(tmp_path):
    """The environment of a farm with three jobs, which nobody drives."""
    site = Site(Config.model_validate({"state": str(tmp_path / "state")}), str(tmp_path / "out"))
    with site.store() as store, store.lead() as lease:
        for at, name in enumerate(NAMES):
            fields = {"project": "lake", "out": site.out, "document": {"shots": []}, "created_us": now_us() + at}
            store.create_job(lease.epoch, Job(id=name, name=name, **fields))
        store.set_job_state(lease.epoch, "beta", JobState.PAUSED, now_us())
    return settings(tmp_path)


def is_whole(lines: list[str], last: int) -> bool:
    """A frame from its first line to its last."""
    return len(lines) > last and lines[0].startswith("farm top") and lines[last].startswith("q quit")


def left(screen: Screen, code: int) -> None:
    """The program has ended, and the terminal is as it was."""
    said = screen.shows(f"LEFT {code} MODES")
    modes = re.findall(r"MODES (\d+)", said)
    assert len(modes) == 2, said
    assert modes[0] == modes[1]
    assert screen.is_whole
    assert "JOBS" not in said


def painting(screen: Screen) -> set[str]:
    """The codes of the colours that stand on the screen."""
    codes = [code for found in re.findall(r"\x1b\[([\d;]+)m", screen.painted) for code in found.split(";")]
    return {code for code in codes if re.fullmatch(r"[349]\d|10\d", code)} - {"39", "49"}


def test_it_fits_every_size_hears_keys_and_leaves_on_q(farm, tmp_path):
    """In sixteen colours, which is what a terminal has that says no more of itself."""
    with Screen.running(tmp_path, SCRIPT, farm | {"TERM": "xterm"}, 120, 30) as screen:
        screen.shows("no driver has run here yet", *NAMES, "select a job")
        assert screen.mode("alternate_on") == "1"
        assert {code[0] for code in painting(screen)} == {"3"}
        for width, height in ((80, 24), (200, 50), (44, 9), (120, 30)):
            screen.resize(width, height)
            said = screen.until(lambda said, at=height - 1: is_whole(said.split("\n"), at))
            assert said.count("JOBS") == said.count("q quit") == 1
        screen.press("Down", "j")
        screen.shows("gamma-鲁迅 of lake")
        screen.press("p")
        screen.shows("pause gamma-鲁迅? y for yes")
        screen.press("n", "k")
        screen.until(lambda said: "y for yes" not in said and "alpha of lake" in said)
        screen.press("p", "y")
        screen.shows("pause alpha: queued, no driver has run here yet", "1 request waiting for an answer")
        screen.press("q")
        left(screen, 0)


def test_ctrl_c_leaves_everything_as_it_was(farm, tmp_path):
    with Screen.running(tmp_path, SCRIPT, farm | {"NO_COLOR": "1"}) as screen:
        screen.shows("paused", "select a job")
        assert painting(screen) == set()
        screen.press("C-z")  # which would leave the screen behind
        screen.press("Down")
        screen.shows("alpha of lake")
        screen.press("C-c")
        left(screen, 130)


def test_a_database_that_restarts_is_told_of_and_comes_back(tmp_path):
    with PostgresServer() as server:
        url = server.url(server.database())
        site = Site(Config.model_validate({"database": url}), str(tmp_path / "out"))
        with site.store() as store, store.lead() as lease:
            fields = {"project": "lake", "out": site.out, "document": {"shots": []}, "created_us": now_us()}
            store.create_job(lease.epoch, Job(id="alpha", name="alpha", **fields))
        with Screen.running(tmp_path, SCRIPT, settings(tmp_path, FARM_DATABASE=url), 120, 24) as screen:
            screen.shows("alpha", "no driver has run here yet")
            server.stop()
            screen.shows("the job store cannot be read; this is the farm", "alpha")
            server.start()
            screen.until(lambda said: "cannot be read" not in said and "no driver has run here yet" in said)
            server.stop()
            screen.shows("the job store cannot be read")
            screen.press("q")  # while it is away
            left(screen, 0)
