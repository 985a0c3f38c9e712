"""What a ledger records of a stack's state, the same for both engines and every backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formats.plan import digest_of


@dataclass(frozen=True)
class StateRecord:
    """The digest of a state with resources, and what it marks for deletion."""

    digest: str
    """`sha256:` and the hash of its resources and pending operations, with secrets as they are stored, encrypted."""
    pending_deletes: tuple[str, ...] = ()
    """The URNs of resources that were replaced or removed, and whose delete has not succeeded: they still exist."""
    ids: frozenset[str] = frozenset()
    """The ids of the other resources."""


def record_of(deployment: Mapping[str, Any]) -> StateRecord | None:
    """Return the record of a deployment in Pulumi's format (`deployment` of an export, `latest` of a checkpoint).

    None without resources. The manifest, with the time and the program that wrote it, does not count.
    """
    resources, pending = (deployment.get(key) or [] for key in ("resources", "pending_operations"))
    if not resources and not pending:
        return None
    known = [one for one in resources if isinstance(one, Mapping)]
    return StateRecord(
        digest_of({"resources": resources, "pending_operations": pending}),
        tuple(str(one.get("urn")) for one in known if one.get("delete")),
        frozenset(str(one["id"]) for one in known if one.get("id") and not one.get("delete")),
    )
