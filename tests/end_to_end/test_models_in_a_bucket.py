"""A list rendered by a model that lies in a bucket: plans read its record, a worker brings the rest to its disk."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tiny_models import save

from farm.models.diffusion.installed import installed

pytestmark = [pytest.mark.ray, pytest.mark.timeout(600)]

WAN = ("--like", "wan21-480p", "--size", "96x64", "--frames", "5", "--fps", "8", "--steps", "2", "--copy")


@pytest.fixture
def bucket(studio, monkeypatch):
    """With the model in it, as `aws s3 sync` leaves it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    studio.env.update(access)
    for name, value in access.items():
        monkeypatch.setenv(name, value)
    yield boto3.client("s3")
    server.stop()


def upload(client, folder: Path) -> None:
    client.create_bucket(Bucket="studio")
    for path in folder.rglob("*"):
        if path.is_file():
            client.put_object(
                Bucket="studio", Key=f"models/{path.relative_to(folder).as_posix()}", Body=path.read_bytes()
            )


def test_a_take_is_made_by_a_model_of_a_bucket(studio, bucket):
    folder = studio.folder
    (folder / "config.yaml").write_text("generators:\n  - {model: tiny-wan, parallel: 'off', dtype: float32}\n")
    studio.env |= {"FARM_MODELS": str(folder / "models"), "FARM_CONFIG": str(folder / "config.yaml")}
    weights = save("wan21", folder / "saved")
    added = studio.run(studio.command("models", "add", str(weights), "--name", "tiny-wan", *WAN))
    assert added.returncode == 0, added.stderr + added.stdout
    upload(bucket, folder / "models")
    (folder / "models").rename(folder / "away")
    studio.env |= {"FARM_MODELS": "s3://studio/models", "FARM_MODEL_CACHE": str(folder / "node")}
    studio.write('sq010,sh010,stills/coffee.png,0.5,"Slow push in toward the cup",1')
    studio.rendered("--model", "tiny-wan", code=1)  # frames of random weights pass no gate
    manifests = [json.loads(path.read_text()) for path in studio.out.glob("store/*/manifest/*/*/*/manifest.json")]
    (take,) = [each for each in manifests if each["stage"] == "generate"]
    assert (take["state"], take["facts"]["steps"]) == ("done", 2)
    (here,) = installed(folder / "node")
    assert here.fingerprint == installed(folder / "away")[0].fingerprint
    assert sorted(file.path for file in here.files if (here.folder / file.path).is_file()) == sorted(
        file.path for file in here.files
    )
