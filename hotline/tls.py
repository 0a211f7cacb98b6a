"""A local certificate authority and a server certificate for the panel, made with ``cryptography``.

Browsers open the microphone only over HTTPS, and personal data does not travel in the clear. The CA
signs for this hotline only; whoever trusts it trusts the key file beside it, so that file is 0600.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
SERVER_DAYS = 397  # browsers refuse longer ones
CLOCK_SKEW = timedelta(hours=1)


@dataclass(frozen=True)
class MadeCertificates:
    """Where the certificates are, what they are for, and whether they are new."""

    ca: Path
    certificate: Path
    key: Path
    names: tuple[str, ...]
    until: datetime
    new: bool


def make(folder: Path, names: Iterable[str] = (), *, renew: bool = False) -> MadeCertificates:
    """Make what is missing in ``folder`` (0700): ``hotline-ca.crt/.key`` and ``server.crt/.key``.

    The certificate names localhost, 127.0.0.1, ::1, this host's name and ``names``. Raises ``OSError``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    ca_path, certificate_path, key_path = (
        folder / "hotline-ca.crt",
        folder / "server.crt",
        folder / "server.key",
    )
    if certificate_path.exists() and key_path.exists() and not renew:
        present = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        return MadeCertificates(
            ca_path, certificate_path, key_path, _names_in(present), present.not_valid_after_utc, new=False
        )

    ca, ca_key = _authority(ca_path, folder / "hotline-ca.key")
    all_names = tuple(dict.fromkeys(["localhost", "127.0.0.1", "::1", socket.gethostname(), *names]))
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(all_names[3]), ca.subject, key.public_key(), SERVER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in all_names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    _write(key_path, _pem(key))
    _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
    return MadeCertificates(ca_path, certificate_path, key_path, all_names, certificate.not_valid_after_utc, new=True)


def _authority(path: Path, key_path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    if path.exists() and key_path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return x509.load_pem_x509_certificate(path.read_bytes()), key
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Hotline local CA ({socket.gethostname()})")
    certificate = (
        _builder(name, name, key.public_key(), CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True
        )  # certificates and revocation lists, nothing else
        .sign(key, hashes.SHA256())
    )
    _write(key_path, _pem(key))
    _write(path, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode() if not name.isascii() else name)


def _names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(str(name.value) for name in names)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    temporary = path.with_suffix(path.suffix + ".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)
