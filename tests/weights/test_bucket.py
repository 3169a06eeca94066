"""Models in a bucket: plans are made of their records, and nodes bring the rest, over a real S3 server on loopback."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import kept_models
import pytest
from moto.server import ThreadedMotoServer
from tiny_weights import wan

from farm.config import load_config
from farm.doctor import _model_cache
from farm.errors import DocumentError, InputError, StorageError
from farm.models.diffusion.installed import Installed, Kind, survey
from farm.models.registry import Registry
from farm.service import Service
from farm.weights.bucket import SPAN, BucketSource, Mirror
from farm.weights.nodecache import NodeCache
from farm.weights.source import FolderSource, source_of

BIG = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"
FILES = wan() | {BIG: os.urandom(2 * SPAN + 1000)}
"""Of no use to a loader, and long enough for several spans."""


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield boto3.client("s3")
    server.stop()


class Bucket:
    """One bucket, below a folder of it."""

    def __init__(self, client: Any, name: str) -> None:
        client.create_bucket(Bucket=name)
        self._client, self._name = client, name
        self.url = f"s3://{name}/models"

    def put(self, path: str, body: bytes) -> None:
        self._client.put_object(Bucket=self._name, Key=f"models/{path}", Body=body)

    def get(self, path: str) -> bytes:
        return self._client.get_object(Bucket=self._name, Key=f"models/{path}")["Body"].read()

    def remove(self, path: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=f"models/{path}")

    def fill(self, models: Path) -> None:
        """Copy a models folder there, as `aws s3 sync` does."""
        for path in models.rglob("*"):
            if path.is_file():
                self.put(path.relative_to(models).as_posix(), path.read_bytes())


@pytest.fixture
def bucket(server: Any) -> Bucket:
    return Bucket(server, f"bucket-{uuid.uuid4().hex}")


@pytest.fixture
def house(bucket: Bucket, models: Path) -> Installed:
    """A model that was added to a folder, and copied to the bucket."""
    record = kept_models.keep(models, "house", FILES, like="wan22-5b")
    bucket.fill(models)
    return record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "node"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_comes_whole_from_a_bucket(bucket, house, folder):
    cache = NodeCache(source_of(bucket.url), folder)
    here = cache.bring("house")
    assert contents(here.folder) == FILES
    assert (here.fingerprint, cache.whole) == (house.fingerprint, {"house"})


@pytest.mark.parametrize("begin", [0, SPAN + 1, 2 * SPAN + 999, 2 * SPAN + 1000])
def test_a_file_is_read_from_anywhere_in_order(bucket, house, begin):
    (big,) = [file for file in house.files if file.path == BIG]
    source = BucketSource(bucket.url)
    assert b"".join(source.blocks(source.record("house"), big, begin)) == FILES[BIG][begin:]


def test_one_may_stop_reading(bucket, house):
    (big,) = [file for file in house.files if file.path == BIG]
    source = BucketSource(bucket.url)
    blocks = source.blocks(source.record("house"), big, 0)
    assert next(blocks) == FILES[BIG][:SPAN]
    blocks.close()


def test_what_was_damaged_in_the_bucket_is_found(bucket, house, folder):
    body = bytearray(FILES[BIG])
    body[SPAN + 5] ^= 1
    bucket.put(f"house/weights/{BIG}", bytes(body))
    with pytest.raises(StorageError) as refusal:
        NodeCache(source_of(bucket.url), folder).bring("house")
    assert f"{bucket.url}/house/weights/{BIG} is not what the record of house says" in str(refusal.value)


@pytest.mark.parametrize("body", [None, b"short"], ids=["gone", "cut short"])
def test_a_file_that_is_gone_or_short_is_named(bucket, house, folder, body):
    bucket.remove(f"house/weights/{BIG}")
    if body:
        bucket.put(f"house/weights/{BIG}", body)
    with pytest.raises(StorageError, match="house"):
        NodeCache(source_of(bucket.url), folder).bring("house")


@pytest.mark.parametrize("name", ["mouse", "", "..", "house/weights"])
def test_a_name_that_is_not_there_is_told_with_those_that_are(bucket, house, name):
    with pytest.raises(InputError, match="there are: house"):
        BucketSource(bucket.url).record(name)


def test_a_bucket_that_is_not_there_is_told(server, tmp_path):
    source = BucketSource("s3://nobodys-bucket/models")
    with pytest.raises((InputError, StorageError), match="s3://nobodys-bucket/models"):
        source.record("house")


def test_the_doctor_looks_into_the_bucket(bucket, house, tmp_path):
    config = load_config({"FARM_MODELS": bucket.url, "FARM_SCRATCH": str(tmp_path)})
    check = _model_cache(config)
    assert check.fine
    assert check.found.startswith(f"{tmp_path / 'cache' / 'models'} holds 0 of 1 models of {bucket.url}; ")


def test_weights_that_stand_elsewhere_are_not_in_the_bucket(bucket, models, tmp_path):
    kept_models.keep(models, "theirs", {"a.json": b"{}"}, weights=str(tmp_path / "elsewhere"))
    bucket.fill(models)
    with pytest.raises(InputError, match="--copy takes a copy"):
        BucketSource(bucket.url).record("theirs")


# -- planning -----------------------------------------------------------------------------------------------------


def test_plans_are_made_of_kilobytes(bucket, house, models, tmp_path):
    mirror = Mirror(BucketSource(bucket.url), tmp_path / "mirror").refresh()
    assert sum(map(len, contents(mirror).values())) < 20_000
    specs = [Registry(folder).adapter("house").spec for folder in (models, mirror)]
    assert specs[0] == specs[1]
    (record,), findings = survey(mirror)
    assert (record.name, findings) == ("house", ())
    for path in ("model_index.json", "transformer/config.json", "vae/config.json"):
        assert (record.folder / path).read_bytes() == FILES[path]


def test_a_mirror_follows_the_bucket(bucket, house, models, tmp_path, caplog):
    mirror = Mirror(BucketSource(bucket.url), tmp_path / "mirror")
    mirror.refresh()
    changed = kept_models.keep(models, "house", FILES | {"vae/config.json": b'{"_class_name": "Another"}'})
    kept_models.keep(models, "slow", {"slow.safetensors": b"lora"}, kind=Kind.LORA, family="wan")
    bucket.fill(models)
    bucket.put("broken/model.json", b"{}")
    records, findings = survey(mirror.refresh())
    assert [record.name for record in records] == ["house", "slow"]
    assert records[0].fingerprint == changed.fingerprint
    assert (records[0].folder / "vae/config.json").read_bytes() == b'{"_class_name": "Another"}'
    assert not findings
    assert "broken/model.json" in caplog.text
    bucket.remove("house/model.json")
    assert [record.name for record in survey(mirror.refresh())[0]] == ["slow"]


def test_a_configuration_that_is_not_what_its_record_says_leaves_the_model_out(bucket, house, tmp_path, caplog):
    bucket.put("house/weights/vae/config.json", b"{}")
    assert survey(Mirror(BucketSource(bucket.url), tmp_path / "mirror").refresh())[0] == ()
    assert "vae/config.json is not what its record says" in caplog.text


# -- settings -----------------------------------------------------------------------------------------------------


def test_commands_read_the_bucket_and_do_not_write_it(bucket, house, tmp_path):
    service = Service(load_config({"FARM_MODELS": bucket.url, "FARM_STATE": str(tmp_path / "state")}))
    (view,) = [view for view in service.models.views() if view.name == "house"]
    assert (view.state, view.fingerprint, view.troubles) == ("installed", house.fingerprint, ())
    with pytest.raises(InputError, match="set it to a folder, run this again, and copy that folder there"):
        service.models.remove("house")
    assert json.loads(bucket.get("house/model.json"))["name"] == "house"


def test_a_bucket_is_brought_to_the_nodes_disk_also_where_no_folder_is_named(tmp_path):
    config = load_config({"FARM_CONFIG": "", "FARM_MODELS": "s3://studio/models/", "FARM_SCRATCH": str(tmp_path)})
    assert (config.models, config.models_folder) == ("s3://studio/models", None)
    assert config.node_models == tmp_path / "cache" / "models"
    named = config.model_copy(update={"model_cache": tmp_path / "nvme"})
    assert named.node_models == tmp_path / "nvme"
    shared = load_config({"FARM_MODELS": str(tmp_path)})
    assert (shared.models_folder, shared.node_models) == (tmp_path, None)


@pytest.mark.parametrize("url", ["ftp://studio/models", "s3://", "s3:///models", "https://studio/models"])
def test_other_places_are_refused(url):
    with pytest.raises(DocumentError, match=r"FARM_MODELS: .*write a folder, or s3://bucket/folder"):
        load_config({"FARM_MODELS": url})


@pytest.mark.parametrize(
    ("text", "size"),
    [("500 GB", 500 * 10**9), ("200Gi", 200 << 30), ("1.5Ti", 3 << 39), ("0", 0), ("10k", 10_000), ("7", 7)],
)
def test_sizes_are_read_as_people_and_kubernetes_write_them(text, size):
    assert load_config({"FARM_MODEL_CACHE_SIZE": text}).model_cache_size == size


@pytest.mark.parametrize("text", ["-1", "much", "5 bananas", "1e9", "Gi"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(DocumentError, match="no amount of storage"):
        load_config({"FARM_MODEL_CACHE_SIZE": text})


def test_where_models_come_from_is_told_by_the_setting(tmp_path, server):
    assert isinstance(source_of(str(tmp_path)), FolderSource)
    assert isinstance(source_of("s3://studio/models"), BucketSource)
