"""The system disk that Azure creates for a virtual machine (docs/azure-facts.md#system-disks)."""

from __future__ import annotations

from local_azure.model import Request
from local_azure.policy.enforcement import refuse_disallowed
from local_azure.policy.fields import PolicyTarget
from local_azure.types.common import value_at


def is_permitted(request: Request) -> None:
    """Refuse a virtual machine whose system disk Azure Policy denies. The request for the disk has no network settings,
    because that of the virtual machine has none."""
    disk = value_at(request.new, "storageProfile.osDisk", {})
    if request.old is not None or disk.get("createOption") != "FromImage":
        return
    group = request.id.partition("/providers/")[0]
    name = disk.get("name") or f"{request.name}_OsDisk"
    inputs = {"creationData": {"createOption": "FromImage"}, "tags": request.given.get("tags")}
    id_ = f"{group}/providers/Microsoft.Compute/disks/{name}"
    refuse_disallowed(request.cloud, PolicyTarget(id_, "Microsoft.Compute/disks", inputs))
