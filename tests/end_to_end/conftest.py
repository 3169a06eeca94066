"""A small list of real photographs, and the `farm` command as a person runs it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import skimage.data
from skimage.io import imsave

from farm.cli import main

PROJECT = """\
project: test
fps: 24
size: 256x144
"""
HEADER = "Sequence,Shot,Still,Duration,Prompt,Takes\n"
PHOTOGRAPHS = ("coffee", "chelsea", "rocket", "astronaut")


@dataclass
class Studio:
    """A folder with stills and a list, an output, and a state folder of its own."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    @property
    def list(self) -> Path:
        return self.folder / "shots.csv"

    def write(self, *rows: str) -> None:
        self.list.write_text(HEADER + "".join(f"{row}\n" for row in rows))

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "farm", *words]

    def render(self, *words: str, out: str = "") -> subprocess.CompletedProcess[str]:
        command = self.command("render", str(self.list), "--out", out or str(self.out), "--json", *words)
        return self.run(command)

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run to the end, in a folder of its own."""
        return subprocess.run(
            command, capture_output=True, text=True, env=self.env, cwd=self.folder, timeout=500, check=False
        )

    def say(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """What the console script does, in this process: a new one takes more than a second to import what it needs."""
        out, err = io.StringIO(), io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch,
            chdir(cwd or self.folder),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            for name, value in self.env.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["farm", *words])
            with pytest.raises(SystemExit) as end:
                main()
        return subprocess.CompletedProcess(words, int(end.value.code or 0), out.getvalue(), err.getvalue())

    def rendered(self, *words: str, code: int = 0, out: str = "") -> dict:
        done = self.render(*words, out=out)
        assert done.returncode == code, done.stderr + done.stdout
        return json.loads(done.stdout)

    def made(self) -> set[str]:
        """Every attempt of every generation so far."""
        return {str(path) for path in self.out.glob("store/*/mezzanine/*/*/*")}


def make_studio(folder: Path) -> Studio:
    stills = folder / "stills"
    stills.mkdir(parents=True)
    for name in PHOTOGRAPHS:
        imsave(stills / f"{name}.png", getattr(skimage.data, name)(), check_contrast=False)
    (folder / "project.yaml").write_text(PROJECT)
    env = {**os.environ, "FARM_STATE": str(folder / "state"), "FARM_WORKERS": "2"}
    return Studio(folder, env)


@pytest.fixture
def studio(tmp_path):
    return make_studio(tmp_path)


@pytest.fixture(scope="module")
def shared_studio(tmp_path_factory):
    return make_studio(tmp_path_factory.mktemp("studio"))
