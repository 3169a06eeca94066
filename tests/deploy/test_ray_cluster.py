"""The configuration for Ray's cluster launcher is one that Ray takes, and its commands are ones that Ray has."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import start

FILE = Path(__file__).parents[2] / "deploy" / "ray" / "cluster.yaml"
CONFIG = yaml.safe_load(FILE.read_text(encoding="utf-8"))


def test_ray_takes_it():
    prepared = prepare_config(CONFIG)
    validate_config(prepared)
    (kind,) = prepared["available_node_types"].values()
    assert kind["min_workers"] == kind["max_workers"] == len(CONFIG["provider"]["worker_ips"])


@pytest.mark.parametrize("key", ["head_start_ray_commands", "worker_start_ray_commands"])
def test_its_commands_are_rays(key):
    (line,) = [command for command in CONFIG[key] if " start " in command]
    words = shlex.split(line)
    options = words[words.index("start") + 1 :]
    given = start.make_context("start", options).params
    assert given["disable_usage_stats"]
    if "head" in key:
        assert (given["num_cpus"], given["port"]) == (0, 6379)
    else:
        assert given["labels_file"] == "/etc/farm/labels.yaml"
