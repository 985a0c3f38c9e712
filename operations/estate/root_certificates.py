"""The root certificate authorities of the organisation, as certificates: what computers may trust.

Source: RFC 5280, 4.2.1.3 (key usage) and 4.2.1.9 (basic constraints).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from formats.locations import Location
from formats.tenant_restrictions import TenantRestrictions
from formats.validation import InvalidValue, refuse_duplicates

MIN_RSA_BITS, MIN_CURVE_BITS = 2048, 256
WEAK_HASHES = ("md5", "sha1")


def checked_roots(restrictions: TenantRestrictions) -> TenantRestrictions:
    """Refuse, with `InvalidValue`, what is not the certificate of a root certificate authority."""
    certificates = restrictions.root_certificates
    for index, text in enumerate(certificates):
        _check(text, at=("root_certificates", index))
    named = ((("root_certificates", i), text) for i, text in enumerate(certificates))
    refuse_duplicates(named, "The same root certificate is named twice.")
    return restrictions


def first_expiry(certificates: Iterable[str]) -> date:
    """Return the last day (UTC) of the certificate that expires first."""
    return min(x509.load_pem_x509_certificate(text.encode()).not_valid_after_utc.date() for text in certificates)


def _check(text: str, at: Location) -> None:
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        key, name = certificate.public_key(), certificate.subject.rfc4514_string()
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = _usage(certificate)
    except x509.ExtensionNotFound:
        is_authority, usage = False, None
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise InvalidValue("a certificate (X.509)", at=at, found="base64 that is no certificate") from None

    def refuse(problem: str, allowed: str, fix: str) -> InvalidValue:
        return InvalidValue(allowed, problem=problem, at=at, found=name, fix=fix)

    if not is_authority or (usage and not usage.key_cert_sign):
        raise refuse(
            "This certificate is not of a certificate authority.",
            "a certificate with CA:TRUE and, if it limits the use of its key, the use to sign certificates",
            "Name the certificate of the root that has signed the intermediate certificate authority.",
        )
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature):
        raise refuse(
            "This certificate is not of a root: another one has signed it.",
            "a certificate that signs itself",
            "Name the certificate of the root. The firewall sends that of the intermediate.",
        ) from None
    hash_ = certificate.signature_hash_algorithm
    is_strong = (isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS) or (
        isinstance(key, EllipticCurvePublicKey) and key.key_size >= MIN_CURVE_BITS
    )
    if not is_strong or hash_ is None or hash_.name in WEAK_HASHES:
        raise refuse(
            "This certificate is too weak.",
            f"RSA of {MIN_RSA_BITS} bits or more, or an elliptic curve of {MIN_CURVE_BITS} bits or more, signed with "
            "SHA-256 or better",
            "Use a newer root of the organisation.",
        )


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
