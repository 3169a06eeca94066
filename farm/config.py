"""Settings: of the machine (`Config`) and of a show (`Project`). The only reader of environment and settings files.

    environment ─▶ settings file ─▶ built-in ──▶ Config      (the first that says something wins)
    --project FILE, or project.yaml | .yml | .json beside the list ──▶ Project

A bad setting is an error that names the variable, or the line; an unknown one names the nearest that exists.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Annotated, NamedTuple, TypeAlias, cast

import platformdirs
from pydantic import Field, PlainValidator

from farm.findings import Place
from farm.logs.format import LogFormat
from farm.shots.model import AUTO, DurationFit, Fit, Interpolate, LoopMethod
from farm.shots.naming import name_template, path_template
from farm.shots.paths import Allowed
from farm.shots.reading import values
from farm.shots.reading.cells import Cell, checked, raise_errors, refuse
from farm.shots.reading.document import read_document
from farm.shots.reading.presets import Presets
from farm.shots.reading.schema import (
    DurationFitWord,
    Entry,
    FitWord,
    Handles,
    InterpolateWord,
    LoopMethodWord,
    Money,
    Name,
    Names,
    Priority,
    Rate,
    Seed,
    Several,
    Share,
    Size,
    Slug,
    Takes,
    Text,
    YesNo,
)
from farm.shots.reading.values import BadValue
from farm.webhook import Webhook, doubtful

APP = "farm"
FILE_ONLY = frozenset({"prices", "projects", "elastic", "scaling", "generators", "webhooks"})
"""Settings that no environment variable gives."""
PROJECT_FILES = ("project.yaml", "project.yml", "project.json")


def _folder(raw: object) -> Path:
    """A folder of this machine; here, at home, ~ is understood."""
    return Path(os.path.abspath(Path(values.text(raw)).expanduser()))  # noqa: PTH100


def _groups(raw: object) -> tuple[tuple[str, ...], ...]:
    """Path mapping: a list of groups of equivalent prefixes, at least two in each."""
    if not isinstance(raw, list | tuple):
        raise BadValue("path mapping is a list of groups", r'write - ["P:\\", /mnt/p, "s3://bucket/p"]')
    groups = tuple(values.several(group) for group in cast("list[object]", raw))
    if any(len(group) < 2 for group in groups):
        raise BadValue("a group needs at least two equivalent prefixes", r'write ["P:\\", /mnt/p]')
    return groups


def _weight(raw: object) -> Fraction:
    """More than 0."""
    value = values.number(raw)
    if value <= 0:
        raise BadValue(f"{value} is no weight", "write a number above 0, such as 2")
    return value


def _emphasis(raw: object) -> Fraction:
    """A weight, 0 to leave it out."""
    value = values.number(raw)
    if not 0 <= value <= 100:
        raise BadValue(f"{value} is no weight", "write a number from 0 to 100; 0 leaves it out")
    return value


_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kKMGTP])(i?)[bB]?|[bB])?")


def _bytes(raw: object) -> int:
    """An amount of storage, as people and as Kubernetes write it."""
    text = str(raw).strip()
    found = _SIZE.fullmatch(text)
    if not found:
        raise BadValue(f'"{text}" is no amount of storage', "write 500 GB, or 200Gi")
    number, unit, binary = found.groups()
    power = "kMGTP".index(unit.replace("K", "k")) + 1 if unit else 0
    return int(Fraction(number) * (1024 if binary else 1000) ** power)


class Address(NamedTuple):
    """Where to listen on this machine. Port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(raw: object) -> Address | None:
    """An address to listen on, "host:port"; "off" for none. Raises `BadValue`."""
    text = values.text(raw)
    if text.lower() == "off":
        return None
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
    if not colon or not host or not port.isdecimal() or not int(port) < 1 << 16 or (":" in host and text[0] != "["):
        raise BadValue(f'"{text}" is no address', "write host:port, such as 127.0.0.1:9464, or off")
    return Address(host, int(port))


def _models(raw: object) -> str:
    """A folder of this machine, or the URL of a bucket."""
    text = values.text(raw)
    if "://" not in text:
        return str(_folder(raw))
    if not re.fullmatch(r"s3://[^/]+(/.*)?", text):
        raise BadValue(f'"{text}" is no place for models', "write a folder, or s3://bucket/folder")
    return text.rstrip("/")


