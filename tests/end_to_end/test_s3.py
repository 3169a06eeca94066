"""The same render on an object store: a real S3 server on loopback."""

from __future__ import annotations

import boto3
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem

pytestmark = pytest.mark.ray


@pytest.fixture
def bucket(studio, monkeypatch):
    server = ThreadedMotoServer(port=0, verbose=False)
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
    boto3.client("s3").create_bucket(Bucket="farm")
    yield "s3://farm/show"
    server.stop()


def test_a_list_renders_to_s3_and_again_does_nothing(studio, bucket):
    studio.write('sq010,sh010,stills/coffee.png,0.5,"Slow push in toward the cup",2')
    first = studio.rendered(out=bucket)
    again = studio.rendered(out=bucket)
    assert (first["rendered"], again["rendered"], again["reused"]) == (2, 0, 2)
    storage = S3FileSystem()
    for key in (first["animatic"], first["timeline"], first["report"], first["shots"][0]["clips"]["review"]):
        assert storage.size(f"farm/show/{key}") > 1000
    found = storage.glob("farm/show/catalog/takes/**/*.parquet")
    takes = [row for path in found for row in pq.read_table(storage.open(path)).to_pylist()]
    assert {row["take"] for row in takes} == {1, 2}
