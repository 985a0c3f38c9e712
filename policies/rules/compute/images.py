"""Virtual machines start from listed images (VM11)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.azure_semantics.properties import display, same
from policies.expected.images import is_listed
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.images import OTHERS, foreign_image
from policies.rule_helpers.virtual_machines import MACHINES, for_vm_and_scale_set, profile_path

IMAGE = "storageProfile.imageReference"
DISK = "storageProfile.osDisk"


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an image of an evaluated gallery, or a listed one; or an evaluated disk."""
    image, disk = profile_path(machine, IMAGE), profile_path(machine, DISK)
    if same(machine.at(f"{disk}.createOption"), "Attach"):
        if context.get(machine.at(f"{disk}.managedDisk.id")) is None:
            yield Violation(f"{disk}.managedDisk.id", "is no disk of the evaluated stacks, so it may contain anything")
        return
    yield from foreign_image(machine, image, context)
    if not any(machine.at(f"{image}.{key}") is not MISSING for key in ("id", *OTHERS)):
        yield from _check_marketplace(machine, image)


def _check_marketplace(machine: Resource, image: str) -> Iterator[Violation]:
    parts = {part: machine.at(f"{image}.{part}") for part in ("publisher", "offer", "sku")}
    if missing := [part for part, value in parts.items() if value is MISSING]:
        yield Violation(f"{image}.{missing[0]}", "is not set; publisher, offer and sku must be")
    elif not is_listed(**parts):
        yield Violation(image, f"is {' '.join(map(display, parts.values()))}, which is not on the list of images")


POLICY = Policy(
    id="VM11",
    title="Virtual machines start from listed images",
    why="Anyone may publish an image, and a system after its end of support gets no security updates, whatever its "
    "settings.",
    resource_types=MACHINES,
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.1.06", "2.7.02", "2.7.03"),
        ncsc=("5", "8"),
        caf=("A4.b", "B4.b"),
        cyber_essentials=("3.1", "5.4"),
        iso27001=("8.8", "8.19"),
        five_safes=("settings",),
    ),
    fix="Use an image of policies/expected/images.py or of the estate's own gallery; or have another one added to that "
    "file, with its source, by the owners of the policies.",
    check=check,
    check_paths=for_vm_and_scale_set(
        *(
            f"{IMAGE}.{part}"
            for part in ("communityGalleryImageId", "id", "offer", "publisher", "sharedGalleryImageId", "sku")
        ),
        f"{DISK}.createOption",
        f"{DISK}.managedDisk.id",
    ),
    evaluation_scope="stack",
)
