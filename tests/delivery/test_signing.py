"""Provenance: what a manifest says, that it holds, and that it is noticed when it does not."""

from __future__ import annotations

import datetime as dt

import c2pa
import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from PIL import Image

from farm.chain import Credit
from farm.config import Config, load_config
from farm.delivery.identity import TEST_ORGANISATION, generated_identity, identity
from farm.delivery.provenance import manifest
from farm.delivery.signing import MIME, Signer, Still, read_back, tried
from farm.driving import check_certificate
from farm.errors import InputError, MediaError
from farm.media import ENCODINGS, read_rgb, write_png

CREDIT = Credit(show="lake", shot="sh010", take=2, model="wan", title="Wan", revision="2.2", seed=7, trained=True,
                still="boat.jpg")  # fmt: skip


def actions(said: dict) -> list[dict]:
    (found,) = (each["data"]["actions"] for each in said["assertions"] if each["label"].startswith("c2pa.actions"))
    return found


@pytest.fixture
def still(tmp_path) -> Still:
    picture = np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)
    write_png(tmp_path / "prepared.png", picture)
    Image.fromarray(picture).save(tmp_path / "boat.jpg")
    return Still.of(tmp_path / "boat.jpg", tmp_path / "prepared.png")


@pytest.fixture
def picture(tmp_path):
    write_png(tmp_path / "clip.1001.png", np.zeros((16, 16, 3), np.uint8))
    return tmp_path / "clip.1001.png"


def test_only_a_trained_model_makes_trained_algorithmic_media():
    made = {flag: actions(manifest(CREDIT.model_copy(update={"trained": flag}), "t", "video/mp4")) for flag in (0, 1)}
    assert [each["action"] for each in made[1]] == ["c2pa.created"]
    assert made[1][0]["digitalSourceType"].endswith("/trainedAlgorithmicMedia")
    assert [each["action"] for each in made[0]] == ["c2pa.created", "c2pa.placed"]
    assert made[0][0]["digitalSourceType"].endswith("/composite")


def test_what_was_done_to_the_take_is_listed():
    credit = CREDIT.model_copy(update={"steps": ("upscale lanczos",)})
    said = actions(manifest(credit, "t", "video/mp4", additions=("a burn-in",)))
    assert [each.get("description") for each in said] == [None, "upscale lanczos", "a burn-in"]


@pytest.mark.parametrize("trained", [True, False])
def test_a_signed_file_reads_back(picture, still, trained):
    Signer(generated_identity(), CREDIT.model_copy(update={"trained": trained}), still).sign(picture, "sh010 png")

    active = read_back(picture)
    assert active["title"] == "sh010 png"
    assert active["signature_info"]["issuer"] == TEST_ORGANISATION
    (ingredient,) = active["ingredients"]
    assert (ingredient["title"], ingredient["format"]) == ("boat.jpg", "image/jpeg")
    assert ingredient["relationship"] == ("inputTo" if trained else "componentOf")
    assert ingredient["thumbnail"]["format"] == "image/jpeg"
    (take,) = (each["data"] for each in active["assertions"] if each["label"] == "farm.take")
    assert (take["seed"], take["model"], take["take"]) == (7, "wan", 2)
    assert "test key" in take["note"]
    with Image.open(picture) as image:
        assert image.size == (16, 16)
    assert not list(picture.parent.glob("signing-*"))


def test_a_file_that_is_touched_afterwards_does_not_validate(picture, still):
    Signer(generated_identity(), CREDIT, still).sign(picture, "t")
    data = bytearray(picture.read_bytes())
    data[data.index(b"IDAT") + 6] ^= 1
    picture.write_bytes(data)
    with pytest.raises(MediaError, match=r"clip\.1001\.png does not validate: assertion\.dataHash\.mismatch"):
        read_back(picture)


def test_a_file_that_lost_its_manifest_is_noticed(picture, still):
    Signer(generated_identity(), CREDIT, still).sign(picture, "t")
    write_png(picture, read_rgb(picture))
    with pytest.raises(MediaError, match="cannot be read back"):
        read_back(picture)


def test_a_stills_own_manifest_is_kept(picture, tmp_path):
    original = tmp_path / "made_elsewhere.png"
    write_png(original, np.zeros((16, 16, 3), np.uint8))
    Signer(generated_identity(), Credit(model="elsewhere", trained=True), None).sign(original, "their picture")

    Signer(generated_identity(), CREDIT, Still.of(original, original)).sign(picture, "t")

    (ingredient,) = read_back(picture)["ingredients"]
    assert ingredient["active_manifest"]


