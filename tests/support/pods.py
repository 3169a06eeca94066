"""Pods on this machine: namespaces of their own for network, processes and mounts, joined by a bridge.

    bridge 10.x.y.1 (this machine) ── 10.x.y.2 head ── 10.x.y.3 worker ── …
    pod: one process that holds its namespaces ◀── its containers, each with its own mounts on a read-only root

A container sees this machine's files, read-only, and what its manifest mounts: that is writable, and shared within the
pod by the volume's name. Needs to be root, and to be allowed to make namespaces and network links: see `forbidden`.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

OWN = {"dev", "etc", "models", "output", "proc", "run", "scratch", "sys", "tmp"}
"""Folders at the root that a container has for itself; the others it sees as this machine has them."""
INSTALLED = [path for path in (Path(__file__).parents[2], Path(sys.prefix)) if path.parts[1] in OWN]
"""Where the farm is, as far as that is in one of them: a checkout below /tmp."""
SPACES = ("--net", "--pid", "--uts")
"""What the containers of a pod share. (In a cluster only with `shareProcessNamespace` its processes, too.)"""
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
"""With what is installed beside this Python, as in an image."""
UNPRIVILEGED = "setpriv --no-new-privs --inh-caps=-all --bounding-set=-all"


def forbidden() -> str:
    """Why there can be no pods here; "" when there can."""
    if os.getuid():
        return "only root can make pods"
    probe = "ip link add probe0 type veth peer name probe1 && ip link add probe type bridge && mount -t tmpfs none /mnt"
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "sh", "-c", probe], capture_output=True, check=False
    )
    return "" if done.returncode == 0 else f"no namespaces: {done.stderr.decode().strip()}"


class Network:
    """A bridge of this machine and the addresses on it."""

    def __init__(self) -> None:
        token = f"{random.randrange(16**6):06x}"
        self.bridge, self._token = f"fb{token}", token
        self._prefix = f"10.{random.randrange(128, 255)}.{random.randrange(256)}"
        self._last = 1
        self._links: list[str] = []
        self.hosts: dict[str, str] = {}
        """Addresses by name, as a cluster's DNS has them."""
        _run(f"ip link add {self.bridge} type bridge", f"ip address add {self.here}/24 dev {self.bridge}")
        _run(f"ip link set {self.bridge} up")

    @property
    def here(self) -> str:
        """This machine's own address."""
        return f"{self._prefix}.1"

    def join(self, process: int) -> str:
        """Give the network namespace of a process an address, and tell it."""
        self._last += 1
        outside, address = f"fv{self._token}{self._last}", f"{self._prefix}.{self._last}"
        _run(
            f"ip link add {outside} type veth peer name eth0 netns {process}",
            f"ip link set {outside} master {self.bridge} up",
        )
        self._links.append(outside)
        inside = f"nsenter --target {process} --net ip"
        _run(f"{inside} address add {address}/24 dev eth0", f"{inside} link set eth0 up", f"{inside} link set lo up")
        _run(f"{inside} route add default via {self.here}")
        return address

    def close(self) -> None:
        for link in [*self._links, self.bridge]:  # a namespace lives on for a while after its last process
            subprocess.run(["ip", "link", "del", link], check=False, capture_output=True)


