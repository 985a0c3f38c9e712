"""Machine learning computes have no public address, no local sign-in, and one user each (ML2)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import require, require_if_set, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.requirements import equals

KIND, INNER = "properties.computeType", "properties.properties"


def check(compute: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Check the kinds that the workspace runs itself; attached virtual machines are checked as such."""
    kind = compute.at(KIND)
    if same(kind, "ComputeInstance"):
        yield from require(compute, f"{INNER}.enableNodePublicIp", False, default="true")
        yield from require_if_set(compute, f"{INNER}.sshSettings.sshPublicAccess", "Disabled")
        yield from require(compute, f"{INNER}.applicationSharingPolicy", "Personal", default="Shared")
    elif same(kind, "AmlCompute"):
        yield from require(compute, f"{INNER}.enableNodePublicIp", False, default="true")
        yield from require(compute, f"{INNER}.remoteLoginPortPublicAccess", "Disabled", default="NotSpecified")
    else:
        yield from require(compute, KIND, "ComputeInstance", "AmlCompute", "VirtualMachine", default="no value")


POLICY = Policy(
    id="ML2",
    title="Machine learning computes have no public address, no local sign-in, and one user each",
    why="By default each has a public address, and all users of the workspace can open it with its owner's rights.",
    resource_types=("machinelearningservices:Compute",),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "3.2.01"),
        ncsc=("3", "10", "11"),
        caf=("B2.a", "B4.a"),
        cyber_essentials=("1.1", "2.5", "4.3"),
        iso27001=("8.5", "8.20"),
        five_safes=("people",),
    ),
    fix="Set disableLocalAuth to true, enableNodePublicIp to false, and applicationSharingPolicy to Personal.",
    requires=(equals("properties.disableLocalAuth", True, default="false"),),
    check=check,
    check_paths=(
        KIND,
        *(
            f"{INNER}.{path}"
            for path in (
                "enableNodePublicIp",
                "sshSettings.sshPublicAccess",
                "applicationSharingPolicy",
                "remoteLoginPortPublicAccess",
            )
        ),
    ),
)
