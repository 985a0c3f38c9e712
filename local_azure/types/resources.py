"""Microsoft.Resources: resource groups.

Facts: docs/azure-facts.md#names-of-resource-groups, #resource-group-limit.
"""

from __future__ import annotations

from local_azure.model import AzureType, Json, NameRule, Request
from local_azure.types.common import at_most

GROUP = "azure-native:resources:ResourceGroup"


def _outputs(_: Request) -> dict[str, Json]:
    return {"properties": {"provisioningState": "Succeeded"}}


TYPES = (
    AzureType(
        token=GROUP,
        name=NameRule(
            r"(?=.{1,90}$)[\w().-]*[\w()-]",
            "1-90 letters, digits, _, -, (, ) or ., not ending with a dot",
            code="InvalidResourceGroup",
        ),
        computed=_outputs,
        constraints=(
            at_most(980, GROUP, "ResourceGroupQuotaExceeded", "A subscription holds at most {limit} resource groups."),
        ),
        replace_on_change=("location",),
        immutable={"managedBy": "BadRequest"},
    ),
)
