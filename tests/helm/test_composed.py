"""What the chart renders really runs: pods made of it on this machine render a list; a worker told to go drains.

    chart ─▶ RayCluster ─▶ the operator's rule (kuberay.py) ─▶ pods (pods.py): head with driver, two workers
    PostgreSQL · an S3 server ◀── all of them

Each pod has network, processes and mounts of its own, each container a read-only root and no privileges. What is not
here: the autoscaler, which asks Kubernetes for pods.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import kuberay
import pods
import psutil
import pytest
import skimage.data
from farm_chart import documents, of_kind
from moto.server import ThreadedMotoServer
from private_cluster import until
from skimage.io import imsave

from farm.chain import StageName
from farm.errors import FailureKind
from farm.store.jobs import JobStore
from farm.store.records import AttemptRecord, AttemptState, JobState

pytestmark = [pytest.mark.ray, pytest.mark.pods, pytest.mark.skipif(bool(pods.forbidden()), reason=pods.forbidden())]

PROJECT = Path(__file__).parents[2]
PATIENCE_S = 240
DRAIN_S = 60
OUT = "s3://renders/farm"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
SIZES = {"memory": "2Gi", "sharedMemory": "1Gi", "scratch": "2Gi"}
LIST = """\
Sequence,Shot,Still,Duration,Prompt,Takes
sq010,sh010,coffee.png,2,Slow push in,6
sq010,sh020,chelsea.png,2,Slow pan left,6
"""


@dataclass(frozen=True)
class Site:
    """An installation of the chart, and what lies beside it."""

    cluster: Mapping[str, Any]
    serve: Mapping[str, Any]
    """The spec of the pods of `farm serve`."""
    folder: Path
    network: pods.Network
    secrets: Mapping[str, Mapping[str, str]]
    database: Path
    env: Mapping[str, str]
    """Of somebody on this machine who hands lists in."""
    bucket: Any

    def pod(self, name: str, spec: Mapping[str, Any]) -> pods.Pod:
        return pods.Pod(name, spec, self.folder, self.network, self.secrets, {"/database": self.database})

    def farm(self, *words: str) -> Any:
        """What a command of the farm says to scripts."""
        command = [sys.executable, "-m", "farm", *words, "--json"]
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextmanager
def storage(host: str) -> Iterator[tuple[str, Any]]:
    """An S3 server at an address of this machine, with a bucket; gives its URL and a client."""
    server = ThreadedMotoServer(ip_address=host, port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    client.create_bucket(Bucket="renders")
    try:
        yield url, client
    finally:
        server.stop()


@contextmanager
def site(postgres_server: Any) -> Iterator[Site]:
    """The chart rendered for this machine; nothing of it runs yet."""
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pods-")))
        network = opened.enter_context(pods.network())
        endpoint, bucket = opened.enter_context(storage(network.here))
        name = postgres_server.database()
        postgres_server.folder.chmod(0o711)  # for its socket: pods have no rights beyond anybody's
        found = documents({
            "storage": {"url": OUT, "endpoint": endpoint, "region": "us-east-1", "existingSecret": "keys"},
            "database": {"existingSecret": "database"},
            "ray": {"authSecret": "token", "drainSeconds": DRAIN_S},
            "head": {"cpus": 1, "memory": "2Gi"},
            "workers": {
                **dict.fromkeys(["gpu-spot", "gpu-ondemand", "post-gpu"]),
                "cpu": {"cpus": 1, "minReplicas": 2, "maxReplicas": 2, "market": "spot", **SIZES},
            },
            "env": {"PYTHONPATH": str(PROJECT), "RAY_enable_metrics_collection": "0"},
        })  # fmt: skip
        (cluster,) = of_kind(found, "RayCluster")
        cluster = {**cluster, "metadata": {**cluster["metadata"], "namespace": "renders"}}
        for config in of_kind(found, "ConfigMap"):
            (folder / config["metadata"]["name"]).mkdir()
            for file, text in config["data"].items():
                (folder / config["metadata"]["name"] / file).write_text(text, encoding="utf-8")
        inside = f"postgresql://farm@/{name}?host=/database"
        secrets = {"keys": KEYS, "database": {"url": inside}, "token": {"auth_token": "f" * 64}}
        env = {
            **os.environ,
            **KEYS,
            "PYTHONPATH": str(PROJECT),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "FARM_OUT": OUT,
            "FARM_DATABASE": postgres_server.url(name),
            "FARM_CONFIG": str(folder / "studio-settings" / "config.yaml"),
        }
        (serve,) = of_kind(found, "Deployment")
        yield Site(
            cluster, serve["spec"]["template"]["spec"], folder, network, secrets, postgres_server.folder, env, bucket
        )


@dataclass
class Running:
    """An installation whose pods are up."""

    site: Site
    head: pods.Pod
    workers: list[pods.Pod]


def start_head(site: Site, opened: ExitStack) -> pods.Pod:
    """As the kubelet does: the migration to its end, the driver, which goes on by itself, then Ray."""
    spec = site.cluster["spec"]["headGroupSpec"]["template"]["spec"]
    migrate, driver = spec["initContainers"]
    head = site.pod("studio-head", spec)
    opened.callback(head.close)
    head.start()
    site.network.hosts[kuberay.head_service(site.cluster)] = head.address
    first = head.run(migrate, migrate["command"])
    until(lambda: first.outside.poll() is not None, PATIENCE_S)
    assert first.outside.returncode == 0, first.said
    head.run(driver, driver["command"])
    more = kuberay.environment(site.cluster, "headgroup", head.name)
    head.run(spec["containers"][0], kuberay.command(site.cluster, "headgroup"), more)
    return head


def start_worker(site: Site, name: str, opened: ExitStack) -> pods.Pod:
    (group,) = site.cluster["spec"]["workerGroupSpecs"]
    spec = group["template"]["spec"]
    worker = site.pod(name, spec)
    opened.callback(worker.close)
    worker.start()
    more = kuberay.environment(site.cluster, group["groupName"], name)
    worker.run(spec["containers"][0], kuberay.command(site.cluster, group["groupName"]), more)
    return worker


@pytest.fixture(scope="module")
def running(postgres_server) -> Iterator[Running]:
    with site(postgres_server) as made, ExitStack() as opened:
        head = start_head(made, opened)
        workers = [start_worker(made, name, opened) for name in ("studio-cpu-1", "studio-cpu-2")]
        yield Running(made, head, workers)


@pytest.fixture
def submitted(running) -> str:
    """A job of two shots that was handed in."""
    for name in ("coffee", "chelsea"):
        imsave(running.site.folder / f"{name}.png", getattr(skimage.data, name)(), check_contrast=False)
    (running.site.folder / "shots.csv").write_text(LIST, encoding="utf-8")
    return running.site.farm("submit", "shots.csv", "--size", "640x360")["job"]


def logs(running: Running) -> str:
    pods_there = [running.head, *running.workers]
    return "\n".join(f"-- {pod.name} {name}\n{one.said}" for pod in pods_there for name, one in pod.containers.items())


def node_of(pod: pods.Pod) -> str:
    """What Ray calls the pod's node; "" before its raylet is up."""
    (ray,) = pod.containers.values()
    words: list[str] = []
    for process in ray.process.children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            words += process.cmdline()
    return next((word.partition("=")[2] for word in words if word.startswith("--node_id=")), "")


