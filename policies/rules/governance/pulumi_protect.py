"""Resources with data or keys are protected in the program (GV3)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.locks import HOLDS_DATA, HOLDS_DATA_IN_PARENT
from policies.expected.sites import CONNECTION
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

_MACHINE = "compute:VirtualMachine"
_USERS = (CONNECTION, "keyvault:Secret", _MACHINE)


def check(resource: Resource, _: PolicyContext) -> Iterator[Violation]:
    """Require Pulumi's `protect`, which stops deletions by the program itself."""
    if not resource.protect:
        yield Violation("", "is not protected, so a change of the program could delete or replace it")


def _applies(resource: Resource, context: PolicyContext) -> bool:
    return resource.from_program and not _opens_no_data(resource, context)


def _opens_no_data(resource: Resource, context: PolicyContext) -> bool:
    """Return True for a random value that only tunnels of sites depend on, or only the profile of virtual machines: it
    goes with its site or machine, and no data does."""
    others = context.same_stack(resource, *_USERS) if resource.type.startswith("random:") else []
    paths = {
        (other.type, path) for other in others for path, urns in other.property_dependencies.items()
        if resource.urn in urns
    }  # fmt: skip
    return paths in ({(CONNECTION, "sharedKey")}, {(_MACHINE, "osProfile")})


POLICY = Policy(
    id="GV3",
    title="Resources with data or keys are protected in the program",
    why="A renamed resource is deleted and created again; for a key, everything encrypted with it is lost.",
    resource_types=(*HOLDS_DATA, *HOLDS_DATA_IN_PARENT),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.2.03", "3.1.09"), ncsc=("2", "5"), caf=("B3.c",), iso27001=("8.9",), five_safes=("data",)
    ),
    fix="Declare the resource with protect=True.",
    check=check,
    check_paths=("protect", "propertyDependencies"),
    applies=_applies,
    evaluation_scope="stack",
)
