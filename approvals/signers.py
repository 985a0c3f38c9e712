"""Private keys: in files that a passphrase encrypts, and in Azure Key Vault."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from approvals.public_keys import Algorithm, PublicKey, normalised
from formats.errors import Failed, InputError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

MAX_PEM = 16 << 10
MIN_PASSPHRASE = 12


@dataclass(frozen=True)
class KeySigner:
    """A private key in memory."""

    private: Ed25519PrivateKey | EllipticCurvePrivateKey

    @property
    def key(self) -> PublicKey:
        """The public half."""
        return PublicKey.of(self.private.public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message."""
        return _one_form(bytes.fromhex(CryptoSigner(self.private).sign(message).signature), self.key.algorithm)

    @classmethod
    def new(cls, algorithm: Algorithm) -> KeySigner:
        """Return a new key."""
        return cls(
            Ed25519PrivateKey.generate() if algorithm is Algorithm.ED25519 else generate_private_key(SECP256R1())
        )

    @classmethod
    def read(cls, pem: bytes, passphrase: str, *, where: str) -> KeySigner:
        """Return the key in a PEM text that a passphrase encrypts. `InputError` for any other."""
        try:
            private = load_pem_private_key(pem, passphrase.encode())
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise InputError("The key cannot be decrypted.", file=where, allowed="a PEM file of PKCS#8, encrypted",
                             fix="check the file and its passphrase") from None  # fmt: skip
        is_p256 = isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1)
        if not (is_p256 or isinstance(private, Ed25519PrivateKey)):
            raise InputError("The key cannot sign approvals.", file=where, found=type(private).__name__,
                             allowed="Ed25519, or ECDSA on P-256")  # fmt: skip
        return cls(private)  # type: ignore[arg-type]

    def encrypted(self, passphrase: str) -> bytes:
        """Return the key as PEM, encrypted. `InputError` for a short passphrase."""
        if len(passphrase) < MIN_PASSPHRASE:
            raise InputError("The passphrase is too short.", key="SDE_APPROVER_PASSPHRASE",
                             allowed=f"{MIN_PASSPHRASE} characters or more")  # fmt: skip
        return self.private.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode())
        )


def read_key_file(file: Path, passphrase: str) -> KeySigner:
    """Return the key in a file. `InputError` if it cannot be read."""
    try:
        with file.open("rb") as stream:
            pem = stream.read(MAX_PEM + 1)
    except OSError as error:
        raise InputError("The key cannot be read.", file=str(file), found=error.strerror) from None
    return KeySigner.read(pem, passphrase, where=str(file))


@dataclass(frozen=True)
class VaultSigner:
    """A key on P-256 in Azure Key Vault, which signs there: Key Vault has no Ed25519.

    Source: docs/azure-facts.md#keys-that-sign-in-key-vault
    """

    url: str
    """Its id: https://<vault>.vault.azure.net/keys/<name>/<version>."""
    credential: TokenCredential
    key: PublicKey
    options: dict[str, Any]

    @classmethod
    def open(cls, url: str, credential: TokenCredential, **options: Any) -> VaultSigner:
        """Return the signer of a key. `InputError` if it is not on P-256, `Failed` if Key Vault refuses."""
        from azure.core.exceptions import AzureError  # noqa: PLC0415 - slow, and for keys in Azure alone
        from azure.keyvault.keys import KeyClient, KeyVaultKeyIdentifier  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicNumbers  # noqa: PLC0415

        try:
            place = KeyVaultKeyIdentifier(url)
            with KeyClient(place.vault_url, credential, **options) as client:
                found = client.get_key(place.name, place.version)
        except ValueError:
            raise InputError("This is not the id of a key.", key="--key", found=url,
                             allowed="https://<vault>.vault.azure.net/keys/<name>/<version>") from None  # fmt: skip
        except AzureError as error:
            raise Failed(f"Key Vault did not return the key {url}: {error.message}") from None
        jwk: Any = found.key  # its attributes are set from a list of names
        if jwk.kty not in ("EC", "EC-HSM") or jwk.crv != "P-256" or not found.id or not found.properties.version:
            raise InputError("The key cannot sign approvals.", key="--key", found=f"{jwk.kty}, {jwk.crv}",
                             allowed="an EC or EC-HSM key on P-256")  # fmt: skip
        numbers = EllipticCurvePublicNumbers(int.from_bytes(jwk.x), int.from_bytes(jwk.y), SECP256R1())
        return cls(found.id, credential, PublicKey.of(numbers.public_key()), options)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message. `Failed` if Key Vault refuses."""
        from hashlib import sha256  # noqa: PLC0415 - beside the client's

        from azure.core.exceptions import AzureError  # noqa: PLC0415 - slow, and for keys in Azure alone
        from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature  # noqa: PLC0415

        try:
            with CryptographyClient(self.url, self.credential, **self.options) as client:
                raw = client.sign(SignatureAlgorithm.es256, sha256(message).digest()).signature
        except AzureError as error:
            raise Failed(f"Key Vault did not sign with {self.url}: {error.message}") from None
        r, s = int.from_bytes(raw[:32]), int.from_bytes(raw[32:])
        return _one_form(encode_dss_signature(r, s), Algorithm.ES256)


def _one_form(signature: bytes, algorithm: Algorithm) -> bytes:
    return (normalised(signature) or signature) if algorithm is Algorithm.ES256 else signature
