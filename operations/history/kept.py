"""What the ledger keeps beside an entry: the diff, the access diff, the verdict and the permits of a change.

Each is hostile until it is validated: whoever can write into the ledger's folder may have made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from formats.errors import Failed
from formats.plan import Operation
from formats.property_changes import ABSENT
from operations.access.wording import Difference
from operations.diffs.meaning import Meaning
from operations.ledger.entry import PERMIT, Entry

if TYPE_CHECKING:
    from operations.ledger.ledger import Ledger


class _Kept(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


T = TypeVar("T", bound=_Kept)


class KeptChange(_Kept):
    """One change of a diff, on the resources that it is equal on (`operations/diffs/model.py`)."""

    meaning: Meaning
    sentence: str
    operation: Operation = Operation.UPDATE
    type: str = ""
    path: str = ""
    before: Any = ABSENT
    after: Any = ABSENT
    replaces: bool = False
    rules: tuple[str, ...] = ()
    resources: dict[str, tuple[str, ...]] = {}
    """The URNs by stack."""


class KeptDiff(_Kept):
    """The readable diff of a change."""

    changes: tuple[KeptChange, ...]


class KeptHolder(_Kept):
    """Who has a right."""

    name: str
    id: str = ""
    """The object id, or the key of a resource."""


class KeptThing(_Kept):
    """What a right is on."""

    label: str
    data_class: str = ""
    stack: str = ""


class KeptAccessChange(_Kept):
    """What one holder gained or lost."""

    effect: str
    who: KeptHolder
    may: tuple[str, ...]
    on: tuple[KeptThing, ...]
    opens: bool = False
    roles: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    ways_before: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    conditions_before: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    usable: bool = True
    revocation_failed_before: bool = False

    @property
    def difference(self) -> Difference:
        """What differs, in words."""
        return Difference(
            self.effect,
            self.techniques or self.may,
            self.roles,
            self.ways,
            self.ways_before,
            self.conditions,
            self.conditions_before,
            self.usable,
            self.revocation_failed_before,
        )


class KeptRename(_Kept):
    """A group that the estate calls otherwise."""

    before: str
    after: str


class KeptFlow(_Kept):
    """A forbidden flow that another number of controls prevents than before (`operations/access/flow_depths.py`)."""

    policy: str
    flow: str
    source: Annotated[str, Field(alias="from")]
    before: int | None
    after: int | None
    weakens: bool


class KeptAccess(_Kept):
    """The access diff of a change."""

    changes: tuple[KeptAccessChange, ...]
    renames: tuple[KeptRename, ...] = ()
    flows: tuple[KeptFlow, ...] = ()


class KeptFinding(_Kept):
    """A finding that blocked."""

    policy: str
    verdict: str = ""
    stack: str = ""
    name: str = ""
    path: str = ""
    message: str = ""


class KeptExemption(_Kept):
    """An exemption that was used."""

    id: str
    policy: str
    resource: str = ""
    expires: str = ""


class KeptVerdict(_Kept):
    """The verdict of the policies."""

    passed: bool
    blocking: tuple[KeptFinding, ...] = ()
    exemptions: tuple[KeptExemption, ...] = ()
    resources: int = 0


class KeptPermit(_Kept):
    """The permits that a change was within, and those that it used up."""

    permit: str = ""
    """The digest of the tenancy's permit."""
    documents: tuple[str, ...] = ()
    """The digests of the signed decisions that it follows from."""
    actions: tuple[str, ...] = ()
    """The digests of the permits of actions."""


class Kept:
    """What a ledger keeps with its entries."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def diff(self, number: int, entry: Entry) -> KeptDiff | None:
        """Return the diff of an entry; None if it keeps none. `Failed` if it cannot be read, here and below."""
        return self._read(number, entry, "diff", KeptDiff)

    def access(self, number: int, entry: Entry) -> KeptAccess | None:
        """Return the access diff."""
        return self._read(number, entry, "access", KeptAccess)

    def verdict(self, number: int, entry: Entry) -> KeptVerdict | None:
        """Return the verdict of the policies."""
        return self._read(number, entry, "verdict", KeptVerdict)

    def permit(self, number: int, entry: Entry) -> KeptPermit | None:
        """Return the permits."""
        return self._read(number, entry, PERMIT, KeptPermit)

    def _read(self, number: int, entry: Entry, name: str, model: type[T]) -> T | None:
        if name not in entry.objects:
            return None
        try:
            return model.model_validate(self._ledger.kept(entry.objects[name]))
        except ValidationError:
            raise Failed(f"The {name} that the ledger keeps with entry {number} cannot be read.\n"
                         "  fix:     scripts/sde ledger verify") from None  # fmt: skip
