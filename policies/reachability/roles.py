"""What each of Azure's built-in roles lets its holder do with data, and with what guards it.

Source: learn.microsoft.com, "Azure built-in roles". The ids are the same in every tenant. A role that is not listed,
such as one somebody wrote, counts as able to do anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Flag, auto
from uuid import UUID

from infra.roles import Role


class Right(Flag):
    """What a role lets somebody do in its scope."""

    NONE = 0
    READ = auto()
    """Read blobs."""
    WRITE = auto()
    """Write blobs."""
    SECRETS = auto()
    """Read the content of secrets."""
    KEYS = auto()
    """List a store's keys, or sign with them."""
    WRAP = auto()
    """Use a key of a vault, as a store must to read what it holds."""
    SIGN_IN = auto()
    """Sign in to computers."""
    CONTROL = auto()
    """Change settings or rights: whoever may do that can make every control in the scope fail."""


ALL = ~Right.NONE
_BLOBS = Right.READ | Right.WRITE
RIGHTS: Mapping[UUID, Right] = {
    Role.READER.value: Right.NONE,
    Role.LOG_READER.value: Right.NONE,
    Role.BLOB_READER.value: Right.READ,
    Role.BLOB_WRITER.value: _BLOBS,
    Role.VAULT_READER.value: Right.NONE,
    Role.SECRETS_USER.value: Right.SECRETS,
    Role.KEY_ENCRYPTION_USER.value: Right.WRAP,
    Role.KEY_RELEASE_USER.value: Right.WRAP,
    Role.VM_USER_LOGIN.value: Right.SIGN_IN,
    UUID("1c0163c0-47e6-4577-8991-ea5c82e286e4"): Right.SIGN_IN,  # Virtual Machine Administrator Login
    UUID("b7e6dc6d-f1e8-4753-8033-0f276bb0955b"): _BLOBS,  # Storage Blob Data Owner
    UUID("db58b8e5-c6ad-4a2a-8342-4190687cbf4a"): Right.NONE,  # Storage Blob Delegator: signs for its own rights only
    UUID("c12c1c16-33a1-487b-954d-41c89c60f349"): Right.KEYS,  # Reader and Data Access
    UUID("81a9662b-bebf-436f-a333-f67b29880f12"): Right.KEYS,  # Storage Account Key Operator Service Role
    UUID("00482a5a-887f-4fb3-b363-3b7fe8e74483"): Right.SECRETS | Right.WRAP,  # Key Vault Administrator
    UUID("b86a8fe4-44ce-4948-aee5-eccb2c155cd7"): Right.SECRETS,  # Key Vault Secrets Officer
    UUID("12338af0-0e69-4776-bea7-57ae8d297424"): Right.WRAP,  # Key Vault Crypto User
    UUID("14b46e9e-c2b7-41b4-b07b-48a6ebf60603"): Right.WRAP,  # Key Vault Crypto Officer
    UUID("43d0d8ad-25c7-4714-9337-8ba259a9fe05"): Right.NONE,  # Monitoring Reader
    UUID("39bc4728-0917-49c7-9d2c-d95423bc2eb4"): Right.NONE,  # Security Reader
    UUID("fa23ad8b-c56e-40d8-ac0c-ce449e1d2c64"): Right.NONE,  # Billing Reader
    UUID("3913510d-42f4-4e42-8a64-420c390055eb"): Right.NONE,  # Monitoring Metrics Publisher
}
"""Owner, Contributor, the administrators of access and every other role that changes things are absent on purpose."""


def rights(definition: object) -> Right:
    """What the role of that definition's id lets its holder do: anything, where it is not known."""
    text = str(definition).rstrip("/").rsplit("/", 1)[-1]
    try:
        return RIGHTS.get(UUID(text), ALL)
    except ValueError:
        return ALL
