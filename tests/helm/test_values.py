"""Values: each key does something, each wrong key and each bad value is refused with a sentence that helps."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
from farm_chart import FILES, SCHEMA, Values, chart, merged, read, render
from helm_python import HelmError

Path: TypeAlias = tuple[str | int, ...]

HELMS_OWN = "global"
"""Handed by Helm to a chart that another one contains."""
GROUP = "gpu-ondemand"
"""Of the groups, the one that is looked at."""


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    return {**SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], **schema}


def walk(schema: Mapping[str, Any] = SCHEMA, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every place of the schema and what may stand there; of lists of objects, the first."""
    schema = resolved(schema)
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        if path or name != HELMS_OWN:
            yield from walk(inner, (*path, name))
    for inner in schema.get("patternProperties", {}).values():
        yield from walk(inner, (*path, GROUP))
    items = resolved(schema.get("items", {}))
    if "properties" in items:
        yield from walk(items, (*path, 0))


def is_leaf(schema: Mapping[str, Any]) -> bool:
    return not (
        {"properties", "patternProperties"} & schema.keys() or "properties" in resolved(schema.get("items", {}))
    )


LEAVES = {path: schema for path, schema in walk() if is_leaf(schema)}
OBJECTS = [path for path, schema in walk() if {"properties", "patternProperties"} & schema.keys()]


def dotted(path: Path) -> str:
    return ".".join(map(str, path)) or "the top"


def candidates(schema: Mapping[str, Any], now: Any) -> Iterator[Any]:
    """Other values that may stand there."""
    schema = resolved(schema)
    if "enum" in schema:
        yield from schema["enum"]
    yield from schema.get("examples", ())
    match schema.get("type"):
        case "boolean":
            yield from (True, False)
        case "integer" | "number":
            yield from (now + step for step in (1, -1) if isinstance(now, int | float))
            yield 3
        case "array":
            yield from ([item] for item in candidates(schema["items"], None))
            if "pattern" in resolved(schema["items"]):
                yield ["some-name"]


def at(values: Any, path: Path) -> Any:
    """What stands there; None for nothing."""
    for key in path:
        try:
            values = values[key]
        except (KeyError, IndexError):
            return None
    return values


def put(values: Values, path: Path, value: Any) -> Values:
    """A copy with `value` there; missing maps and lists on the way are made."""
    values = copy.deepcopy(values)
    place: Any = values
    for key, following in pairwise(path):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(place, list) and len(place) <= int(key):
            place.append(empty)
        elif isinstance(place, dict) and key not in place:
            place[key] = empty
        place = place[key]
    if isinstance(place, list) and not place:
        place.append(value)
    else:
        place[path[-1]] = value
    return values


EXTRA: Values = {
    "storage": {"url": "s3://bucket/farm", "existingSecret": "keys"},
    "modelCache": {"kind": "shared"},
    "workers": {"gpu-spot": None, "post-gpu": None, "cpu": None, GROUP: {"gpus": 0}, "plain": {"image": "cuda"}},
}
"""What no site has: keys of an object store, a claim made for models, a group that says next to nothing."""


@cache
def bases() -> list[tuple[Values, Values, str]]:
    """What is changed at one place: values over the chart's, all values, and what they render to."""
    return [(site, merged(site), shown(site)) for site in [{}, EXTRA, *map(read, FILES)]]


def shown(values: Values) -> str:
    """All that is rendered; a password made anew each time is no difference."""
    found = render(values)
    return "\n".join(text for path, text in sorted(found.items()) if path != "database-secret.yaml")


def changes(path: Path, schema: Mapping[str, Any]) -> bool:
    """Whether another value there renders otherwise at one of the sites."""
    for site, whole, before in bases():
        now = at(whole, path)
        for value in candidates(schema, now):
            if value == now:
                continue
            try:
                after = shown(put(site, path, value))
            except HelmError:
                continue  # it does not go with the others of this site
            if after != before:
                return True
    return False


@pytest.mark.parametrize("path", LEAVES, ids=dotted)
def test_each_key_is_used(path):
    assert changes(path, LEAVES[path])


def test_each_key_stands_in_the_values_file():
    """People read values.yaml; only what groups, lists and maps hold may stand in the schema alone."""
    for path in LEAVES:
        if not any(isinstance(key, int) for key in path) and path[0] != "workers":
            assert at(chart().values, path) is not None, dotted(path)


def complete() -> Values:
    """Values in which every object of the schema stands."""
    values = copy.deepcopy(chart().values)
    toleration = {"key": "x", "operator": "Exists"}
    values["settings"]["projects"] = [{"project": "lake"}]
    values["settings"]["generators"] = [{"model": "wan", "pool": "gpu"}]
    values["settings"]["webhooks"] = [{"url": "https://pipeline.example/farm", "secret": "FARM_HOOK_SECRET"}]
    values["envFromSecrets"] = ["hooks"]
    for place in (values["head"], values["workerDefaults"], values["workers"][GROUP]):
        place["tolerations"] = [dict(toleration)]
    return values


