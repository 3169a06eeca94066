"""How fast a model comes to a node's own disk, beside `cp` of the same file and beside reading its digest alone.

Runs of each, one after the other, the page cache warm: bound by hashing and by the disk, not by a network. One file
shows the worst case; a model has several, of which four come at once. What `bring` leaves is synced to the disk, which
`cp` alone does not do, so `cp` with a sync is measured, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import kept_models

from farm.weights.hashing import sha256
from farm.weights.nodecache import NodeCache
from farm.weights.source import FolderSource

BYTES = 1 << 30
ROUNDS = 6


def run() -> dict[str, float]:
    """The least of the rounds, in seconds, since others on the machine only add; and ratios to how long `cp` takes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        body = os.urandom(BYTES)
        quarter = BYTES // 4
        kept_models.keep(root / "shared", "one", {"one.safetensors": body})
        kept_models.keep(root / "shared", "four", {f"{n}.safetensors": body[n * quarter :][:quarter] for n in range(4)})
        file = root / "shared" / "one" / "weights" / "one.safetensors"
        works: dict[str, Callable[[], object]] = {
            "cp_s": partial(_cp, file, root / "copy"),
            "cp_and_sync_s": partial(_cp_and_sync, file, root / "copy"),
            "digest_s": partial(sha256, file, lambda _: None),
            "bring_one_file_s": partial(_bring, root, "one"),
            "bring_four_files_s": partial(_bring, root, "four"),
        }
        taken: dict[str, list[float]] = {name: [] for name in works}
        worked: dict[str, list[float]] = {"digest_cpu_s": [], "bring_one_file_cpu_s": []}
        for _ in range(ROUNDS):
            for name, work in works.items():
                began, began_cpu = time.perf_counter(), time.process_time()
                work()
                taken[name].append(time.perf_counter() - began)
                if (own := worked.get(f"{name.removesuffix('_s')}_cpu_s")) is not None:
                    own.append(time.process_time() - began_cpu)
                for left in ("copy", "node"):
                    _remove(root / left)
    found = {name: round(min(seconds), 3) for name, seconds in (taken | worked).items()}
    return found | {
        "cpu_to_digest": round(found["bring_one_file_cpu_s"] / found["digest_cpu_s"], 2),
        "one_file_to_cp": round(found["bring_one_file_s"] / found["cp_s"], 2),
        "one_file_to_cp_and_sync": round(found["bring_one_file_s"] / found["cp_and_sync_s"], 2),
        "four_files_to_cp_and_sync": round(found["bring_four_files_s"] / found["cp_and_sync_s"], 2),
    }


def _cp(source: Path, target: Path) -> None:
    subprocess.run(["cp", str(source), str(target)], check=True)


def _cp_and_sync(source: Path, target: Path) -> None:
    _cp(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())


def _bring(root: Path, name: str) -> None:
    NodeCache(FolderSource(root / "shared"), root / "node").bring(name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