@dataclass
class Pod:
    """Namespaces that its containers share, and its volumes, as folders."""

    name: str
    spec: Mapping[str, Any]
    folder: Path
    network: Network
    secrets: Mapping[str, Mapping[str, str]]
    seen: Mapping[str, Path] = field(default_factory=dict)
    """More folders of this machine, by where its containers see them."""
    address: str = ""
    holder: subprocess.Popen[bytes] | None = None
    anchor: psutil.Process | None = None
    containers: dict[str, Container] = field(default_factory=dict)

    def start(self) -> None:
        """Make the namespaces and join the network."""
        hold = f"hostname {shlex.quote(self.name)} && exec sleep infinity"
        self.holder = subprocess.Popen(
            ["unshare", *SPACES, "--mount", "--fork", "--kill-child", "--mount-proc", "sh", "-c", hold]
        )
        process = psutil.Process(self.holder.pid)
        while not (children := process.children()):
            assert self.holder.poll() is None
        (self.anchor,) = children
        self.address = self.network.join(self.anchor.pid)

    def run(
        self, container: Mapping[str, Any], command: Sequence[str], more: Sequence[Mapping[str, Any]] = ()
    ) -> Container:
        """Start a container of the manifest with this command, and variables beside its own."""
        assert self.anchor is not None
        folder = self.folder / self.name / container["name"]
        folder.mkdir(parents=True)
        script = folder / "start.sh"
        script.write_text(self._script(folder / "root", container, command), encoding="utf-8")
        env = {"PATH": PATH, **self._environment([*more, *container["env"]])}
        with (folder / "log").open("wb") as log:
            outside = subprocess.Popen(
            ["nsenter", "--target", str(self.anchor.pid), *SPACES, "unshare", "--mount", "sh", "-e", script],
            env=env, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        self.containers[container["name"]] = Container(outside, folder / "log")
        return self.containers[container["name"]]

    def close(self) -> None:
        """Everything in it ends at once."""
        if self.holder is not None:
            self.holder.kill()
            self.holder.wait()
        for container in self.containers.values():
            container.outside.wait()
        shutil.rmtree(self.memory, ignore_errors=True)

    def _volume(self, name: str) -> Path:
        """The folder that a volume is, made when it is first asked for."""
        volume = next(one for one in self.spec["volumes"] if one["name"] == name)
        if "configMap" in volume:
            return self.folder / volume["configMap"]["name"]
        in_memory = volume["emptyDir"].get("medium") == "Memory"
        folder = (self.memory if in_memory else self.folder / self.name) / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def memory(self) -> Path:
        return Path("/dev/shm") / f"{self.network.bridge}-{self.name}"  # noqa: S108 - where memory is

    def _script(self, root: Path, container: Mapping[str, Any], command: Sequence[str]) -> str:
        """Give the container a root of its own, read-only but for its mounts, and its command."""
        shutil.copytree("/etc", root / "etc", symlinks=True, ignore_dangling_symlinks=True)
        hosts = "".join(f"{address} {name}\n" for name, address in self.network.hosts.items())
        (root / "etc" / "hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.name}\n{hosts}")
        (root / "etc" / "resolv.conf").unlink(missing_ok=True)
        (root / "etc" / "resolv.conf").write_text("nameserver 127.0.0.1\n")  # nobody there, which is known at once
        lines = ["mount --make-rprivate /", f"mount --bind {root} {root}", f"cd {root}"]
        for path in sorted(Path("/").iterdir()):
            if path.is_symlink():
                lines.append(f"ln -s {path.readlink()} .{path}")
            elif path.is_dir() and path.name not in OWN:
                lines.append(f"mkdir .{path} && mount --rbind {path} .{path} && mount -o remount,bind,ro .{path}")
        lines.append("mkdir dev sys proc tmp run")
        lines.append("mount --rbind /dev dev && mount --rbind /sys sys && mount -t proc proc proc")
        seen = {mount["mountPath"]: self._volume(mount["name"]) for mount in container["volumeMounts"]} | self.seen
        for target, folder in seen.items():
            lines.append(f"mkdir -p .{target} && mount --bind {folder} .{target}")
        lines += [
            f"mkdir -p .{path} && mount --bind {path} .{path} && mount -o remount,bind,ro .{path}" for path in INSTALLED
        ]
        lines.append(f"mount -o remount,bind,ro {root}")
        lines.append(f"exec chroot {root} {UNPRIVILEGED} {shlex.join(command)}")
        return "\n".join(lines) + "\n"

    def _environment(self, variables: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        def value(variable: Mapping[str, Any]) -> str:
            if "valueFrom" not in variable:
                return variable["value"]
            reference = variable["valueFrom"]["secretKeyRef"]
            return self.secrets[reference["name"]][reference["key"]]

        return {variable["name"]: value(variable) for variable in variables}


@dataclass(frozen=True)
class Container:
    """One that runs, or has run."""

    outside: subprocess.Popen[bytes]
    log: Path

    @property
    def process(self) -> psutil.Process:
        """Its first process."""
        (first,) = psutil.Process(self.outside.pid).children()
        return first

    def terminate(self) -> None:
        """What Kubernetes does to end it: SIGTERM to its first process."""
        self.process.send_signal(signal.SIGTERM)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")[-6000:]


def _run(*commands: str) -> None:
    for command in commands:
        subprocess.run(shlex.split(command), check=True, capture_output=True)


@contextmanager
def network() -> Iterator[Network]:
    made = Network()
    try:
        yield made
    finally:
        made.close()
