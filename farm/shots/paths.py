r"""Where pictures lie: paths in lists become absolute paths or URLs, and one function says which may be read.

    P:\shots\a.png ──path mapping──▶ /mnt/p/shots/a.png ──allowed roots──▶ fine, or refused
    stills/a.png   ──list's folder─▶ /jobs/demo/stills/a.png

Whether a file is there is not asked here: a missing still fails its own shot only.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from farm.shots.reading.values import BadValue, closest, quoted, text

SCHEMES = ("s3", "gs", "gcs", "az", "abfs", "abfss", "https", "http", "memory")
"""URLs that may stand in a list; `file://` becomes a path."""

MAX_PATH = 4096

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\|//")


@dataclass(frozen=True, slots=True)
class Allowed:
    """Which paths may be read: anything under `roots` (folders or URL prefixes), or anything at all for None."""

    roots: tuple[str, ...] | None = None

    def check(self, location: str) -> str:
        """`location` as it may be read: links resolved where roots hold. Raises `BadValue` outside of them."""
        if self.roots is None:
            return location
        if _URL.match(location):
            if ".." not in unquote(location).split("/") and any(_below(location, root) for root in self.roots):
                return location
        else:
            real = _real(Path(location))
            if any(real.is_relative_to(_real(Path(root))) for root in self.roots if not _URL.match(root)):
                return str(real)
        raise BadValue(f"{quoted(location)} lies outside the folders this farm may read", "move it under one of them")


ANYWHERE = Allowed()


def resolve(written: str, folder: Path, mapping: Sequence[Sequence[str]] = (), allowed: Allowed = ANYWHERE) -> str:
    """The absolute path or URL of a file named in a list that lies in `folder`. Raises `BadValue`."""
    found = text(written)
    if len(found) > MAX_PATH or "\n" in found:
        raise BadValue(f"{quoted(found)} is no path", "name one file")
    if found.startswith("~"):
        raise BadValue("~ is not expanded inside lists", "write the whole path, or one relative to the list")
    return allowed.check(_located(mapped(found, mapping), folder))


def mapped(location: str, mapping: Sequence[Sequence[str]]) -> str:
    """`location` with the longest known prefix replaced by its equivalent on this machine."""
    found = max(
        ((prefix, group) for group in mapping for prefix in group if _below(location, prefix)),
        key=lambda match: len(match[0]),
        default=None,
    )
    if found is None:
        return location
    prefix, group = found
    rest = location[len(prefix.rstrip("/\\")) :].replace("\\", "/").lstrip("/")
    return f"{_here(group).rstrip('/')}/{rest}"


def _here(group: Sequence[str]) -> str:
    """The member of a group to use on this machine: the first folder that is there, else the first it could have."""
    usable = [prefix for prefix in group if _URL.match(prefix) or _is_native(prefix)]
    there = [prefix for prefix in usable if _URL.match(prefix) or Path(prefix).is_dir()]
    return (there or usable or list(group))[0]


def _is_native(prefix: str) -> bool:
    return bool(_WINDOWS.match(prefix)) == (os.name == "nt")


def _below(location: str, prefix: str) -> bool:
    """True when `location` is `prefix` or lies in it; slashes are alike, and Windows prefixes have no case."""
    whole, start = (part.replace("\\", "/") for part in (location, prefix))
    start = start.rstrip("/")
    if _WINDOWS.match(prefix):
        whole, start = whole.casefold(), start.casefold()
    return whole == start or whole.startswith(f"{start}/")


def _located(location: str, folder: Path) -> str:
    if url := _URL.match(location):
        return _url(location, url[1].lower())
    if "://" in location:
        raise BadValue(f"{quoted(location)} is no URL", "write s3://bucket/name.png")
    if _WINDOWS.match(location) and os.name != "nt":
        raise BadValue(
            f"{quoted(location)} is a Windows path, and nothing says where that is here",
            "add its prefix to path_mapping in the project file",
        )
    native = location if os.name == "nt" else location.replace("\\", "/")
    return spelled(os.path.abspath(folder / native))  # noqa: PTH100  Path.absolute keeps "..", resolve follows links


def spelled(path: str) -> str:
    """An absolute path as the disk spells it: a Mac writes "é" as two characters, and lists as one, or the reverse.

    Where no file is there under another spelling either, it stays as it was written.
    """
    if path.isascii() or _is_there(path):
        return path
    found = Path(path).anchor
    for step in Path(path).parts[1:]:
        tries = (step, *(unicodedata.normalize(form, step) for form in ("NFC", "NFD")))
        steps = (os.path.join(found, each) for each in tries)  # noqa: PTH118  plain text, as it came
        found = next((each for each in steps if _is_there(each)), "")
        if not found:
            return path
    return found


def _is_there(path: str) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:  # a zero byte
        return False


def _url(location: str, scheme: str) -> str:
    if "::" in location:
        raise BadValue(f"{quoted(location)} chains two file systems", "name the file itself")
    if scheme in SCHEMES:
        return location
    if scheme != "file":
        raise BadValue(f"{scheme}:// is not read by the farm", closest(scheme, ["file", *SCHEMES]))
    try:
        parts = urlsplit(location)
    except ValueError:
        raise BadValue(f"{quoted(location)} is no URL", "write file:///folder/name.png") from None
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/") or not path.isprintable():
        raise BadValue(f"{quoted(location)} names another machine", "write file:///folder/name.png")
    return spelled(os.path.abspath(path))  # noqa: PTH100


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        raise BadValue(f"{quoted(str(path))} cannot be followed", "check its links") from None
