"""Images of computers and disks: listed ones, or those of a gallery that is evaluated together with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from formats.arm.id_parents import with_parents
from policies.azure_semantics import ids
from policies.azure_semantics.properties import display
from policies.expected.images import is_listed
from policies.model import MISSING, PolicyContext, Resource, Violation

PLATFORM_IMAGE = re.compile(
    r"/subscriptions/[^/]+/providers/microsoft\.compute/locations/[^/]+/publishers/(?P<publisher>[^/]+)/"
    r"artifacttypes/vmimage/offers/(?P<offer>[^/]+)/skus/(?P<sku>[^/]+)/versions/[^/]+"
)
"""The id of an image of the marketplace, as a disk names it."""
OTHERS = {
    "communityGalleryImageId": "is an image of a community gallery, where anyone can publish",
    "sharedGalleryImageId": "is an image that another tenant or subscription shares, and may change",
}


def foreign_image(resource: Resource, path: str, context: PolicyContext) -> Iterator[Violation]:
    """Yield the violations of an image reference by id; none for one without ids."""
    for key, why in OTHERS.items():
        if resource.at(f"{path}.{key}") is not MISSING:
            yield Violation(f"{path}.{key}", why)
    id_ = resource.at(f"{path}.id")
    if id_ is not MISSING and not _is_known(id_, context):
        yield Violation(f"{path}.id", f"is {display(id_)}, which is of no evaluated stack, and not a listed image")


def _is_known(id_: object, context: PolicyContext) -> bool:
    platform = PLATFORM_IMAGE.fullmatch(ids.plain(id_))
    if platform:
        return is_listed(platform["publisher"], platform["offer"], platform["sku"])
    return any(context.get(one) is not None and "/providers/" in one for one in with_parents(ids.plain(id_)))