Folder: TypeAlias = Annotated[Path, PlainValidator(_folder)]
Models: TypeAlias = Annotated[str, PlainValidator(_models)]
File: TypeAlias = Annotated[Path, PlainValidator(_folder)]
PathGroups: TypeAlias = Annotated[tuple[tuple[str, ...], ...], PlainValidator(_groups)]
NameTemplate: TypeAlias = Annotated[str, PlainValidator(name_template)]
PathTemplate: TypeAlias = Annotated[str, PlainValidator(path_template)]
Days: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 36_500))]
Megapixels: TypeAlias = Annotated[int, PlainValidator(values.whole(1, 2_000))]
Listen: TypeAlias = Annotated[Address | None, PlainValidator(address)]
Workers: TypeAlias = Annotated[int, PlainValidator(values.whole(1, 4_096))]
Count: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 1_000_000))]
Seconds: TypeAlias = Annotated[int, PlainValidator(values.whole(0, 1_000_000))]
Bytes: TypeAlias = Annotated[int, PlainValidator(_bytes)]
Weight: TypeAlias = Annotated[Fraction, PlainValidator(_weight)]
Emphasis: TypeAlias = Annotated[Fraction, PlainValidator(_emphasis)]
LogFormatWord: TypeAlias = Annotated[LogFormat, PlainValidator(values.choice(LogFormat))]


def _cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _gpus() -> int:
    """GPUs of this machine, by their device files."""
    return sum(file.name.removeprefix("nvidia").isdigit() for file in Path("/dev").glob("nvidia*"))


def _scratch() -> Path:
    """One folder per user of this machine."""
    return Path(tempfile.gettempdir()) / f"{APP}-{os.getuid()}"


class Prices(Entry):
    """What a worker's time costs, in the farm's currency."""

    cpu_hour: Money = Fraction(0)
    """Of a CPU."""
    gpu_hour: Money = Fraction(0)


class ProjectTerms(Entry):
    """A project's place among the others of a farm."""

    project: Slug = ""
    weight: Weight = Fraction(1)
    """Its share of the farm, relative to the others', while they compete."""
    floor: Share = 0.03
    """The part of the farm that it gets while it has work, whatever the others' priorities."""
    gpus: Count | None = None
    """GPUs that it may use at once."""
    budget: Money | None = None
    """What it may cost in all."""


class NodeKind(Entry):
    """A kind of node that the autoscaler can bring."""

    cpus: Count = 1
    gpus: Count = 0
    pool: Name = ""
    """The label that lanes ask for."""
    market: Name = ""
    """The label that says how they are paid for: spot is asked for first."""
    hour: Money = Fraction(0)
    """What an hour of one costs."""
    start_s: Seconds = 240
    """How long one usually takes to come; after three times that another kind is asked for."""
    at_most: Count = 1


class ScalingTerms(Entry):
    """When nodes are asked of the autoscaler, and what stays warm."""

    backlog_minutes: Count = 0
    """In how many minutes after they came nodes should have done what is queued; 0: a worker for every task."""
    warm_minutes: Count = 15
    """How long a lane's last worker stays for urgent jobs, and for jobs that wait for a person's choice."""
    dry_minutes: Count = 10
    """How long a kind of node that did not come is not asked for again, where another would do."""
    hour_budget: Money = Fraction(0)
    """What all nodes that the autoscaler brings may cost in an hour; 0: no limit."""


class Generator(Entry):
    """How one model runs on this farm."""

    model: Name = ""
    profile: Name = ""
    """"lossless", "fast" or "draft"."""
    parallel: Text = "auto"
    """How the GPUs of a worker share the work: cfg2,tp2; "off" for one GPU; "auto" for as few as the model fits on."""
    pool: Name = ""
    """Label of the nodes that its workers stand on."""
    dtype: Name = ""
    """float32, float16 or bfloat16; without it what the weights were published in."""


