"""The inputs that azure-native adds in Check: a name, a location and the API version."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from formats.property_values import UNKNOWN
from local_azure.schema import ResourceSchema
from local_azure.store import Store

CREATE_BEFORE_DELETE = "__createBeforeDelete"
"""azure-native's input for a resource with an automatic name: its replacement can be created first."""

_UUID_NAMES = frozenset({"roleAssignmentName", "roleDefinitionId"})


@dataclass(frozen=True)
class AutoNaming:
    """The engine's settings for an automatic name."""

    logical: str
    """The resource's name in the program."""
    seed: bytes
    mode: Literal["propose", "enforce", "disable"] | None = None
    proposed: str = ""


def add_defaults(
    schema: ResourceSchema,
    olds: Mapping[str, Any],
    news: Mapping[str, Any],
    naming: AutoNaming,
    *,
    store: Store,
    subscription: str,
    location: str | None,
) -> dict[str, Any]:
    """Return the inputs with azure-native's additions. `location` is the provider's configured location."""
    done = dict(news)
    _add_name(schema, olds, done, naming)
    if "location" in schema.inputs and "location" not in done:
        found = olds.get("location") or location or _group_location(done, store, subscription)
        if found is not None:
            done["location"] = found
    if schema.api_version:
        done.setdefault("azureApiVersion", schema.api_version)
    return done


def _add_name(schema: ResourceSchema, olds: Mapping[str, Any], news: dict[str, Any], naming: AutoNaming) -> None:
    key = schema.name_parameter
    if key is None or key in news or key not in schema.inputs or schema.inputs[key].required:
        return
    if key in olds:
        news[key] = olds[key]
        random = bool(olds.get(CREATE_BEFORE_DELETE))
    elif naming.mode == "disable":
        return
    else:
        news[key], random = _automatic_name(key, schema, naming)
    if random:
        news[CREATE_BEFORE_DELETE] = True


def _automatic_name(key: str, schema: ResourceSchema, naming: AutoNaming) -> tuple[str, bool]:
    if naming.mode == "enforce" or (naming.mode == "propose" and key not in _UUID_NAMES):
        return naming.proposed, True
    digest = hashlib.sha256(naming.seed + schema.token.encode()).hexdigest()
    if key in _UUID_NAMES:
        return str(uuid.UUID(digest[:32])), True
    return f"{naming.logical}{digest[:8]}", True


def _group_location(values: Mapping[str, Any], store: Store, subscription: str) -> str | None:
    group = values.get("resourceGroupName")
    if group == UNKNOWN:
        return UNKNOWN
    if not isinstance(group, str):
        return None
    found = store.get(f"/subscriptions/{subscription}/resourceGroups/{group}")
    return found.location if found else None
