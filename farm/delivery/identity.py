"""Who signs: a studio's own certificate and key, or a test key generated here that proves nothing.

C2PA asks for a chain of certificates, the signer's first, none of which signs itself but the last, and an extended key
usage such as e-mail protection. The test chain has both, and says in its names what it is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from farm.errors import InputError

TEST_ORGANISATION = "farm test key, not to be trusted"
_TEST_YEARS = 10
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate chain and its key, ready to sign with."""

    chain: bytes
    """PEM, the signer's certificate first."""
    key: bytes = field(repr=False)
    """PEM, PKCS #8, without a passphrase."""
    algorithm: str
    name: str
    """Whose it is, in words."""
    expires: dt.datetime
    is_test: bool = False


def identity(certificate: Path | None, key: Path | None) -> Identity:
    """The studio's own, or a test identity where there is none. Raises `InputError` for one that cannot sign."""
    if certificate is None and key is None:
        return generated_identity()
    if certificate is None or key is None:
        given, wanted = ("FARM_CERTIFICATE", "FARM_CERTIFICATE_KEY")[:: 1 if certificate else -1]
        raise InputError(f"{given} is set without {wanted} (deliverables are signed with both, or with a test key)")
    chain, secret = _read(certificate, "certificate"), _read(key, "key")
    return _identity(_certificates(chain, certificate), chain, _private(secret, key), str(key))


@cache
def generated_identity() -> Identity:
    """An identity of this process's own. It signs as well as any, and nobody has a reason to trust it."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate(_name("farm test root"), _name("farm test root"), root_key, root_key, is_root=True)
    own = _certificate(_name("farm test"), _name("farm test root"), key, root_key, is_root=False)
    chain = own.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)
    return Identity(chain, _pem(key), "es256", TEST_ORGANISATION, own.not_valid_after_utc, is_test=True)


def _identity(certificates: list[x509.Certificate], chain: bytes, key: PrivateKeyTypes, where: str) -> Identity:
    own = certificates[0]
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if own.public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        raise InputError(f"{where} is not the key of the certificate (FARM_CERTIFICATE, FARM_CERTIFICATE_KEY)")
    if own.not_valid_after_utc < dt.datetime.now(dt.UTC):
        raise InputError(
            f"the certificate that deliverables are signed with ended on {own.not_valid_after_utc:%Y-%m-%d}"
        )
    return Identity(chain, _pem(key), _algorithm(key, where), own.subject.rfc4514_string(), own.not_valid_after_utc)


def _algorithm(key: PrivateKeyTypes, where: str) -> str:
    match key:
        case ed25519.Ed25519PrivateKey():
            return "ed25519"
        case rsa.RSAPrivateKey():
            return "ps256"
        case ec.EllipticCurvePrivateKey() if key.curve.name in _CURVES:
            return _CURVES[key.curve.name]
        case _:
            raise InputError(f"{where} is of a kind that C2PA does not sign with (use P-256, Ed25519 or RSA)")


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the {what} {path} cannot be read: {error.strerror or error}") from error


def _certificates(pem: bytes, path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise InputError(f"{path} holds no certificates (export the chain as PEM)") from error


def _private(pem: bytes, path: Path) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, None)
    except TypeError as error:
        raise InputError(
            f"the key {path} wants a passphrase (store it without one, where only the farm reads)"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path} holds no private key (export it as PEM)") from error


def _pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(common: str) -> x509.Name:
    attributes = {NameOID.ORGANIZATION_NAME: TEST_ORGANISATION, NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, words) for kind, words in attributes.items()])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_root: bool,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_root,
        crl_sign=is_root,
        encipher_only=False,
        decipher_only=False,
    )
    draft = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365 * _TEST_YEARS))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not is_root:
        draft = draft.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return draft.sign(issuer_key, hashes.SHA256())
