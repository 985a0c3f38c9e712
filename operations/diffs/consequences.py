"""Changes that destroy data, end people's sessions or change the price of a resource."""

from __future__ import annotations

from collections.abc import Mapping

from formats.plan import Operation, PlannedResource
from formats.property_changes import ChangeKind, PropertyChange
from formats.property_paths import PropertyPath
from formats.urns import plain_type
from operations.diffs.meaning import Meaning
from operations.diffs.model import Sense, Step
from operations.diffs.readers import place_of
from operations.diffs.text import kind_of
from operations.prices.charges import charges_of
from policies.azure_semantics.locks import HOLDS_DATA, HOLDS_DATA_IN_PARENT, LOCKS

MACHINE, LIFECYCLE = "compute:VirtualMachine", "storage:ManagementPolicy"
HOLDING = frozenset({*HOLDS_DATA, *HOLDS_DATA_IN_PARENT})
"""The types that hold data or keys."""
_DAYS_OF = ("what", "does", "days")
"""The last steps of the path of a number of days (learn.microsoft.com, "Lifecycle management policy structure")."""
_BLOBS = {"baseBlob": "blobs", "version": "earlier versions of blobs", "snapshot": "snapshots of blobs"}
_MOVES = {
    "delete": "Deletes",
    "tierToCool": "Moves to the tier Cool the",
    "tierToCold": "Moves to the tier Cold the",
    "tierToArchive": "Moves to the tier Archive the",
}
_STOPPED = "The machine must be stopped for this: sessions and running jobs end"
RESTARTS: Mapping[str, Mapping[PropertyPath, str]] = {
    MACHINE: {
        ("hardwareProfile", "vmSize"): "Another size restarts the machine: sessions and running jobs end",
        ("securityProfile", "encryptionAtHost"): _STOPPED,
        ("networkProfile",): _STOPPED,
        ("storageProfile", "osDisk", "diskSizeGB"): _STOPPED,
    },
}
"""Changes of running machines that Azure makes with a restart, or refuses until they are stopped: another size restarts
(docs/azure-facts.md; learn.microsoft.com, "Change the size of a virtual machine"). The others are refused while the
machine runs, with OperationNotAllowed (encryption at host, size of the OS disk) and
CannotAddOrRemoveNetworkInterfacesFromARunningVirtualMachine."""


def loss_of_resource(step: Step) -> Sense | None:
    """Return the meaning of a new lock, and of a deleted or replaced resource with data or on which people work."""
    resource, type_ = step.resource, plain_type(step.resource.type)
    if type_ in LOCKS and resource.operation is Operation.CREATE:
        return Sense(Meaning.STRENGTHENS_CONTROL, "Adds a lock, which keeps what it is on from being deleted")
    if not resource.operation.destroys:
        return None
    verb = "Deletes" if resource.operation is Operation.DELETE else "Replaces"
    kind = kind_of(resource.type)
    if type_ in HOLDING and resource.retain_on_delete:
        return Sense(Meaning.CHANGES_CONTROL, f"The program lets go of a {kind}, which stays in Azure with its data")
    if type_ in HOLDING:
        waits = ". It exists until its delete succeeds" if resource.pending_delete else ""
        return Sense(Meaning.LOSES_DATA, f"{verb} a {kind}, with what it holds{waits}")
    if type_ == MACHINE:
        return Sense(Meaning.DISTURBS_PEOPLE, f"{verb} a virtual machine and its system disk: sessions and jobs end")
    return None


def consequence_of_property(step: Step, change: PropertyChange) -> Sense | None:
    """Return the meaning of a changed property that deletes data earlier, or restarts a machine."""
    type_, place = plain_type(step.resource.type), place_of(change)
    if type_ == LIFECYCLE and change.kind is ChangeKind.ADDED:
        return Sense(Meaning.LOSES_DATA, "A further rule deletes blobs")
    if type_ == LIFECYCLE and change.kind is ChangeKind.REMOVED:
        return Sense(Meaning.STRENGTHENS_CONTROL, "A rule that deletes blobs goes")
    for path, text in RESTARTS.get(type_, {}).items():
        if place[: len(path)] == path:
            return Sense(Meaning.DISTURBS_PEOPLE, text)
    return None


def days_of_lifecycle(step: Step, change: PropertyChange) -> str:
    """Return a changed number of days of a lifecycle rule in words; nothing for another change."""
    if plain_type(step.resource.type) != LIFECYCLE or len(change.path) < len(_DAYS_OF):
        return ""
    what, does, days = (str(one) for one in change.path[-len(_DAYS_OF) :])
    is_known = what in _BLOBS and does in _MOVES and days.startswith("daysAfter")
    if not is_known or not isinstance(change.before, int) or not isinstance(change.after, int):
        return ""
    return f"{_MOVES[does]} {_BLOBS[what]} after {change.after} days instead of {change.before}"


def changes_price(resource: PlannedResource) -> bool:
    """True if an update changes what Azure bills for a resource that nobody uses."""
    if resource.old_inputs is None or not resource.custom:
        return False
    return charges_of(resource.type, resource.old_inputs) != charges_of(resource.type, resource.inputs)
