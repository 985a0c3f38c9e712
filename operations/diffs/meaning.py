"""The meanings of changes for the data and the people of an SDE, in the order in which readers see them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from policies.concerns import Concern


class Meaning(StrEnum):
    """What one change means. A change with several meanings has the first of them."""

    OPENS_WAY = "opens a way"
    WEAKENS_ENCRYPTION = "weakens encryption"
    GRANTS_RIGHT = "grants a right"
    REPLACES_HOLDER = "replaces a holder"
    """The same right on the same thing goes to another group or identity."""
    LOSES_DATA = "may lose data"
    WEAKENS_CONTROL = "weakens another control"
    CLOSES_WAY = "closes a way"
    STRENGTHENS_ENCRYPTION = "strengthens encryption"
    REVOKES_RIGHT = "revokes a right"
    STRENGTHENS_CONTROL = "strengthens another control"
    DISTURBS_PEOPLE = "disturbs people"
    MOVES_EXPIRY = "moves an expiry"
    CHANGES_CONTROL = "changes a control"
    """A setting that policies read changes, and none of them fails before or after."""
    CHANGES_COST = "changes cost"
    HOUSEKEEPING = "housekeeping"

    @property
    def heading(self) -> str:
        """The heading of the changes with this meaning."""
        return _TITLES[self]

    @property
    def weakens(self) -> bool:
        """True if the change makes the estate more open, or its data less safe."""
        return self in WEAKENING


WEAKENING = (
    Meaning.OPENS_WAY,
    Meaning.WEAKENS_ENCRYPTION,
    Meaning.GRANTS_RIGHT,
    Meaning.REPLACES_HOLDER,
    Meaning.LOSES_DATA,
    Meaning.WEAKENS_CONTROL,
)
ORDER: Mapping[Meaning, int] = {meaning: index for index, meaning in enumerate(Meaning)}
_TITLES: Mapping[Meaning, str] = {
    Meaning.OPENS_WAY: "Opens a way in or out",
    Meaning.WEAKENS_ENCRYPTION: "Weakens encryption",
    Meaning.GRANTS_RIGHT: "Grants a right",
    Meaning.REPLACES_HOLDER: "Replaces the holder of a right",
    Meaning.LOSES_DATA: "Destroys, replaces or may lose data",
    Meaning.WEAKENS_CONTROL: "Weakens another control",
    Meaning.CLOSES_WAY: "Closes a way in or out",
    Meaning.STRENGTHENS_ENCRYPTION: "Strengthens encryption",
    Meaning.REVOKES_RIGHT: "Revokes a right",
    Meaning.STRENGTHENS_CONTROL: "Strengthens another control",
    Meaning.DISTURBS_PEOPLE: "Disturbs people",
    Meaning.MOVES_EXPIRY: "Moves an expiry",
    Meaning.CHANGES_CONTROL: "Changes a setting within the rules",
    Meaning.CHANGES_COST: "Changes cost",
    Meaning.HOUSEKEEPING: "Housekeeping",
}
BROKEN: Mapping[Concern, Meaning] = {
    Concern.WAY: Meaning.OPENS_WAY,
    Concern.ENCRYPTION: Meaning.WEAKENS_ENCRYPTION,
    Concern.RIGHT: Meaning.GRANTS_RIGHT,
    Concern.DATA: Meaning.LOSES_DATA,
    Concern.EXPIRY: Meaning.WEAKENS_CONTROL,
    Concern.LABEL: Meaning.WEAKENS_CONTROL,
    Concern.OTHER: Meaning.WEAKENS_CONTROL,
}
"""The meaning of a change after which a policy with this concern no longer holds, or that is less strict."""
MENDED: Mapping[Concern, Meaning] = {
    Concern.WAY: Meaning.CLOSES_WAY,
    Concern.ENCRYPTION: Meaning.STRENGTHENS_ENCRYPTION,
    Concern.RIGHT: Meaning.REVOKES_RIGHT,
    Concern.DATA: Meaning.STRENGTHENS_CONTROL,
    Concern.EXPIRY: Meaning.STRENGTHENS_CONTROL,
    Concern.LABEL: Meaning.STRENGTHENS_CONTROL,
    Concern.OTHER: Meaning.STRENGTHENS_CONTROL,
}
"""The meaning of a change after which a policy with this concern holds again, or that is stricter."""
HELD: Mapping[Concern, Meaning] = {
    Concern.WAY: Meaning.CHANGES_CONTROL,
    Concern.ENCRYPTION: Meaning.CHANGES_CONTROL,
    Concern.RIGHT: Meaning.CHANGES_CONTROL,
    Concern.DATA: Meaning.CHANGES_CONTROL,
    Concern.EXPIRY: Meaning.MOVES_EXPIRY,
    Concern.LABEL: Meaning.HOUSEKEEPING,
    Concern.OTHER: Meaning.CHANGES_CONTROL,
}
"""The meaning of a change of a property that a policy with this concern reads, where it holds before and after."""
