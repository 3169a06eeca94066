"""With each values file the chart renders, is valid where it goes, and says what the image and the farm are."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import ray as installed_ray
from farm_chart import FILES, FOLDER, chart, documents, merged, named, of_kind, pods, read, render
from helm_python import lint

import farm
from farm.config import Config, load_config

KUBERNETES = "1.37"
CUSTOM = {"RayCluster", "PodMonitor", "PrometheusRule"}
WARNING = 2


def test_there_are_values_for_three_sites():
    assert [file.stem for file in FILES] == ["aws-values", "kind-values", "nfs-values"]


@pytest.mark.parametrize("file", [None, *FILES], ids=lambda file: file.stem if file else "defaults")
def test_lint_has_nothing_to_say(file):
    messages = lint(FOLDER, read(file) if file else {}, strict=True)["messages"]
    assert [message for message in messages if message["severity"] >= WARNING] == []


def test_nothing_hangs_on_the_cluster_that_it_is_rendered_for():
    texts = {path: path.read_text() for path in (FOLDER / "templates").rglob("*.*")}
    assert not [path for path, text in texts.items() if "lookup " in text or ".Capabilities" in text]
    assert not [path for path, text in texts.items() if text.count("\n") > 100], "a template is one kind, and short"
    assert (FOLDER / "values.yaml").read_text().count("\n") < 200


def test_notes_say_where_clips_go(values):
    assert merged(values)["storage"]["url"] in render(values)["NOTES.txt"]


def test_objects_of_kubernetes_are_valid(found):
    for document in found:
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)


def closed(schema: Any) -> Any:
    """The same schema, with what it does not name refused. Where it keeps unknown fields on purpose, so does this."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    return schema


def checker(definitions: dict[str, Any], document: Any) -> jsonschema.Draft202012Validator:
    version = document["apiVersion"].partition("/")[2]
    (schema,) = [one["schema"]["openAPIV3Schema"] for one in definitions[document["kind"]] if one["name"] == version]
    schema = closed(schema)
    del schema["properties"]["metadata"]  # any object's
    schema["properties"]["metadata"] = {}
    return jsonschema.Draft202012Validator(schema)


def test_objects_of_operators_are_valid(found, definitions):
    """Those whose definitions are at hand: KubeRay's at least."""
    known = [document for document in found if document["kind"] in definitions]
    assert of_kind(known, "RayCluster")
    for document in known:
        errors = [
            f"{error.json_path}: {error.message[:200]}"
            for error in checker(definitions, document).iter_errors(document)
        ]
        assert errors == [], named(document)


@pytest.mark.parametrize("place", [("rayVersoin",), ("headGroupSpec", "template", "spec", "shareProcessNamespaces")])
def test_a_misspelt_field_of_a_ray_cluster_would_be_noticed(found, definitions, place):
    (cluster,) = of_kind(found, "RayCluster")
    broken: Any = copy.deepcopy(cluster)
    at = broken["spec"]
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = "x"
    (error,) = checker(definitions, broken).iter_errors(broken)
    assert place[-1] in error.message


def test_kinds_that_nobody_knows_are_few(found):
    unknown = set()
    for document in found:
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            unknown.add(document["kind"])
    assert unknown <= CUSTOM


def test_versions_are_those_of_what_is_installed(ray):
    assert ray["rayVersion"] == installed_ray.__version__
    assert chart().metadata["appVersion"] == farm.__version__


def test_the_farm_reads_what_its_driver_is_told(settings, ray, values, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(settings, encoding="utf-8")
    driver = ray["headGroupSpec"]["template"]["spec"]["initContainers"][1]
    variables = {env["name"]: env.get("value", "") for env in driver["env"]}
    config = load_config(variables | {"FARM_CONFIG": str(path)})
    given = merged(values)
    assert (config.out, config.ray) == (given["storage"]["url"], "127.0.0.1:6379")
    source = given["modelCache"]["source"]
    assert config.models == (source or "/models")
    assert (str(config.node_models), config.model_cache_size) == ("/models", 900 << 30) if source else ("None", 0)
    most: Counter[tuple[str, str, int, int]] = Counter()
    for group in (given["workerDefaults"] | group for group in given["workers"].values()):
        most[group["pool"], group["market"], group["cpus"], group["gpus"]] += group["maxReplicas"]
    assert {(kind.pool, kind.market, kind.cpus, kind.gpus): kind.at_most for kind in config.elastic} == most
    assert len(config.elastic) == len(most), "the scheduler knows kinds by size, pool and market"
    assert [terms.project for terms in config.projects] == [each["project"] for each in given["settings"]["projects"]]


def test_settings_in_values_are_settings_of_the_farm():
    assert set(chart().values["settings"]) <= set(Config.model_fields)


@pytest.mark.parametrize("kind", ["ephemeral", "node"])
def test_models_are_brought_from_a_claim_to_the_disk_of_each_node(kind):
    found = documents({"modelCache": {"kind": kind, "existingClaim": "models-nfs", "size": "50Gi"}})
    ray_pods = {name: pod for name, pod in pods(found) if name in {"head", "gpu-spot", "cpu"}}
    assert len(ray_pods) == 3
    for name, pod in ray_pods.items():
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        assert volumes["model-source"]["persistentVolumeClaim"] == {"claimName": "models-nfs"}
        assert ("hostPath" if kind == "node" and name != "head" else "emptyDir") in volumes["models"]
        worker = pod["spec"]["containers"][0]
        mounted = {mount["name"]: mount["mountPath"] for mount in worker["volumeMounts"]}
        config = load_config({env["name"]: env.get("value", "") for env in worker["env"]} | {"FARM_CONFIG": ""})
        assert config.models == mounted["model-source"]
        assert str(config.node_models) == mounted["models"]
        assert config.model_cache_size == 50 << 30
