"""Where a job store lies: one folder per output, never on a network file system."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.errors import InputError
from farm.store import state
from farm.store.jobs import JobStore
from farm.store.state import network_kind, state_folder


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s3://bucket/demo", "s3://bucket/demo/"),
        ("/farm/out", "file:///farm/out"),
        ("/farm/out", "/farm/x/../out/"),
        ("out", "./out"),
    ],
)
def test_spellings_of_one_output_share_a_folder(one: str, other: str) -> None:
    assert state_folder(Path("/state"), one) == state_folder(Path("/state"), other)


def test_a_link_to_an_output_is_that_output(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert state_folder(tmp_path, str(tmp_path / "link")) == state_folder(tmp_path, str(tmp_path / "real"))


def test_outputs_have_folders_of_their_own() -> None:
    urls = ["/a/demo", "/b/demo", "s3://a/demo", "s3://b/demo", "s3://a", "memory://a", "/", "s3://a/場面", "/a/Demo"]
    folders = [state_folder(Path("/state"), url) for url in urls]
    assert len(set(folders)) == len(urls)
    assert {folder.parent for folder in folders} == {Path("/state")}
    assert folders[0].name.startswith("demo-")
    assert folders[6].name.startswith("farm-")


MOUNTS = r"""
/dev/sda1 / ext4 rw 0 0
proc /proc proc rw 0 0
nas:/shows /mnt/shows nfs4 rw 0 0
/dev/sdb1 /mnt/shows/local xfs rw 0 0
//nas/art /mnt/the\040art cifs rw 0 0
me@host:/ /mnt/ssh fuse.sshfs rw 0 0
overlay /home fuse.fuse-overlayfs rw 0 0
/dev/sdc1 /mnt/usb fuseblk rw 0 0
drive /mnt/drive 9p rw 0 0
tmp /scratch tmpfs rw 0 0
nas:/over /scratch nfs rw 0 0
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/farm", ""),
        ("/mnt/shows/state", "nfs4"),
        ("/mnt/shows", "nfs4"),
        ("/mnt/shows2", ""),
        ("/mnt/shows/local/state", ""),
        ("/mnt/the art/state", "cifs"),
        ("/mnt/ssh/x", "fuse.sshfs"),
        ("/home/me/.local/state", ""),
        ("/mnt/usb", ""),
        ("/mnt/drive/x", "9p"),
        ("/scratch/x", "nfs"),
    ],
)
def test_network_file_systems_are_known(path: str, kind: str) -> None:
    assert network_kind(Path(path), MOUNTS) == kind


def test_a_job_store_on_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nnas:/ {tmp_path.resolve()} nfs4 rw 0 0\n")
    monkeypatch.setattr(state, "MOUNTS", mounts)
    with pytest.raises(InputError, match=r"network file system \(nfs4\).*set FARM_STATE"):
        JobStore.open(tmp_path / "state")
    assert not (tmp_path / "state").exists()


def test_without_a_list_of_mounts_nothing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MOUNTS", tmp_path / "none")
    JobStore.open(tmp_path / "state").close()
