"""ML2: machine learning computers have no public address and no local sign-in."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import may, must, same
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

KIND, INNER = "properties.computeType", "properties.properties"


def check(compute: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Kinds that the workspace makes and runs itself; computers that are attached are judged as what they are."""
    yield from must(compute, "properties.disableLocalAuth", True, default="false")
    kind = compute.at(KIND)
    if same(kind, "ComputeInstance"):
        yield from must(compute, f"{INNER}.enableNodePublicIp", False, default="true")
        yield from may(compute, f"{INNER}.sshSettings.sshPublicAccess", "Disabled")
        yield from must(compute, f"{INNER}.applicationSharingPolicy", "Personal", default="Shared")
    elif same(kind, "AmlCompute"):
        yield from must(compute, f"{INNER}.enableNodePublicIp", False, default="true")
        yield from must(compute, f"{INNER}.remoteLoginPortPublicAccess", "Disabled", default="NotSpecified")
    else:
        yield from must(compute, KIND, "ComputeInstance", "AmlCompute", "VirtualMachine", default="nothing")


POLICY = Policy(
    id="ML2",
    title="Machine learning computers have no public address, no local sign-in, and one user each",
    why="By default each has an address on the Internet and lets everybody in the workspace open it as its owner.",
    on=("machinelearningservices:Compute",),
    reads=(KIND, "properties.disableLocalAuth", f"{INNER}.enableNodePublicIp", f"{INNER}.sshSettings.sshPublicAccess",
           f"{INNER}.applicationSharingPolicy", f"{INNER}.remoteLoginPortPublicAccess"),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.1.14", "2.2.09", "3.2.01"), ncsc=("3", "10", "11"), iso27001=("8.5", "8.20"), five_safes=("people",)
    ),
    fix="Set disableLocalAuth to true, enableNodePublicIp to false, and applicationSharingPolicy to Personal.",
    check=check,
)  # fmt: skip