class Config(Entry):
    """Settings of this machine.

    | variable           | key           | meaning                                     | without it               |
    |--------------------|---------------|---------------------------------------------|--------------------------|
    | `FARM_CONFIG`      |               | file that holds the keys below (YAML, JSON) | the user's `config.yaml` |
    | `FARM_STATE`       | `state`       | folder of the job store, on a local disk    | the user's state folder  |
    | `FARM_DATABASE`    | `database`    | PostgreSQL that holds the job store instead | SQLite in `state`        |
    | `FARM_OUT`         | `out`         | where results go: a folder or a URL         | `renders`                |
    | `FARM_RAY`         | `ray`         | address of the Ray cluster to render on     | a Ray of this machine    |
    | `FARM_WORKERS`     | `workers`     | how many tasks run at once on this machine  | the cores it may use     |
    | `FARM_SCRATCH`     | `scratch`     | folder for work in progress, on a local disk | the temporary folder    |
    | `FARM_ROOTS`       | `roots`       | folders and URL prefixes lists may read     | every path               |
    | `FARM_IDLE_STOP_S` | `idle_stop_s` | seconds a worker without work stays warm    | 60                       |
    |                    | `prices`      | what an hour of a CPU and of a GPU costs    | nothing                  |
    |                    | `projects`    | weight, floor and limits of projects        | all alike, no limits     |
    |                    | `elastic`     | kinds of nodes that the autoscaler brings   | a fixed farm             |
    |                    | `scaling`     | when it is asked for them, what stays warm  | see below                |
    | `FARM_MODELS`      | `models`      | pulled and added models: a folder, or s3://… | the user's data folder   |
    | `FARM_MODEL_CACHE` | `model_cache` | folder on each node's own disk, models are brought to | no copy is made |
    | `FARM_MODEL_CACHE_SIZE` | `model_cache_size` | what that folder may come to: 500 GB, 2Ti | what the disk has |
    | `FARM_GPUS_PER_NODE` | `gpus_per_node` | GPUs of each machine that runs models   | the GPUs of this machine |
    | `FARM_GPU_MEMORY_GB` | `gpu_memory_gb` | memory of one GPU                       | 80                       |
    |                    | `generators`  | profile, parallel plan, pool of each model  | as few GPUs as it fits on |
    | `FARM_METRICS`     | `metrics`     | where a driver serves metrics: host:port, or off | `127.0.0.1:9464`    |
    | `FARM_CERTIFICATE` | `certificate` | certificate chain (PEM) that deliverables are signed with | a test key |
    | `FARM_CERTIFICATE_KEY` | `certificate_key` | its private key (PEM, no passphrase)  | a test key               |
    |                    | `webhooks`    | who is told what becomes of jobs            | nobody                   |
    | `FARM_LOG_FORMAT`  | `log_format`  | `text`, `json`, or `auto`: text at a terminal | `auto`              |

    Several roots are parted by semicolons.
    """

    state: Folder = Field(default_factory=lambda: platformdirs.user_state_path(APP))
    database: Text = ""
    out: Text = "renders"
    ray: Text = ""
    workers: Workers = Field(default_factory=_cores)
    scratch: Folder = Field(default_factory=_scratch)
    roots: Several = ()
    """Folders and URL prefixes that lists from elsewhere may read; empty for every path."""
    idle_stop_s: Seconds = 60
    prices: Prices = Prices()
    projects: tuple[ProjectTerms, ...] = ()
    elastic: tuple[NodeKind, ...] = ()
    scaling: ScalingTerms = ScalingTerms()
    models: Models = Field(default_factory=lambda: str(platformdirs.user_data_path(APP) / "models"))
    """A folder, or a URL."""
    model_cache: Folder | None = None
    model_cache_size: Bytes = 0
    """Bytes; 0 for as much as the disk has."""
    gpus_per_node: Count = Field(default_factory=_gpus)
    gpu_memory_gb: Count = 80
    generators: tuple[Generator, ...] = ()
    metrics: Listen = Address("127.0.0.1", 9464)
    """Where numbers for Prometheus are served; None for nowhere."""
    certificate: File | None = None
    certificate_key: File | None = None
    webhooks: tuple[Webhook, ...] = ()
    log_format: LogFormatWord = LogFormat.AUTO

    @property
    def models_folder(self) -> Path | None:
        """The models folder; None where models are in a bucket."""
        return None if "://" in self.models else Path(self.models)

    @property
    def node_models(self) -> Path | None:
        """Where workers bring models to; None where they load them from the models folder."""
        return self.model_cache or (None if self.models_folder else self.scratch / "cache" / "models")

    @property
    def allowed(self) -> Allowed:
        """Which paths may be read."""
        return Allowed(self.roots or None)


class Retention(Entry):
    """How long what is not needed is kept, in days."""

    rejected_days: Days = 30
    """Mezzanines of takes that were not chosen."""
    log_days: Days = 90
    """Logs of attempts."""


