"""`farm models` as people type it."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hub_server import Hold, HubServer
from rich.console import Console
from tiny_weights import lora, save, wan
from typer.testing import CliRunner

from farm.cli import app
from farm.cli.modelscreen import model_sheet, models_table
from farm.cli.transfer import Lines, duration
from farm.errors import InputError
from farm.models.diffusion.checkpoints import CHECKPOINTS
from farm.models.registry import Registry
from farm.modelview import ModelView, model_view, model_views

SPECS = {"animatic": Registry().adapter("animatic").spec}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    return save(tmp_path / "house", wan())


@pytest.fixture
def farm(models, monkeypatch, tmp_path):
    """Run a command; its exit code, and what it said."""
    monkeypatch.setenv("FARM_MODELS", str(models))
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["models", *shlex.split(line)])
        if isinstance(done.exception, InputError):  # what `farm.cli.main` turns into exit code 2
            return 2, str(done.exception)
        return done.exit_code, done.output

    return run


def shown(views: tuple[ModelView, ...], width: int) -> list[str]:
    screen = Console(width=width, record=True, file=io.StringIO())
    screen.print(models_table(views, width))
    return screen.export_text().splitlines()


def test_everything_known_is_listed_and_none_is_here(models):
    views = {view.name: view for view in model_views(SPECS, models)}
    assert set(views) == {"animatic", *CHECKPOINTS}
    assert views["animatic"].state == "built in"
    assert {view.state for name, view in views.items() if name != "animatic"} == {"not installed"}


@pytest.mark.parametrize("width", [80, 140])
def test_the_table_fits_the_screen_and_breaks_no_name(width, models):
    views = model_views(SPECS, models)
    lines = shown(views, width)
    assert max(map(len, lines)) <= width
    firsts = {line.split(" ")[0] for line in lines}
    assert {view.name for view in views} <= firsts
    text = "\n".join(lines)
    for words in ("Open-Weights", "Community", "1280x704", "121 at 24", "with sound", "33 GB"):
        assert words in text


def test_what_is_added_is_listed_checked_shown_and_removed(farm, house):
    code, said = farm(f"add {house} --name our-wan --size 704x704 --frames 81 --fps 23.976 --steps 8 --licence House")
    assert code == 0, said
    assert "our-wan is a model of the family wan, like wan22-5b" in said
    code, said = farm("--json")
    (found,) = (each for each in json.loads(said) if each["name"] == "our-wan")
    assert found | {"state": "installed", "like": "wan22-5b", "licence": "House", "sizes": [[704, 704]]} == found
    assert (found["frames"], found["fps"], found["steps"]) == (81, "23.976", 8)
    assert farm("check our-wan")[0] == 0
    assert "wan22-5b" in farm("show our-wan")[1]
    code, said = farm("remove our-wan")
    assert (code, said.strip()) == (0, f"our-wan is removed; its weights stay in {house}")
    assert farm("show our-wan")[0] == 2


def test_a_damaged_file_is_told(farm, house):
    farm(f"add {house} --name our-wan")
    (house / "vae/config.json").write_text("{ }")
    code, said = farm("check our-wan")
    assert code == 1
    assert "vae/config.json is damaged or gone" in said
    (house / "vae/config.json").unlink()
    said = farm("")[1]
    assert "damaged" in said
    assert "warning: our-wan: 1 of 12 files are not there" in said


def test_a_broken_record_stands_in_the_list(models):
    (models / "oops").mkdir(parents=True)
    (models / "oops" / "model.json").write_text("{")
    view = model_view("oops", SPECS, models)
    assert "Invalid JSON" in view.troubles[0]
    assert any(line.startswith("oops ") and "damaged" in line for line in shown((view,), 80))


def test_a_half_pull_and_a_lora_stand_in_the_list(farm, models, tmp_path):
    (models / "ltx" / "weights").mkdir(parents=True)
    path = tmp_path / "dolly.safetensors"
    path.write_bytes(lora(["transformer.blocks.0.attn1.to_q"]))
    assert farm(f"add {path} --name dolly")[0] == 0
    views = {view.name: view for view in model_views(SPECS, models)}
    assert views["ltx"].state == "half pulled"
    assert (views["dolly"].kind, views["dolly"].title) == ("lora", "LoRA of wan")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("show wan22-5", 'there is no model "wan22-5" (did you mean "wan22-5b"?)'),
        ("pull wan22-5", 'there is no checkpoint "wan22-5"'),
        ("pull ../wan22-5b", 'there is no checkpoint "../wan22-5b"'),
        ("remove wan22-5b", 'no model "wan22-5b" is installed in'),
        ("check wan22-5b", 'no model "wan22-5b" is installed in'),
        ("add /nowhere --name x", "there is no /nowhere"),
        ("add /nowhere --name ../x", "--name: "),
        ("add /nowhere --name x --size big", "--size or --fps: "),
        ("add /nowhere --name x --fps 0", "--size or --fps: "),
    ],
)
def test_what_is_wrong_is_named(line, problem, farm):
    code, said = farm(line)
    assert code == 2
    assert problem in said


def test_the_project_says_which_licences_may_be_used(farm, tmp_path):
    (tmp_path / "project.yaml").write_text("licences: [MIT]\n")
    assert "and the project's licences are MIT" in farm("pull wan22-5b")[1]
    (tmp_path / "other.yaml").write_text("licences: [BSD-3-Clause]\n")
    assert "and the project's licences are BSD-3-Clause" in farm("pull wan22-5b --project other.yaml")[1]


def test_the_sheet_says_what_fidelity_and_motion_come_to(models):
    screen = Console(width=80, record=True, file=io.StringIO())
    screen.print(model_sheet(model_view("svd", SPECS, models)))
    text = screen.export_text()
    assert "motion_bucket_id" in text
    assert "noise_aug_strength" in text
    assert [line.split() for line in text.splitlines() if line.strip().startswith("1 ")] == [["1", "0.5", "0.0", "128"]]
    assert "fidelity is not used" in model_view("wan22-5b", SPECS, models).remarks[1]


def test_pulling_tells_what_comes_and_how_far_it_is(server, models):
    done = command(server, models, "wan22-5b")
    assert done.returncode == 0, done.stderr
    assert "Wan 2.2 TI2V 5B: licensed as Apache-2.0" in done.stdout
    assert "from Wan-AI/Wan2.2-TI2V-5B-Diffusers@" in done.stdout
    assert "fetching: 2.3 kB of 2.3 kB" in done.stdout
    assert "wan22-5b is installed: 2.3 kB in" in done.stdout
    assert "Traceback" not in done.stderr


def test_pulling_for_a_script_prints_the_record_alone(server, models):
    done = command(server, models, "wan22-5b", "--json")
    assert json.loads(done.stdout)["name"] == "wan22-5b"


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_stopped_pull_keeps_what_came(sign, server: HubServer, models):
    hold = server.holds["vae/diffusion_pytorch_model.safetensors"] = Hold(after=10)
    process = subprocess.Popen(
        [sys.executable, "-m", "farm", "models", "pull", "wan22-5b"],
        env=environment(server, models),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert hold.reached.wait(60)
        process.send_signal(sign)
        hold.released.set()
        _, said = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert said.strip() == "stopped; the same command goes on from here"
    assert (models / "wan22-5b" / "weights").is_dir()


def test_lines_tell_how_far_how_fast_and_how_long_still():
    now = [0.0]
    screen = Console(width=200, record=True, file=io.StringIO())
    lines = Lines(screen, lambda: now[0])
    lines.begin("fetching", 100_000_000)
    lines.advance(40_000_000)  # what an earlier run had brought
    for second in range(1, 13):
        now[0] = float(second)
        lines.advance(1_000_000)
    lines.advance(48_000_000)
    assert screen.export_text().splitlines() == [
        "fetching: 50.0 MB of 100.0 MB, 1.0 MB/s, 0:50 left",
        "fetching: 100.0 MB of 100.0 MB, 5.0 MB/s",
    ]


@pytest.mark.parametrize(("seconds", "words"), [(4.4, "0:04"), (267, "4:27"), (3723, "1:02:03")])
def test_durations_read_as_clocks_do(seconds, words):
    assert duration(seconds) == words


def environment(server: HubServer, models: Path) -> dict[str, str]:
    return os.environ | {"HF_ENDPOINT": server.url, "FARM_MODELS": str(models)}


def command(server: HubServer, models: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "farm", "models", "pull", *words]
    return subprocess.run(line, env=environment(server, models), capture_output=True, text=True, check=False)
