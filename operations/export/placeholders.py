"""Stand-ins for what only the deployment will tell: exact where the Plan gives them away, stable and of the right type
everywhere, and each of them listed, so that a policy can hold back where one matters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid5

from formats.arm.arm_ids import NAMESPACE, Identities, Identity
from formats.arm.references import kinds
from formats.plan import PlannedResource, Value
from formats.urns import name_of
from operations.export.models import Kind, Shape
from operations.export.nesting import ABSENT, Absent, Trail, dotted

SECRET_TEXT = "secret-not-exported"  # noqa: S105
NO_HOST = "https://unknown.invalid"  # RFC 2606: never resolves
_INDEX = re.compile(r"\[\d+\]")
NO_ADDRESS = "192.0.2"  # RFC 5737: never routed

GUIDS = ("principalid", "clientid", "tenantid", "objectid", "customerid", "applicationid", "immutableid")
IDS = ("id", "ids", "scope", "scopes", "resourceuri", "userassignedidentities", "userassignedidentity", "source")
URLS = ("uri", "url", "endpoint")
ADDRESSES = ("ipaddress", "address", "dnsservers", "addresses", "addressprefixes", "addressprefix")
"""Ends of names that say what a stand-in is to look like. It is listed as one, whatever its form."""
EMPTY: dict[Shape, Value] = {Shape.NUMBER: 0, Shape.BOOLEAN: False}


@dataclass
class Placeholders:
    """The stand-ins of one resource. `notes` says of each place in it what stands there and why."""

    resource: PlannedResource
    identities: Identities
    notes: dict[tuple[str | int, ...], str] = field(default_factory=dict)

    def unknown(self, trail: Trail, kind: Kind, optional: bool) -> Value | Absent:
        """A value that the deployment will tell. Known all the same where it is the id or name of a resource here."""
        if kind.shape not in (Shape.STRING, Shape.ANY) or (kind.closed and optional):
            return self._typed(trail, kind, optional, "not known before the deployment")
        value, reason = self.text(trail.keys, dotted(trail.source))
        if reason:
            self.notes[trail.target] = reason
        return value

    def secret(self, trail: Trail, kind: Kind, optional: bool) -> Value | Absent:
        if kind.shape not in (Shape.STRING, Shape.ANY):
            return self._typed(trail, kind, optional, "secret")
        self.notes[trail.target] = "secret"
        return SECRET_TEXT

    def _typed(self, trail: Trail, kind: Kind, optional: bool, why: str) -> Value | Absent:
        """What is no text cannot be stood in for: left out where it may be, else the empty value of its type."""
        if optional:
            self.notes[trail.target] = f"{why}; left out"
            return ABSENT
        self.notes[trail.target] = f"{why}; an empty {kind.shape} stands for it"
        empty: Value = [] if kind.shape is Shape.LIST else EMPTY.get(kind.shape, {})
        return "unknown" if kind.shape is Shape.STRING else empty

    def text(self, keys: Sequence[str], where: str) -> tuple[str, str | None]:
        """The text for the end of a path of names, and why it is a placeholder; None where it is exact."""
        path = _INDEX.sub("[]", where)
        found = self.identities.referred(self.resource, path)
        if found and not found.unsure:
            return found.id, None
        makers = self.identities.behind(self.resource, keys[0])
        key = keys[-1].lower()
        if key.endswith(GUIDS):
            return self._guid(makers, key, where), f"{_of(makers)}: an identifier that Azure will give"
        if kinds(self.resource.type, path) or key.endswith(IDS):
            return self._id(where), f"{_of(makers)}: an id that Azure will give"
        return self._shaped(key, where), f"{_of(makers)}: not known before the deployment"

    def _id(self, where: str) -> str:
        outside = f"{self.identities.subscription_id}/resourceGroups/unknown/providers/Unknown.Unknown/unknown/"
        return outside + self._stable(where)

    def _guid(self, makers: Sequence[Identity], key: str, where: str) -> str:
        """One resource's identifier is the same wherever it is used."""
        return str(uuid5(NAMESPACE, f"{makers[0].urn}#{key}")) if len(makers) == 1 else self._stable(where)

    def _shaped(self, key: str, where: str) -> str:
        stable = self._stable(where)
        if key.endswith(URLS):
            return f"{NO_HOST}/{stable[:8]}"
        if key.endswith(ADDRESSES):
            host = f"{NO_ADDRESS}.{int(stable[:2], 16) or 1}"
            return f"{NO_ADDRESS}.0/24" if "prefix" in key else host
        return f"unknown-{stable[:8]}"

    def _stable(self, where: str) -> str:
        return str(uuid5(NAMESPACE, f"{self.resource.urn}#{where}"))


def _of(makers: Sequence[Identity]) -> str:
    return ", ".join(sorted(name_of(m.urn) for m in makers)) or "from outside the plan"
