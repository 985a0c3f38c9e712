"""The concern of each policy: the subject of its rule, from which the meaning of a change follows.

Most policies of a family (the letters of an id) have one concern; the others are listed by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Concern(StrEnum):
    """The subject of a policy."""

    WAY = "way"
    """A way for data or connections into the estate, out of it, or between its parts."""
    ENCRYPTION = "encryption"
    RIGHT = "right"
    """A right of a person or an identity."""
    DATA = "data"
    """That data and keys are not lost, and are kept as long as they must be."""
    EXPIRY = "expiry"
    """A date at which something ends."""
    LABEL = "label"
    """A tag or place that describes a resource, and protects nothing itself."""
    OTHER = "other"
    """Any other control, such as logs, guardrails, patches and scans."""


_FAMILIES: Mapping[str, Concern] = {
    "AL": Concern.RIGHT,
    "AV": Concern.WAY,
    "BA": Concern.WAY,
    "BK": Concern.DATA,
    "CR": Concern.WAY,
    "DB": Concern.WAY,
    "DN": Concern.WAY,
    "FL": Concern.WAY,
    "FW": Concern.WAY,
    "GD": Concern.OTHER,
    "GV": Concern.OTHER,
    "IA": Concern.RIGHT,
    "KV": Concern.ENCRYPTION,
    "LG": Concern.OTHER,
    "MD": Concern.OTHER,
    "ML": Concern.WAY,
    "MO": Concern.OTHER,
    "MT": Concern.OTHER,
    "NP": Concern.WAY,
    "NW": Concern.WAY,
    "OU": Concern.OTHER,
    "PE": Concern.WAY,
    "PG": Concern.WAY,
    "SC": Concern.OTHER,
    "SQ": Concern.WAY,
    "ST": Concern.WAY,
    "SY": Concern.WAY,
    "TM": Concern.OTHER,
    "TY": Concern.OTHER,
    "VM": Concern.OTHER,
}
_BY_CONCERN: Mapping[Concern, tuple[str, ...]] = {
    Concern.WAY: ("LG4", "MO4", "VM4", "VM10", "VM12", "VM15"),
    Concern.ENCRYPTION: (
        *("BK2", "CR2", "NW9", "PG3", "SQ2"),
        *("ST5", "ST6", "ST7", "ST11", "ST16", "ST17", "ST21"),
        *("VM1", "VM2", "VM3", "VM6"),
    ),
    Concern.RIGHT: ("KV2", "KV7", "ML3", "PG2", "SC6", "ST12", "ST13", "VM20"),
    Concern.DATA: ("GV2", "GV3", "GV5", "KV1", "PG4", "ST9", "ST10", "ST22", "ST30", "ST31"),
    Concern.EXPIRY: ("KV6",),
    Concern.LABEL: ("GV1", "GV6", "GV10"),
    Concern.OTHER: ("AL4", "FW1", "FW2", "FW15", "KV11", "KV13", "KV14", "NW8", "ST3", "ST14"),
}
_POLICIES: Mapping[str, Concern] = {id_: concern for concern, ids in _BY_CONCERN.items() for id_ in ids}
EXPIRY_TAG = "expiry"
"""The tag with the day on which a stack's approval ends, which GV1 reads."""


def concern_of(policy: str) -> Concern:
    """Return the concern of a policy by its id. A policy of a family that is not listed here is another control."""
    return declared_concern(policy) or Concern.OTHER


def declared_concern(policy: str) -> Concern | None:
    """Return the concern that is listed here; None if there is none."""
    return _POLICIES.get(policy) or _FAMILIES.get(policy[:2])
