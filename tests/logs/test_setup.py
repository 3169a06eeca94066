"""Logging set up as commands and workers do, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

COMMAND = """
import logging, warnings
from farm.logs.fields import log_context
from farm.logs.format import LogFormat
from farm.logs.setup import set_up
set_up(LogFormat.{0})
set_up(LogFormat.{0})
with log_context(job="lake-1f2e3d", shot="sh010"):
    logging.getLogger("farm.driver").info("lake-1f2e3d begins")
    logging.getLogger("farm.driver").debug("a detail")
logging.getLogger("a.library").info("chatter")
logging.getLogger("a.library").warning("careful\\n2026-01-01 00:00:00 forged")
warnings.warn("deprecated")
"""
WORKER = """
import logging, os, sys
from farm.logs.format import LogFormat
from farm.logs.setup import set_up_worker
set_up_worker(LogFormat.AUTO)
print("printed", flush=True)
print("complained", file=sys.stderr)
logging.getLogger("farm.stage").debug("a detail")
os.write(sys.stdout.fileno(), b"of a child\\n")
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TZ": "UTC"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("log_format", ["JSON", "AUTO"])
def test_where_nobody_looks_every_line_is_json(log_format):
    done = run(COMMAND.format(log_format))
    assert done.stdout == ""
    found = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["level"], line["logger"]) for line in found] == [
        ("info", "farm.driver"),
        ("warning", "a.library"),
        ("warning", "py.warnings"),
    ]
    assert (found[0]["job"], found[0]["shot"]) == ("lake-1f2e3d", "sh010")


def test_text_for_people():
    first, second, bar, *_ = run(COMMAND.format("TEXT")).stderr.splitlines()
    assert first.endswith(" lake-1f2e3d begins   shot=sh010")
    assert second.endswith(" warning: careful")
    assert bar == "         │ 2026-01-01 00:00:00 forged"


def test_a_workers_standard_streams_end_in_its_log():
    done = run(WORKER)
    assert done.stdout == "of a child\n"
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(line["logger"], line["message"]) for line in told] == [("stdout", "printed"), ("stderr", "complained")]
