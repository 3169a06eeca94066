"""The farm on one machine: what its compose file says is so, as far as can be told without an engine."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from moto.server import ThreadedMotoServer
from ray.scripts.scripts import start
from s3fs import S3FileSystem
from typer.main import get_command

import farm
from farm.cli import app
from farm.config import load_config

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
TEXT = (DEPLOY / "compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (DEPLOY / "env.example").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "how-to" / "one-host.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")
ONCE = {"folders", "bucket", "migrate"}
"""What runs to its end before others begin."""
COMMAND: Any = get_command(app)  # typer hides its click


def filled(text: str) -> str:
    """With every variable as it is when nobody says anything."""
    return VARIABLE.sub(lambda found: (found["rest"] or "") if found["kind"] == "-" else "secret", text)


def own_image(name: str) -> bool:
    return "build" in SERVICES[name]


each = pytest.mark.parametrize("name", SERVICES)


def test_every_variable_is_explained_and_every_explained_one_is_used():
    used = {found["name"] for found in VARIABLE.finditer(TEXT)}
    offered = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, re.MULTILINE))
    assert offered == used | {"COMPOSE_PROFILES"}
    assert all(f"`{name}`" in PAGE for name in offered)


def test_the_example_shows_what_counts_without_it():
    for found in VARIABLE.finditer(TEXT):
        if found["kind"] == "-" and found["name"] != "FARM_GPUS":  # none for the driver, one for who has a GPU
            assert f"#{found['name']}={found['rest']}\n" in EXAMPLE
        elif found["kind"] == "?":
            assert f"\n{found['name']}=\n" in EXAMPLE
            assert found["rest"] == "run deploy/passwords"


@each
def test_its_image_is_one_of_a_kind(name):
    _, _, tag = filled(SERVICES[name]["image"]).rpartition(":")
    assert re.search(r"\d+\.\d+|\d{4}-\d\d-\d\d", tag), "a tag that names a version"
    if own_image(name):
        assert tag in {f"{farm.__version__}-cpu", f"{farm.__version__}-cuda"}
        build = SERVICES[name]["build"]
        stages = re.findall(r"^FROM \S+ AS (\S+)", (ROOT / build["dockerfile"]).read_text(), re.MULTILINE)
        assert build["target"] in stages
        assert (DEPLOY / build["context"]).resolve() == ROOT


@each
def test_it_may_do_only_its_work(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert own_image(name) or service["user"] not in {"root", "0"}
    if name == "folders":
        assert (service["cap_add"], service["network_mode"]) == (["CHOWN"], "none")
    else:
        assert not {"cap_add", "privileged", "network_mode"} & service.keys()
        assert not own_image(name) or "user" not in service, "the image's own"


@each
def test_it_comes_back_and_says_how_it_is(name):
    service = SERVICES[name]
    if name in ONCE:
        assert service["restart"].startswith("on-failure:")
    elif name != "farm":  # which a person calls
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"


@each
def test_it_waits_for_what_it_needs(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        finished = how["condition"] == "service_completed_successfully"
        assert finished == (other in ONCE), other
        assert "profiles" not in SERVICES[other], f"{other} may not be there"


@each
def test_what_is_published_is_for_this_machine(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("${FARM_LISTEN:-127.0.0.1}:")


@each
def test_what_it_mounts_is_there(name):
    for volume in SERVICES[name].get("volumes", []):
        source = filled(volume).partition(":")[0]
        assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), source
        assert not source.startswith(".") or volume.endswith(":ro"), "only volumes are written"


def test_every_volume_is_used_and_its_place_told():
    mounted = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert set(COMPOSE["volumes"]) <= mounted
    assert all(f"`farm_{name}`" in PAGE for name in COMPOSE["volumes"])


def parsed(words: list[str]) -> None:
    """As the command line would read them; runs nothing. Raises what it would complain of."""
    command = COMMAND
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    assert command is not COMMAND, words
    command.make_context("farm", words)


@pytest.mark.parametrize(
    "name", [name for name, service in SERVICES.items() if own_image(name) and "entrypoint" not in service]
)
def test_its_command_is_one_of_the_farms(name):
    parsed(list(SERVICES[name]["command"]))


def started(words: list[str]) -> dict[str, Any]:
    """What `ray start` makes of these words."""
    assert words[:2] == ["ray", "start"]
    return start.make_context("start", words[2:]).params


def test_the_heads_commands_are_rays_and_the_farms():
    (script,) = SERVICES["head"]["command"]
    lines = script.replace("\\\n", "").splitlines()
    (ray,) = [line for line in lines if line.startswith("ray ")]
    given = started(shlex.split(ray))
    assert (given["head"], given["num_cpus"], given["port"]) == (True, 0, 6379)
    (drive,) = [line for line in lines if "farm " in line]
    assert drive.startswith("exec farm "), "told to end, it ends"
    parsed(shlex.split(drive)[2:])


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_workers_join_the_head(name):
    given = started([filled(word) for word in SERVICES[name]["command"]])
    assert given["address"] == "head:6379"
    assert given["block"]
    assert given["num_cpus"] == 4


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_workers_have_time_to_drain_and_no_access_to_the_database(name):
    environment = SERVICES[name]["environment"]
    assert SERVICES[name]["stop_grace_period"] == "2m"
    assert environment["RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"] == 90
    assert not {"FARM_DATABASE", "FARM_CONFIG"} & environment.keys()


def test_prometheus_asks_services_where_they_answer():
    folder = DEPLOY / "monitoring" / "containers"
    (driver,) = yaml.safe_load((folder / "farm.yml").read_text())[0]["targets"]
    assert driver == f"head:{SERVICES['head']['environment']['FARM_METRICS'].rpartition(':')[2]}"
    (alerts,) = yaml.safe_load((folder / "alertmanager.yml").read_text())[0]["targets"]
    assert alerts.partition(":")[0] in SERVICES
    assert f"./monitoring/{folder.name}:/etc/farm/targets:ro" in SERVICES["prometheus"]["volumes"]


def test_grafana_finds_prometheus_and_the_dashboards():
    environment = SERVICES["grafana"]["environment"]
    provisioning = DEPLOY / "monitoring" / "grafana" / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert environment[source["url"].removeprefix("$")] == "http://prometheus:9090"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "farm.yml").read_text())["providers"]
    dashboards = environment[provider["options"]["path"].removeprefix("$")]
    home = Path(environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == dashboards
    assert (ROOT / "dashboards" / "grafana" / home.name).is_file()
    assert f"../dashboards/grafana:{dashboards}:ro" in SERVICES["grafana"]["volumes"]


def test_the_settings_can_be_read():
    assert load_config({"FARM_CONFIG": str(DEPLOY / "settings.yaml")}).idle_stop_s == 300


def test_the_settings_shown_in_comments_can_be_read(tmp_path):
    text = (DEPLOY / "settings.yaml").read_text(encoding="utf-8")
    shown = re.sub(r"^(\w+): \[\]\n# (- .*)$", r"\1:\n  \2", text, flags=re.MULTILINE)
    (tmp_path / "settings.yaml").write_text(shown.replace("…", "x"), encoding="utf-8")
    config = load_config({"FARM_CONFIG": str(tmp_path / "settings.yaml")})
    assert config.projects
    assert config.generators
    assert config.webhooks


def test_the_bucket_is_made_once_and_found_the_next_time(monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        _, option, program = SERVICES["bucket"]["entrypoint"]
        told = {key: filled(value) for key, value in SERVICES["bucket"]["environment"].items()}
        env = {**os.environ, **told, "AWS_ENDPOINT_URL": endpoint}
        for _ in range(2):
            subprocess.run([sys.executable, option, program], env=env, check=True)
        there = S3FileSystem(key="farm", secret="secret", endpoint_url=endpoint)
        assert "renders" in there.ls("", detail=False)  # moto's servers of one process share their buckets
    finally:
        server.stop()


def test_passwords_are_made_once(tmp_path):
    for name in ("passwords", "env.example"):
        shutil.copy(DEPLOY / name, tmp_path)
    subprocess.run([tmp_path / "passwords"], check=True, capture_output=True)
    made = (tmp_path / ".env").read_text()
    found = dict(re.findall(r"^([A-Z_]+)=(.*)$", made, re.MULTILINE))
    assert len(set(found.values())) == len(found) == 4
    assert all(re.fullmatch(r"[0-9a-f]{48}", word) for word in found.values())
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    subprocess.run([tmp_path / "passwords"], check=True, capture_output=True)
    assert (tmp_path / ".env").read_text() == made
    assert not re.search(r"^[A-Z_]+=.", EXAMPLE, re.MULTILINE), "no secret is given away"


@pytest.mark.parametrize("line", re.findall(r"^docker compose -f deploy/compose\.yml (.*)$", PAGE, re.MULTILINE))
def test_commands_of_the_page_name_what_is_there(line):
    words = shlex.split(line.partition(" > ")[0].partition(" < ")[0])
    if words[:3] == ["run", "--rm", "farm"]:
        parsed(words[3:])
    named = [word for word in words[1:] if word in SERVICES]
    assert named or words[0] in {"up", "down", "ps", "build"}