@pytest.mark.parametrize("path", OBJECTS, ids=dotted)
def test_each_wrong_key_is_refused(path):
    values = complete()
    assert render(values)
    key = "Workers" if path == ("workers",) else "misspelt"
    with pytest.raises(HelmError) as refusal:
        render(put(values, (*path, key), {} if path == ("workers",) else 1))
    assert f"additional properties '{key}' not allowed" in str(refusal.value)


def test_every_object_of_the_schema_names_its_keys():
    for path, schema in walk():
        if schema.get("type") == "object":
            open_map = resolved(schema)["additionalProperties"]
            assert open_map in (False, {"type": "string"}), dotted(path)


ROLE = {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/farm"}}
SLACK = "https://hooks.slack.com/services/T/B/x"
S3 = {"url": "s3://bucket/farm"}
BAD: list[tuple[Values, str]] = [
    ({"workers": {"gpu-spot": {"minReplicas": -1}}}, "at '/workers/gpu-spot/minReplicas': minimum: got -1, want 0"),
    ({"workers": {"gpu-spot": {"maxReplicas": -2}}}, "at '/workers/gpu-spot/maxReplicas': minimum: got -2, want 0"),
    ({"workers": {"cpu": {"minReplicas": 5}}}, "workers.cpu: minReplicas 5 is more than maxReplicas 4"),
    ({"workers": {"gpu-spot": {"gpus": 3}}}, "at '/workers/gpu-spot/gpus': value must be one of 0, 1, 2, 4, 8, 16"),
    ({"workers": {"gpu-spot": {"gpus": 1.5}}}, "value must be one of 0, 1, 2, 4, 8, 16"),
    ({"workers": {"cpu": {"gpus": 1}}}, "workers.cpu: 1 GPUs, but its image has no CUDA: set image: cuda"),
    ({"workers": {"Big": {}}}, "additional properties 'Big' not allowed"),
    (dict.fromkeys(["workers"], dict.fromkeys(["gpu-spot", "gpu-ondemand", "post-gpu", "cpu"])), "workers is empty"),
    ({"storage": {"url": "gs://bucket/farm"}}, 'storage.url is "gs://bucket/farm": write s3://bucket/folder'),
    ({"storage": {"url": "/mnt/farm"}}, "or file:///folder for a volume that all nodes share"),
    ({"storage": {**S3, "existingSecret": "keys"}, "serviceAccount": ROLE}, "in two ways, and the keys would win"),
    ({"storage": {"existingSecret": "keys"}}, "are for s3://; storage.url is a volume: leave them out"),
    ({"storage": {**S3, "endpoint": "minio:9000"}}, "at '/storage/endpoint'"),
    ({"env": {"FARM_DATABASE": "postgresql://farm:1234@db/farm"}}, "env.FARM_DATABASE looks like a secret"),
    ({"env": {"HF_TOKEN": "hf_1"}}, "others in a secret named in envFromSecrets"),
    (
        {"database": {"url": "postgresql://farm:1234@db/farm"}},
        "at '/database': additional properties 'url' not allowed",
    ),
    ({"modelCache": {"kind": "shared", "source": "s3://bucket/models"}}, "kind: shared has none"),
    (
        {"modelCache": {"source": "s3://bucket/models", "existingClaim": "models"}},
        "in two ways where models are brought",
    ),
    ({"modelCache": {"source": "gs://bucket/models"}}, "at '/modelCache/source'"),
    ({"serve": {"ingress": {"enabled": True}}}, "set serve.ingress.host"),
    ({"serve": {"autoscaling": {"minReplicas": 9}}}, "serve.autoscaling.minReplicas 9 is more than maxReplicas 6"),
    (
        {"settings": {"generators": [{"model": "wan", "pool": "gpux"}]}},
        'no worker group has the pool "gpux" (there are: ',
    ),
    ({"ray": {"drainSeconds": 0}}, "at '/ray/drainSeconds': minimum: got 0, want 10"),
    (
        {"settings": {"webhooks": [{"url": SLACK, "format": "slack"}]}},
        "write url: $FARM_SLACK_URL, and name the secret",
    ),
    ({"settings": {"webhooks": [{"url": "https://ci.example/x"}]}}, "settings.webhooks[0] has no secret to sign with"),
    ({"settings": {"webhooks": [{"url": "$URL", "format": "slack"}]}}, "webhooks[0]: its URL stands in a variable"),
    ({"settings": {"webhooks": [{"url": "https://ci.example/x", "secret": "HOOK"}]}}, "name one in envFromSecrets"),
    ({"user": 0}, "at '/user': minimum: got 0, want 1"),
]


@pytest.mark.parametrize(("values", "sentence"), BAD, ids=[sentence[:50] for _, sentence in BAD])
def test_bad_values_are_refused_with_a_sentence(values, sentence):
    with pytest.raises(HelmError) as refusal:
        render(values)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize("name", ["1st", "a" * 41])
def test_a_release_whose_name_cannot_be_a_ray_clusters_is_refused(name):
    with pytest.raises(HelmError, match="names the Ray cluster"):
        chart().render({}, name=name, namespace="renders")
