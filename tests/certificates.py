"""Certificates for tests: of a root certificate authority, and of what is none. They are for tenant restrictions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.operations.estates import TODAY

AUTHORITY = "https://kv-organisation-pki.vault.azure.net/secrets/firewall-ca/0123456789abcdef0123456789abcdef"
"""The secret with the intermediate certificate authority of the firewall."""


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate(
    name: str = "Root",
    *,
    issuer: str = "",
    ca: bool = True,
    days: int = 3650,
    signs: bool = True,
    extended: bool = True,
) -> str:
    """Return a certificate in PEM form. `issuer`: the name of another certificate authority that has signed it."""
    start = datetime.combine(TODAY, datetime.min.time(), UTC) - timedelta(days=365)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer or name))
        .public_key(_key(name).public_key())
        .serial_number(7)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 + days))
    )
    if extended:
        usage = dict.fromkeys(
            (
                *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
                *("crl_sign", "encipher_only", "decipher_only"),
            ),
            False,
        )
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        builder = builder.add_extension(x509.KeyUsage(**usage, key_cert_sign=signs), critical=True)
    signed = builder.sign(_key(issuer or name), hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def private_key(name: str = "Root") -> str:
    """Return the private key of a certificate in PEM form."""
    return _key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def restrictions(**more: Any) -> dict[str, Any]:
    """Return the value of `tenant_restrictions` in estate.yaml with which the firewall decrypts sign-ins."""
    return {"root_certificates": [certificate()], "certificate_authority": AUTHORITY} | more


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