def at_work(store: JobStore, job: str, node: str) -> list[AttemptRecord]:
    """The attempts of a job's takes that run on a node."""
    takes = [record.task.id for record in store.load(job) if record.task.stage == StageName.GENERATE]
    found = [attempt for attempts in store.attempts(takes).values() for attempt in attempts]
    return [attempt for attempt in found if attempt.state is AttemptState.RUNNING and attempt.node == node]


def test_a_list_is_rendered_and_a_worker_that_is_told_to_go_drains(running, submitted):
    """WHEN a worker's pod is ended during a render THEN it goes within its grace, nothing is charged, all is done."""
    pod = running.workers[1]
    worker = pod.containers["ray-worker"]
    with closing(JobStore.connect(running.site.env["FARM_DATABASE"])) as store:
        job = submitted
        began_s = time.monotonic()
        interrupted = until(lambda: (node := node_of(pod)) and at_work(store, job, node), PATIENCE_S)
        worker.terminate()
        told_s = time.monotonic()
        worker.outside.wait(PATIENCE_S)
        took_s = time.monotonic() - told_s
        grace_s = pod.spec["terminationGracePeriodSeconds"]
        print(f"at work after {told_s - began_s:.0f} s; gone {took_s:.1f} s after SIGTERM, with a grace of {grace_s} s")
        assert took_s < grace_s, worker.said
        until(lambda: not store.job(job).state.live, PATIENCE_S)
        assert store.job(job).state is JobState.DONE, logs(running)
        records = store.load(job)
        assert {kind for record in records for kind in record.failures} <= {FailureKind.RECLAIMED}
        assert {attempt.task for attempt in interrupted} <= {record.task.id for record in records if record.winner}
    clips = running.site.bucket.list_objects_v2(Bucket="renders", Prefix="farm/publish/")["Contents"]
    assert len([clip for clip in clips if clip["Key"].endswith((".mp4", ".mov"))]) >= 2
    assert all(clip["Size"] > 1000 for clip in clips if clip["Key"].endswith((".mp4", ".mov")))


def test_probes_find_the_driver_and_the_service_well(running):
    driver = running.site.cluster["spec"]["headGroupSpec"]["template"]["spec"]["initContainers"][1]
    probe = running.head.run({**driver, "name": "probe"}, driver["livenessProbe"]["exec"]["command"])
    assert probe.outside.wait(PATIENCE_S) == 0, probe.said
    (container,) = running.site.serve["containers"]
    pod = running.site.pod("studio-serve", running.site.serve)
    try:
        pod.start()
        service = pod.run(container, container["command"])
        (port,) = [one["containerPort"] for one in container["ports"]]
        for probe in (container["livenessProbe"], container["readinessProbe"]):
            url = f"http://{pod.address}:{port}{probe['httpGet']['path']}"
            until(lambda url=url: answers(url), PATIENCE_S)
        service.terminate()
        assert service.outside.wait(running.site.serve["terminationGracePeriodSeconds"]) == 0, service.said
    finally:
        pod.close()


def answers(url: str) -> bool:
    try:
        return urlopen(url, timeout=10).status == HTTPStatus.OK  # noqa: S310 - of a server of ours
    except URLError:
        return False
