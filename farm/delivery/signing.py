"""Signing a finished file, and reading back what it then says. Nothing may touch the file afterwards.

    file ─▶ c2pa.Builder (manifest, still as ingredient) ─▶ signed file ─▶ c2pa.Reader: valid, complete

The library hashes files in pieces of 256 MB, two at a time: signing a large movie takes half a gigabyte, however large.

Every file of a sequence is signed by itself: frames are pulled apart and copied one by one, and a manifest beside them
would be bound to one of them, or to none.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa
from PIL import Image

from farm.chain import Credit
from farm.delivery.identity import Identity, identity
from farm.delivery.provenance import ingredient, manifest
from farm.errors import InputError, MediaError
from farm.media.picture import FORMATS, decoding

MIME: Mapping[str, str] = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
"""By suffix, what the farm delivers: all of it holds its manifest itself."""

_STILLS = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "TIFF": "image/tiff", "WEBP": "image/webp"}
"""By Pillow's name, the stills that the library reads."""

_ACCEPTED = frozenset({"signingCredential.untrusted"})
"""What may be said against a signature of ours: whom to trust is for whoever reads it."""

_THUMBNAIL_PX = 256
_SETTINGS: dict[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "verify_after_sign": False},
}
"""Nothing is fetched, nothing is made up. The library would check what it signed; `read_back` does, from the disk."""


@dataclass(frozen=True, slots=True)
class Still:
    """The still as an ingredient: a file that the library can read, and a small picture of it."""

    data: bytes
    format: str
    thumbnail: bytes

    @classmethod
    def of(cls, original: Path, prepared: Path) -> Still:
        """The file as it was handed in, with its own manifest if it has one; else what was prepared of it, a PNG."""
        with Image.open(prepared) as image:
            image.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
            thumbnail = _encoded(image, "JPEG")
        format_ = _STILLS.get(_kind(original))
        return cls((original if format_ else prepared).read_bytes(), format_ or "image/png", thumbnail)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs files of one clip."""

    identity: Identity
    credit: Credit
    still: Still | None

    def sign(self, path: Path, title: str, additions: tuple[str, ...] = ()) -> None:
        """Give the file its manifest, and read it back.

        Raises `InputError` where the identity cannot sign, `MediaError` where what was written does not validate.
        """
        format_ = MIME[path.suffix]
        said = manifest(
            self.credit,
            title,
            format_,
            has_still=self.still is not None,
            additions=additions,
            is_test=self.identity.is_test,
        )
        signed = path.with_name(f"signing-{path.name}")
        try:
            with c2pa.Context.from_dict(_SETTINGS) as context, c2pa.Builder(said, context=context) as builder:
                self._add_still(builder)
                with path.open("rb") as source, signed.open("w+b") as target, self._signer() as signer:
                    builder.sign(signer, format_, source, target)
            signed.replace(path)
        except c2pa.C2paError as error:
            raise InputError(
                f"{path.name} cannot be signed by {self.identity.name}: {error} (farm doctor checks the certificate)"
            ) from error
        finally:
            signed.unlink(missing_ok=True)
        read_back(path, has_still=self.still is not None)

    def _add_still(self, builder: c2pa.Builder) -> None:
        if self.still is None:
            return
        said = ingredient(self.credit)
        builder.add_resource(said["thumbnail"]["identifier"], io.BytesIO(self.still.thumbnail))
        builder.add_ingredient(said, self.still.format, io.BytesIO(self.still.data))

    def _signer(self) -> c2pa.Signer:
        own = self.identity
        return c2pa.Signer.from_info(c2pa.C2paSignerInfo(own.algorithm, own.chain, own.key, None))


def read_back(path: Path, *, has_still: bool = True) -> dict[str, Any]:
    """The active manifest of a signed file. Raises `MediaError` unless it validates and is complete."""
    try:
        with (
            c2pa.Context.from_dict(_SETTINGS) as context,
            path.open("rb") as source,
            c2pa.Reader(MIME[path.suffix], source, context=context) as reader,
        ):
            found = json.loads(reader.json())
            state, results = reader.get_validation_state(), reader.get_validation_results() or {}
    except c2pa.C2paError as error:
        raise MediaError(f"the provenance of {path.name} cannot be read back: {error}") from error
    against = {said["code"] for said in results.get("activeManifest", {}).get("failure", [])} - _ACCEPTED
    if state not in {"Valid", "Trusted"} or against:
        raise MediaError(f"the provenance of {path.name} does not validate: {', '.join(sorted(against)) or state}")
    active = found["manifests"][found["active_manifest"]]
    if has_still and not active.get("ingredients"):
        raise MediaError(f"the provenance of {path.name} lost its still")
    return active


def tried(certificate: Path | None, key: Path | None) -> Identity:
    """The identity of these files, having signed a picture and read it back. Raises `InputError`, `MediaError`."""
    found = identity(certificate, key)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trial.png"
        Image.new("RGB", (16, 16)).save(path)
        Signer(found, Credit(shot="trial"), None).sign(path, "trial")
    return found


def _kind(path: Path) -> str:
    """Pillow's name for the format; "" for a layered document."""
    try:
        with decoding(path.name), Image.open(path, formats=FORMATS) as image:
            return image.format or ""
    except InputError:
        return ""


def _encoded(image: Image.Image, format_: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_)
    return buffer.getvalue()
