"""A driver that stands still leaves its actors running; the next one finds them by name and ends them."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest
import ray
from ray.exceptions import ActorDiedError
from ray.util import list_named_actors

LEADER = """
import sys, ray

class Worker:
    def pid(self):
        import os
        return os.getpid()

ray.init(address=sys.argv[1], namespace=sys.argv[2], log_to_driver=False)
remote = ray.remote(num_cpus=0.1)(Worker)
actors = [remote.options(name=name).remote() for name in sys.argv[3:]]
print(*ray.get([actor.pid.remote() for actor in actors]), flush=True)
sys.stdin.readline()
try:
    ray.get(actors[0].pid.remote())
except ray.exceptions.RayActorError as error:
    print(type(error).__name__, flush=True)
"""
NAMES = ("farm/1/cpu/1", "farm/1/cpu/2")


class Leader:
    """A driver in a process of its own, with named actors."""

    def __init__(self, address: str, namespace: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", LEADER, address, namespace, *NAMES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.workers = [psutil.Process(int(pid)) for pid in self._process.stdout.readline().split()]

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> str:
        """What its next call to an actor comes to."""
        self._process.send_signal(signal.SIGCONT)
        return self._process.communicate("go on\n", timeout=30)[0].strip()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def leader(cluster):
    cluster.add(cpus=2)
    first = Leader(cluster.address, f"{cluster.namespace}-farm")
    yield first
    first.close()


@pytest.mark.ray
def test_the_next_driver_ends_the_actors_of_a_frozen_one(cluster, leader, until):
    leader.freeze()
    namespace = f"{cluster.namespace}-farm"
    found = [named["name"] for named in list_named_actors(all_namespaces=True) if named["namespace"] == namespace]
    assert sorted(found) == sorted(NAMES)
    older = [ray.get_actor(name, namespace) for name in found]
    assert sorted(ray.get([actor.pid.remote() for actor in older])) == sorted(p.pid for p in leader.workers)
    for actor in older:
        ray.kill(actor)
    until(lambda: not any(worker.is_running() for worker in leader.workers))
    until(lambda: not [named for named in list_named_actors(all_namespaces=True) if named["namespace"] == namespace])
    with pytest.raises(ActorDiedError):
        ray.get(older[0].pid.remote())
    assert leader.thaw() == "ActorDiedError"  # it hears of it as of any other death
