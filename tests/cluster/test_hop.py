"""From one worker to the next on one machine: what the first stored remotely, the second reads from disk."""

from __future__ import annotations

import uuid

import boto3
import pytest
from moto.server import ThreadedMotoServer

pytestmark = pytest.mark.ray


@pytest.fixture
def bucket():
    """A bucket of a real S3 server: its client, its name, and the options that lead there."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name="us-east-1",
    )
    name = f"clips-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    options = {
        "endpoint_url": endpoint,
        "key": "test",
        "secret": "test",
        "client_kwargs": {"region_name": "us-east-1"},
    }
    yield client, name, options
    server.stop()


def test_a_hop_on_one_machine_reads_no_remote_storage(open_farm, bucket):
    client, name, options = bucket
    farm = open_farm(url=f"s3://{name}/farm", storage=options)
    maker, reader = farm.begin(), farm.begin()
    for _ in range(2):
        farm.until(lambda event: getattr(event, "worker", "") in {maker, reader})
    made = farm.do(maker, farm.work("write", bytes=1000)).files["made"]
    client.delete_object(Bucket=name, Key=f"farm/{made.key}")  # nobody can read it there any more
    manifest = farm.do(reader, farm.work("read", inputs={"clip": made.key}))
    assert manifest.facts == {"bytes": {"clip": 1000}}, manifest.message
    assert manifest.worker == reader


def test_what_the_machine_lacks_is_read_once(open_farm, bucket):
    client, name, options = bucket
    farm = open_farm(url=f"s3://{name}/farm", storage=options)
    client.put_object(Bucket=name, Key="farm/store/p/asset/still.png", Body=b"x" * 500)
    worker = farm.start()
    inputs = {"still": "store/p/asset/still.png"}
    assert farm.do(worker, farm.work("read", inputs=inputs)).done
    client.delete_object(Bucket=name, Key="farm/store/p/asset/still.png")
    assert farm.do(worker, farm.work("read", inputs=inputs)).done
