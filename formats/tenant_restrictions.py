"""Tenant restrictions: sign-in to the estate's tenant alone, by headers that the firewall inserts.

The firewall must decrypt sign-ins for that. It issues their certificates with an intermediate certificate authority of
the organisation, which computers trust by the organisation's root. Facts: docs/azure-facts.md#tenant-restrictions,
#certificate-authority-of-a-firewall.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from formats.input_model import Model
from formats.validation import InvalidValue

MAX_ROOTS = 3
MAX_CHARACTERS, MAX_URL = 10_000, 300
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----\n(?:[A-Za-z0-9+/=]{1,76}\n)+-----END CERTIFICATE-----")
SECRET_URL = re.compile(
    r"https://[a-z][a-z0-9-]{1,22}[a-z0-9]\.vault\.azure\.net/secrets/([A-Za-z0-9-]{1,127})/[0-9a-f]{32}"
)


def refuse_private_key(value: object) -> object:
    """Refuse a value with a private key anywhere in it, before any other check could show it in a message."""
    if "PRIVATE KEY" in repr(value):
        raise InvalidValue("certificates, without a private key", found="a private key",
                           problem="A private key is in the file.",
                           fix="Remove it here and from the history of the file, and replace the certificate "
                           "authority: whoever reads the file can sign as it.")  # fmt: skip
    return value


def _certificate(value: object) -> str:
    """Require one PEM certificate and nothing else, and return it without blanks around its lines."""
    lines = value.strip().splitlines() if isinstance(value, str) and len(value) <= MAX_CHARACTERS else []
    found = "\n".join(line.strip() for line in lines)
    if not _BLOCK.fullmatch(found):
        raise InvalidValue(
            "one certificate in PEM form: -----BEGIN CERTIFICATE-----, lines of base64, -----END CERTIFICATE-----",
            found=f"{len(str(value))} characters of another form",
        )
    return f"{found}\n"


def _secret_url(value: object) -> str:
    """Require the URL of one version of a secret in a key vault."""
    if not isinstance(value, str) or not SECRET_URL.fullmatch(value):
        is_url = isinstance(value, str) and value.startswith("https://") and len(value) <= MAX_URL
        raise InvalidValue(
            "the URL of a secret in a key vault, with its version: "
            "https://<vault>.vault.azure.net/secrets/<name>/<32 digits of 0-9 and a-f>",
            found=value if is_url else f"{len(str(value))} characters of another form",
            fix="az keyvault certificate show --vault-name <vault> --name <name> --query sid",
        )
    return value


Certificate = Annotated[str, BeforeValidator(_certificate)]
"""A certificate in PEM form."""
SecretUrl = Annotated[str, BeforeValidator(_secret_url)]
"""The URL of one version of a secret."""
Roots = Annotated[tuple[Certificate, ...], Field(max_length=MAX_ROOTS), BeforeValidator(refuse_private_key)]
"""The certificates of root certificate authorities."""


class TenantRestrictions(Model):
    """How the firewall lets people sign in to the estate's tenant alone."""

    root_certificates: Roots = Field(min_length=1)
    """The certificates of the organisation's root certificate authorities, which computers trust from their first boot:
    the present one, and during a change the next one too."""
    certificate_authority: SecretUrl | None = None
    """The secret with the certificate and key of the intermediate certificate authority, in a key vault of the
    organisation. None: computers are prepared, and the firewall decrypts nothing."""

    @model_validator(mode="before")
    @classmethod
    def _without_private_key(cls, value: object) -> object:
        return refuse_private_key(value)

    @property
    def authority_name(self) -> str | None:
        """The name of the secret."""
        found = SECRET_URL.fullmatch(self.certificate_authority or "")
        return found[1] if found else None
