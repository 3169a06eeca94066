"""Is this machine fit to render? One check per thing that a render leans on, each with what to do about it."""

from __future__ import annotations

import errno
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from importlib.metadata import PackageNotFoundError, version

import farm
from farm.clock import now_us
from farm.config import Address, Config
from farm.errors import FarmError
from farm.jobview import driver_view
from farm.media import ffmpeg
from farm.notify.hook import hook_of
from farm.site import Site
from farm.tasks import asset_key
from farm.webhook import Webhook

PACKAGES = ("ray", "pyarrow", "fsspec", "av", "opencv-python-headless", "torch", "diffusers")
ENCODERS = ("libx264", "magicyuv", "prores_ks", "dnxhd", "libwebp_anim", "png", "tiff", "gif")
DISK_MIN_GB = 5
ANSWER_S = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    fine: bool
    found: str
    remedy: str = ""


def examine(config: Config, out: str) -> tuple[Check, ...]:
    """Every check, in the order in which a render needs them."""
    return (
        Check("python", True, f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
        Check("farm", True, f"{farm.__version__}; {', '.join(_versions())}"),
        _guarded("ffmpeg", _ffmpeg),
        _guarded("provenance", lambda: _provenance(config)),
        _guarded("output", lambda: _output(config, out)),
        _guarded("state", lambda: _state(config, out)),
        *([_guarded("models", lambda: _model_cache(config))] if config.node_models else []),
        *(_guarded("webhook", partial(_webhook, webhook)) for webhook in config.webhooks),
        _guarded("ray", lambda: _ray(config.workers)),
        _guarded("metrics", lambda: _metrics(config.metrics)),
        Check("gpu", True, _gpus() or "none (the animatic model needs none)"),
    )


def _guarded(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except FarmError as error:
        return Check(name, False, str(error))
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        return Check(name, False, f"{type(error).__name__}: {error}")


def _versions() -> Iterator[str]:
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"no {package}"


def _ffmpeg() -> Check:
    binary = ffmpeg.binary()
    said = subprocess.run([binary, "-version"], capture_output=True, text=True, check=True).stdout
    listed = subprocess.run([binary, "-hide_banner", "-encoders"], capture_output=True, text=True, check=True).stdout
    known = {line.split()[1] for line in listed.splitlines() if len(line.split()) > 1}
    missing = [encoder for encoder in ENCODERS if encoder not in known]
    number = re.search(r"version (\S+)", said)
    found = f"{number[1] if number else 'unknown version'} at {binary}"
    if missing:
        return Check("ffmpeg", False, f"{found} lacks {', '.join(missing)}", "take it off the PATH")
    return Check("ffmpeg", True, found)


def _provenance(config: Config) -> Check:
    """Sign a small picture as a deliverable would be, and read it back."""
    from farm.delivery.signing import tried

    own = tried(config.certificate, config.certificate_key)
    if own.is_test:
        remedy = "FARM_CERTIFICATE and FARM_CERTIFICATE_KEY name your own"
        return Check("provenance", True, f"deliverables are signed with a test key, which proves nothing ({remedy})")
    return Check("provenance", True, f"deliverables are signed by {own.name}, until {own.expires:%Y-%m-%d}")


def _output(config: Config, out: str) -> Check:
    """Write, read and remove a key, as a render would."""
    site = Site(config, out)
    key = asset_key("doctor", "00", f"check-{time.time_ns()}")
    started = time.perf_counter()
    site.clips.put_bytes(key, b"farm")
    fine = site.clips.read_bytes(key) == b"farm"
    site.clips.delete(key)
    return Check("output", fine, f"{site.out} can be written ({(time.perf_counter() - started) * 1000:.0f} ms)")


def _state(config: Config, out: str) -> Check:
    with Site(config, out).store() as store:
        driver = driver_view(store.last_pulse(), now_us())
    if config.database:
        return Check("state", True, f"PostgreSQL holds the job store; {driver.words}")
    free_gb = shutil.disk_usage(config.state).free / 1e9
    found = f"{config.state} holds the job store; {free_gb:.0f} GB free; {driver.words}"
    return Check("state", free_gb > DISK_MIN_GB, found, "" if free_gb > DISK_MIN_GB else "free some space")


def _model_cache(config: Config) -> Check:
    """Models can be brought to this machine's disk, from where they are."""
    from farm.weights.nodecache import NodeCache
    from farm.weights.source import source_of

    assert config.node_models is not None
    source = source_of(config.models)
    cache = NodeCache(source, config.node_models, limit_bytes=config.model_cache_size)
    cache.check()
    known, whole = source.names, cache.whole
    free_gb = shutil.disk_usage(cache.folder).free / 1e9
    found = f"{cache.folder} holds {len(whole.intersection(known))} of {len(known)} models of {config.models}"
    remedy = "" if known else "FARM_MODELS names where all machines find them; farm models pull brings some"
    return Check("models", bool(known), f"{found}; {free_gb:.0f} GB free", remedy)


def _webhook(webhook: Webhook) -> Check:
    """Its secrets are at hand, as far as they are needed; nothing is sent."""
    hook = hook_of(webhook)
    events = ", ".join(hook.events) or "everything"
    return Check("webhook", True, f"{hook.name} is told of {events} (farm notify test {hook.name} tries it)")


def _ray(workers: int) -> Check:
    from farm.cluster.local import local_ray

    started = time.perf_counter()
    with local_ray(workers):
        took = time.perf_counter() - started
    return Check("ray", True, f"starts in {took:.1f} s with {workers} workers")


def _metrics(address: Address | None) -> Check:
    """Whether a driver could serve metrics there, or one does."""
    from farm.metrics.endpoint import Endpoint
    from farm.metrics.process import Metrics

    if address is None:
        return Check("metrics", True, "off")
    try:
        Endpoint(address, Metrics({}, {})).server_close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and (role := _role_there(address)):
            return Check("metrics", True, f"served at {address} by a farm that {role}")
        remedy = "FARM_METRICS names another address, or is off; rendering goes on without"
        return Check("metrics", False, f"{address}: {error.strerror or error}", remedy)
    return Check("metrics", True, f"can be served at {address}")


def _role_there(address: Address) -> str:
    """What a farm that serves metrics there says of itself; "" where it is none that answers."""
    connection = HTTPConnection(address.host, address.port, timeout=ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        said = response.read(100).decode(errors="replace").strip()
        return said if response.getheader("Server", "").startswith("farm") else ""
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()


def _gpus() -> str:
    """NVIDIA GPUs and their memory, as the driver's own tool lists them; "" where there is none."""
    if not shutil.which("nvidia-smi"):
        return ""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    return "; ".join(subprocess.run(query, capture_output=True, text=True, check=False).stdout.splitlines())