class SequenceTerms(Entry):
    """What a show says of one of its sequences."""

    sequence: Slug = ""
    music: Text = ""
    """A file of music for its shots, relative to the list's folder."""


class ScoreWeights(Entry):
    """How much components of a take's score count; those not named count as usual (`farm.scoring.scales`)."""

    camera: Emphasis | None = None
    motion: Emphasis | None = None
    freeze: Emphasis | None = None
    likeness: Emphasis | None = None
    end_frame: Emphasis | None = None
    sharpness: Emphasis | None = None
    coherence: Emphasis | None = None
    flicker: Emphasis | None = None
    steadiness: Emphasis | None = None
    continuity: Emphasis | None = None
    clipping: Emphasis | None = None
    seam: Emphasis | None = None

    @property
    def given(self) -> Mapping[str, float]:
        """Weights by component, of those that were given."""
        return {name: float(weight) for name, weight in self if weight is not None}


class Project(Entry):
    """Defaults of a show: what its lists and shots need not repeat."""

    project: Slug = ""
    """The show's name; "" to take the list's, or its folder's."""
    fps: Rate = Fraction(24)
    size: Size = (1920, 1080)
    seed: Seed = 0

    handles: Handles = 0
    fit: FitWord = Fit.CROP
    fidelity: Share = 0.7
    negative_prompt: Text = ""
    takes: Takes = 4
    models: Names = ("animatic",)
    fallback: Name = ""
    priority: Priority = 50
    budget: Money | None = None
    targets: Names = ("review",)
    upscale: Name = AUTO
    interpolate: InterpolateWord = Interpolate.AUTO
    duration_fit: DurationFitWord = DurationFit.TRIM
    loop_method: LoopMethodWord = LoopMethod.AUTO
    upscaler: Name = "lanczos"
    """What `upscale: auto` uses for takes smaller than what is delivered."""

    sequences: tuple[SequenceTerms, ...] = ()
    """Sequences with music of their own."""
    presets: Presets = ()
    """The show's own delivery presets."""
    drop_frame: YesNo = True
    """Drop-frame timecode where the rate has one: 29.97 and 59.94."""
    provenance: YesNo = True
    """Whether deliverables carry a signed C2PA manifest of how they were made."""

    naming: NameTemplate = "{project}_{sequence}_{shot}_{product}_{version}"
    """File names of deliverables, without suffix."""
    path: PathTemplate = "{project}/{sequence}/{shot}/{product}/{version}"
    """Their folder below the output."""
    path_mapping: PathGroups = ()
    """Groups of prefixes that mean one folder: P:\\\\, /mnt/p, s3://bucket/p."""
    licences: Names = ()
    """Licences a model may have; empty for every one."""
    retention: Retention = Retention()
    score_weights: ScoreWeights = ScoreWeights()
    max_still_megapixels: Megapixels = 200


def load_config(environment: Mapping[str, str] | None = None) -> Config:
    """This machine's settings, from `environment` (by default the process's own). Raises `DocumentError`."""
    env = os.environ if environment is None else environment
    named = env.get("FARM_CONFIG", "")
    file = Path(named) if named else platformdirs.user_config_path(APP) / "config.yaml"
    cells = dict(_settings(file)) if named or file.is_file() else {}
    for name in set(Config.model_fields) - FILE_ONLY:
        variable = f"FARM_{name.upper()}"
        if env.get(variable, "").strip():
            cells[name] = Cell(env[variable], Place(variable))
    config, findings = checked(Config, cells)
    raise_errors((*findings, *doubtful(config.webhooks, cells.get("webhooks"))))
    return config


def variable(name: str) -> str:
    """What an environment variable holds that the settings name; "" where it is not set."""
    return os.environ.get(name, "").strip()


def load_project(path: Path | None, beside: Path) -> Project:
    """The project file at `path`, or else the one in the folder `beside`, or else the built-in defaults.

    Raises `DocumentError` with every bad setting and its line.
    """
    if path is None:
        path = next((file for name in PROJECT_FILES if (file := beside / name).is_file()), None)
        if path is None:
            return Project()
    cells = _settings(path)
    project, findings = checked(Project, cells)
    raise_errors(findings)
    return project


def _settings(path: Path) -> Mapping[str, Cell]:
    root = read_document(path)
    if not isinstance(root.value, Mapping):
        raise refuse(root.place, "settings belong here", 'write lines such as "fps: 25"')
    return root.value
