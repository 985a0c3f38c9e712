"""VM11: computers start from a known, supported image."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.azure_semantics.properties import same, shown
from policies.model import MISSING, ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.virtual_machines import COMPUTERS, everywhere, inner

IMAGE = "storageProfile.imageReference"
PUBLISHERS = ("canonical", "debian", "redhat", "suse", "microsoft-dsvm", "microsoftwindowsserver",
              "microsoftwindowsdesktop", "microsoft-ads", "almalinux", "microsoftcblmariner")  # fmt: skip
ENDED = re.compile(
    r"ubuntu-?server(?!.*(22|24|26)[._]04)|(^|\D)1[0-9][._](04|10)|(^|\D)20[._]04|xenial|bionic|focal|centos|"
    r"debian-?(8|9|10)\b|(rhel|redhat)-?[67]\b|sles-?(11|12)\b|20(08|12|16)-|windows-?(7|8|10)\b|win10|mariner",
    re.IGNORECASE,
)
"""What its maker no longer mends, by offer and sku."""


def applies(computer: Resource, _: PolicyContext) -> bool:
    """A computer that takes over a disk starts from no image."""
    return not same(computer.at(inner(computer, "storageProfile.osDisk.createOption")), "Attach")


def check(computer: Resource, _: PolicyContext) -> Iterator[Violation]:
    """An image of the estate's own gallery, or of a maker who mends it."""
    image = inner(computer, IMAGE)
    if computer.at(f"{image}.communityGalleryImageId") is not MISSING:
        yield Violation(f"{image}.communityGalleryImageId", "is an image that anybody may have published")
    elif computer.at(f"{image}.id") is MISSING and computer.at(f"{image}.sharedGalleryImageId") is MISSING:
        yield from _bought(computer, image)


def _bought(computer: Resource, image: str) -> Iterator[Violation]:
    publisher, offer, sku = (computer.at(f"{image}.{part}") for part in ("publisher", "offer", "sku"))
    if str(publisher).lower() not in PUBLISHERS:
        yield Violation(f"{image}.publisher", f"is {shown(publisher)}; it must be one of {', '.join(PUBLISHERS)}")
    if offer is MISSING or sku is MISSING:
        yield Violation(f"{image}.offer", "does not say which system this is; offer and sku must be set")
    elif ENDED.search(f"{offer} {sku}"):
        yield Violation(f"{image}.offer", f"is {shown(offer)} {shown(sku)}, which its maker no longer mends")


POLICY = Policy(
    id="VM11",
    title="Computers start from images of known makers that are still mended",
    why="A system past its end takes no more security updates, whatever its settings say; an image of anybody's may "
    "hold anything.",
    on=COMPUTERS,
    reads=everywhere(IMAGE, "storageProfile.osDisk.createOption"),
    severity=Severity.MEDIUM,
    controls=ComplianceControls(
        satre=("2.1.06", "2.7.02", "2.7.03"), ncsc=("5", "8"), iso27001=("8.8", "8.19"), five_safes=("settings",)
    ),
    fix="Name a supported release of a known maker, or an image of the estate's own gallery.",
    check=check,
    applies=applies,
)
