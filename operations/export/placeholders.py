"""Template values for unknown and secret ones: the real id if it can be derived, else a placeholder.

Placeholders are deterministic, have the right type and are listed, so that a policy can treat them as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid5

from formats.arm.arm_ids import NAMESPACE, ArmId, ArmIds
from formats.arm.references import kinds
from formats.plan import PlannedResource, Value
from formats.urns import name_of
from operations.export.nesting import OMIT, Omit, ValuePath, dotted
from operations.export.request_models import Kind, Shape

SECRET_TEXT = "secret-not-exported"  # noqa: S105
NO_HOST = "https://unknown.invalid"  # RFC 2606: never resolves
_INDEX = re.compile(r"\[\d+\]")
NO_ADDRESS = "192.0.2"  # RFC 5737: never routed

GUIDS = ("principalid", "clientid", "tenantid", "objectid", "customerid", "applicationid", "immutableid")
IDS = ("id", "ids", "scope", "scopes", "resourceuri", "userassignedidentities", "userassignedidentity", "source")
URLS = ("uri", "url", "endpoint")
ADDRESSES = ("ipaddress", "address", "dnsservers", "addresses", "addressprefixes", "addressprefix")
"""Endings of property names, in lower case, that decide a placeholder's form."""
EMPTY: dict[Shape, Value] = {Shape.NUMBER: 0, Shape.BOOLEAN: False}


@dataclass
class Placeholders:
    """The placeholders of one resource. `notes` has the reason for each path."""

    resource: PlannedResource
    arm_ids: ArmIds
    notes: dict[tuple[str | int, ...], str] = field(default_factory=dict)

    def unknown(self, path: ValuePath, kind: Kind, optional: bool) -> Value | Omit:
        """Return the value for an unknown one: the id of another resource if it can be derived."""
        if kind.shape not in (Shape.STRING, Shape.ANY) or (kind.is_enum and optional):
            return self._typed(path, kind, optional, "not known before the deployment")
        value, reason = self.text(path.keys, dotted(path.source))
        if reason:
            self.notes[path.target] = reason
        return value

    def secret(self, path: ValuePath, kind: Kind, optional: bool) -> Value | Omit:
        """Return the value for a secret one."""
        if kind.shape not in (Shape.STRING, Shape.ANY):
            return self._typed(path, kind, optional, "secret")
        self.notes[path.target] = "secret"
        return SECRET_TEXT

    def _typed(self, path: ValuePath, kind: Kind, optional: bool, why: str) -> Value | Omit:
        """Return no value if the property is optional, else the empty value of its type."""
        if optional:
            self.notes[path.target] = f"{why}; left out"
            return OMIT
        self.notes[path.target] = f"{why}; replaced by an empty {kind.shape}"
        empty: Value = [] if kind.shape is Shape.LIST else EMPTY.get(kind.shape, {})
        return "unknown" if kind.shape is Shape.STRING else empty

    def text(self, keys: Sequence[str], where: str) -> tuple[str, str | None]:
        """Return the text for a path, and the reason if it is a placeholder."""
        path = _INDEX.sub("[]", where)
        found = self.arm_ids.referenced(self.resource, path)
        if found and not found.uncertain:
            return found.id, None
        sources = self.arm_ids.sources(self.resource, keys[0])
        key = keys[-1].lower()
        if key.endswith(GUIDS):
            return self._guid(sources, key, where), f"{_names(sources)}: an identifier that Azure will assign"
        if kinds(self.resource.type, path) or key.endswith(IDS):
            return self._id(where), f"{_names(sources)}: an id that Azure will assign"
        return self._placeholder(key, where), f"{_names(sources)}: not known before the deployment"

    def _id(self, where: str) -> str:
        outside = f"{self.arm_ids.subscription_id}/resourceGroups/unknown/providers/Unknown.Unknown/unknown/"
        return outside + self._stable(where)

    def _guid(self, sources: Sequence[ArmId], key: str, where: str) -> str:
        """Return an identifier. That of one resource is the same wherever it is used."""
        return str(uuid5(NAMESPACE, f"{sources[0].urn}#{key}")) if len(sources) == 1 else self._stable(where)

    def _placeholder(self, key: str, where: str) -> str:
        stable = self._stable(where)
        if key.endswith(URLS):
            return f"{NO_HOST}/{stable[:8]}"
        if key.endswith(ADDRESSES):
            host = f"{NO_ADDRESS}.{int(stable[:2], 16) or 1}"
            return f"{NO_ADDRESS}.0/24" if "prefix" in key else host
        return f"unknown-{stable[:8]}"

    def _stable(self, where: str) -> str:
        return str(uuid5(NAMESPACE, f"{self.resource.urn}#{where}"))


def _names(sources: Sequence[ArmId]) -> str:
    return ", ".join(sorted(name_of(m.urn) for m in sources)) or "from outside the plan"
