"""`farm top` beside a farm that renders a real list: it shows what the job store and the driver say."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess

import pytest
from tmux import MISSING, TMUX, Screen

SIZE = ("--size", "128x72")
ROWS = (
    'sq010,sh010,stills/coffee.png,0.25,"Slow push in",2',
    'sq010,sh020,stills/chelsea.png,0.25,"Slow pan left",1',
)


def told(studio, *words: str):
    """What a command says to scripts."""
    done = studio.run(studio.command(*words, "--json"))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.ray
@pytest.mark.skipif(not TMUX, reason=MISSING)
def test_a_list_is_watched_from_its_submission_to_its_end(studio):
    studio.write(*ROWS)
    studio.env["FARM_OUT"] = str(studio.out)
    job = told(studio, "submit", str(studio.list), *SIZE)["job"]
    (before,) = told(studio, "top")["jobs"]
    assert (before["job"]["id"], before["job"]["state"], before["share"], before["eta"]) == (job, "pending", 0, None)

    wanted = {name: studio.env[name] for name in ("PATH", "HOME", "FARM_OUT", "FARM_STATE") if name in studio.env}
    script = f"{shlex.join(studio.command('top', '--every', '0.2'))}\necho LEFT $?"
    with Screen.running(studio.folder, script, {**wanted, "PYTHONPATH": os.pathsep.join(paths())}, 120, 40) as screen:
        screen.shows(job, "pending", "no driver has run here yet", "1 request waiting for an answer")
        with (studio.folder / "up.log").open("wb") as log:
            driver = subprocess.Popen(
                studio.command("up"), stdout=log, stderr=log, env=studio.env, start_new_session=True
            )
            try:
                screen.shows("driven by process", "LANES", "POOLS", "WAITING FOR", "cpu", "active")
                screen.shows("100%", " at ")
                there = told(studio, "top")
                assert there["driver"]["leads"]
                assert told(studio, "jobs", "--all") == [line["job"] for line in there["jobs"]]
            finally:
                os.killpg(driver.pid, signal.SIGINT)
                driver.wait(timeout=120)
        screen.shows("nobody drives since", job)
        screen.press("q")
        screen.shows("LEFT 0")
        assert screen.is_whole

    once = studio.run(studio.command("top"))  # into a pipe: one picture, no keys
    assert once.returncode == 0, once.stderr
    assert job in once.stdout
    assert "q quit" not in once.stdout
    assert "\x1b" not in once.stdout


def paths() -> list[str]:
    """Where Python finds the farm that is tested."""
    return [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
