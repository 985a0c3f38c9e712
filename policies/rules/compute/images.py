"""Virtual machines start from supported images of known publishers (VM11)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.azure_semantics.properties import display, same
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.images import OTHERS, PUBLISHERS, foreign_image
from policies.rule_helpers.virtual_machines import MACHINES, for_vm_and_scale_set, profile_path

IMAGE = "storageProfile.imageReference"
DISK = "storageProfile.osDisk"
END_OF_SUPPORT = re.compile(
    r"ubuntu-?server(?!.*(22|24|26)[._]04)|(^|\D)1[0-9][._](04|10)|(^|\D)20[._]04|xenial|bionic|focal|centos|"
    r"debian-?(8|9|10)\b|(rhel|redhat)-?[67]\b|sles-?(11|12)\b|20(08|12|16)-|windows-?(7|8|10)\b|win10|mariner",
    re.IGNORECASE,
)
"""Releases after their end of support, by offer and sku."""


def check(machine: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require an image of an evaluated gallery, or a supported one of a known publisher; or an evaluated disk."""
    image, disk = profile_path(machine, IMAGE), profile_path(machine, DISK)
    if same(machine.at(f"{disk}.createOption"), "Attach"):
        if context.get(machine.at(f"{disk}.managedDisk.id")) is None:
            yield Violation(f"{disk}.managedDisk.id", "is no disk of the evaluated stacks, so it may contain anything")
        return
    yield from foreign_image(machine, image, context)
    if not any(machine.at(f"{image}.{key}") is not MISSING for key in ("id", *OTHERS)):
        yield from _check_marketplace(machine, image)


def _check_marketplace(machine: Resource, image: str) -> Iterator[Violation]:
    publisher, offer, sku = (machine.at(f"{image}.{part}") for part in ("publisher", "offer", "sku"))
    if str(publisher).lower() not in PUBLISHERS:
        yield Violation(f"{image}.publisher", f"is {display(publisher)}; it must be one of {', '.join(PUBLISHERS)}")
    if offer is MISSING or sku is MISSING:
        yield Violation(f"{image}.offer", "is not set; offer and sku must be")
    elif END_OF_SUPPORT.search(f"{offer} {sku}"):
        yield Violation(f"{image}.offer", f"is {display(offer)} {display(sku)}, which is no longer supported")


POLICY = Policy(
    id="VM11",
    title="Virtual machines start from supported images of known publishers",
    why="A system after its end of support gets no security updates, whatever its settings; an image of an "
    "unknown publisher may contain anything.",
    resource_types=MACHINES,
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.1.06", "2.7.02", "2.7.03"), ncsc=("5", "8"), iso27001=("8.8", "8.19"), five_safes=("settings",)
    ),
    fix="Use a supported release of a known publisher, or an image of the estate's own gallery.",
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