def test_a_still_that_the_library_cannot_read_goes_in_as_it_was_prepared(tmp_path):
    write_png(tmp_path / "prepared.png", np.zeros((16, 16, 3), np.uint8))
    (tmp_path / "layers.psd").write_bytes(b"8BPS")
    still = Still.of(tmp_path / "layers.psd", tmp_path / "prepared.png")
    assert (still.format, still.data) == ("image/png", (tmp_path / "prepared.png").read_bytes())


def test_every_kind_of_deliverable_holds_its_manifest_itself():
    assert {preset.suffix for preset in ENCODINGS.values()} == set(MIME)
    assert set(MIME.values()) <= set(c2pa.Builder.get_supported_mime_types())


def own(tmp_path, *, days=30, key=None, password=None, usage=None):
    """A studio's certificate, made from the test chain's parts, and its key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer = ec.generate_private_key(ec.SECP256R1())
    template = x509.load_pem_x509_certificates(generated_identity().chain)
    now = dt.datetime.now(dt.UTC)
    chain = b""
    for each, public, signer in ((template[0], key.public_key(), issuer), (template[1], issuer.public_key(), issuer)):
        draft = x509.CertificateBuilder(
            each.issuer, x509.Name.from_rfc4514_string("CN=Studio,O=Studio") if each is template[0] else each.subject,
            public, x509.random_serial_number(), now - dt.timedelta(days=60), now + dt.timedelta(days=days),
        )  # fmt: skip
        for extension in each.extensions:
            value = extension.value
            if isinstance(value, x509.SubjectKeyIdentifier):
                value = x509.SubjectKeyIdentifier.from_public_key(public)
            if isinstance(value, x509.AuthorityKeyIdentifier):
                value = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
            if isinstance(value, x509.ExtendedKeyUsage) and usage:
                value = x509.ExtendedKeyUsage([usage])
            draft = draft.add_extension(value, extension.critical)
        chain += draft.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)
    kept = BestAvailableEncryption(password) if password else NoEncryption()
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, kept))
    return tmp_path / "chain.pem", tmp_path / "key.pem"


@pytest.mark.parametrize("kind", [ec.SECP256R1, ec.SECP384R1, ed25519.Ed25519PrivateKey])
def test_a_studio_signs_with_its_own(tmp_path, picture, kind):
    key = kind.generate() if kind is ed25519.Ed25519PrivateKey else ec.generate_private_key(kind())
    signing = identity(*own(tmp_path, key=key))

    assert not signing.is_test
    assert "Studio" in signing.name
    Signer(signing, CREDIT, None).sign(picture, "t")
    active = read_back(picture, has_still=False)
    assert active["signature_info"]["issuer"] == "Studio"
    assert "test key" not in str(active)


def test_without_one_a_test_key_says_that_it_is_one():
    assert tried(None, None).is_test


def test_a_certificate_for_something_else_is_found_before_anything_is_rendered(tmp_path):
    chain, key = own(tmp_path, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    with pytest.raises((InputError, MediaError), match=r"certificate|signingCredential"):
        check_certificate(load_config({"FARM_CERTIFICATE": str(chain), "FARM_CERTIFICATE_KEY": str(key)}))
    check_certificate(Config())


def test_identities_that_cannot_sign_say_why(tmp_path):
    chain, key = own(tmp_path)
    (tmp_path / "junk").write_text("junk")
    (tmp_path / "other").write_bytes(generated_identity().key)
    assert load_pem_private_key(generated_identity().key, None)
    for paths, words in (
        ((chain, None), "FARM_CERTIFICATE is set without FARM_CERTIFICATE_KEY"),
        ((None, key), "FARM_CERTIFICATE_KEY is set without FARM_CERTIFICATE"),
        ((tmp_path / "none", key), "the certificate .*none cannot be read: No such file"),
        ((tmp_path / "junk", key), "junk holds no certificates"),
        ((chain, tmp_path / "junk"), "junk holds no private key"),
        ((chain, tmp_path / "other"), "other is not the key of the certificate"),
    ):
        with pytest.raises(InputError, match=words):
            identity(*paths)
    with pytest.raises(InputError, match="ended on"):
        identity(*own(tmp_path, days=-1))
    with pytest.raises(InputError, match="wants a passphrase"):
        identity(*own(tmp_path, password=b"secret"))
