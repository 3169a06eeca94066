"""Paths in lists: mapped, made absolute, and held to the roots."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from farm.shots.paths import ANYWHERE, Allowed, mapped, resolve
from farm.shots.reading.values import BadValue

MAPPING = (("P:\\", "/mnt/p"), ("/mnt/b", "s3://bucket/p"), ("/mnt/p/old", "/mnt/archive"), ("//srv/art", "/mnt/art"))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a.png", "/jobs/demo/a.png"),
        ("stills/./x/../a.png", "/jobs/demo/stills/a.png"),
        ("stills\\a.png", "/jobs/demo/stills/a.png"),
        ("../a.png", "/jobs/a.png"),
        ("/abs/a.png", "/abs/a.png"),
        ("s3://b/a.png", "s3://b/a.png"),
        ("file:///abs/a%20b.png", "/abs/a b.png"),
        ("file://localhost/abs/a.png", "/abs/a.png"),
        ("-rf.png", "/jobs/demo/-rf.png"),
        ("concat:a.png|b.png", "/jobs/demo/concat:a.png|b.png"),
        (" a.png ", "/jobs/demo/a.png"),
    ],
)
def test_a_path_becomes_absolute(written: str, found: str) -> None:
    assert resolve(written, Path("/jobs/demo")) == found


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("P:\\shots\\a.png", "/mnt/p/shots/a.png"),
        ("p:/shots/a.png", "/mnt/p/shots/a.png"),
        ("s3://bucket/p/a.png", "s3://bucket/p/a.png"),
        ("/mnt/b/a.png", "s3://bucket/p/a.png"),
        ("s3://bucket/pq/a.png", "s3://bucket/pq/a.png"),
        ("/mnt/p/a.png", "/mnt/p/a.png"),
        ("/mnt/private/a.png", "/mnt/private/a.png"),
        ("/mnt/p/old/a.png", "/mnt/p/old/a.png"),
        ("/mnt/archive/a.png", "/mnt/p/old/a.png"),
        ("\\\\srv\\art\\a.png", "/mnt/art/a.png"),
        ("a.png", "a.png"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="which prefix is native depends on the machine")
def test_the_longest_prefix_is_replaced_by_this_machine_s(written: str, found: str) -> None:
    assert mapped(written, MAPPING) == found


def test_the_first_folder_that_is_there_is_used(tmp_path: Path) -> None:
    group = ("P:\\", "/nowhere/p", str(tmp_path), "s3://bucket/p")
    assert mapped("P:\\a.png", [group]) == f"{tmp_path}/a.png"
    assert mapped("P:\\a.png", [("P:\\", "/nowhere/p", "s3://bucket/p")]) == "s3://bucket/p/a.png"
    assert mapped("P:\\a.png", [("P:\\", "/nowhere/p")]) == "/nowhere/p/a.png"


@pytest.mark.parametrize(
    "written",
    [
        "~/a.png", "~root/a.png", "P:\\a.png", "\\\\host\\share\\a.png", "ftp://x/a", "simplecache::s3://b/a",
        "s3://b/x::zip://a", "file://host/a.png", "file:relative://", "a\nb.png", "a\0b", "x" * 5000,
        "file:///a%00b", "data://text/x", "file://[",
    ],
)  # fmt: skip
@pytest.mark.skipif(os.name == "nt", reason="drive letters are paths there")
def test_what_no_list_may_name(written: str) -> None:
    with pytest.raises(BadValue):
        resolve(written, Path("/jobs"))


def test_roots_hold_paths_in(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
    (inside / "leak").symlink_to(outside)
    (inside / "fine").symlink_to(inside)
    (tmp_path / "alias").symlink_to(inside)
    allowed = Allowed((str(inside), "s3://bucket/show/"))
    assert resolve("a.png", inside, allowed=allowed) == str(inside / "a.png")
    assert resolve("fine/a.png", inside, allowed=allowed) == str(inside / "a.png")
    assert resolve("alias/a.png", tmp_path, allowed=allowed) == str(inside / "a.png")
    assert resolve("s3://bucket/show/a.png", inside, allowed=allowed) == "s3://bucket/show/a.png"
    for written in (
        "../out/a.png", "leak/a.png", str(outside), f"file://{outside}/a", "/etc/passwd", "s3://bucket/shows/a",
        "s3://bucket/show/../x", "s3://bucket/show/%2e%2e/x", "https://bucket/show/a", f"{inside}-2/a.png",
    ):  # fmt: skip
        with pytest.raises(BadValue, match="lies outside the folders this farm may read"):
            resolve(written, inside, allowed=allowed)


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(BadValue, match="cannot be followed"):
        Allowed((str(tmp_path),)).check(f"{tmp_path}/a/x.png")


def test_without_roots_anything_goes() -> None:
    assert ANYWHERE.check("/etc/passwd") == "/etc/passwd"
    with pytest.raises(BadValue):
        Allowed(()).check("/etc/passwd")
