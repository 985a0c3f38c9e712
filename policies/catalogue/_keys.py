"""Keys that services encrypt with: where they are named, and whether they follow the key's rotation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.catalogue._expect import filled
from policies.model import STEP, Estate, Problem, Resource, Unknown

VERSIONED = re.compile(r"https://[^/]+/keys/[^/]+/[^/?#]+", re.IGNORECASE)
"""A key's address with one of its versions."""
KEEPERS = ("keyvault:Key", "keyvault:Vault", "keyvault:ManagedHsm")


def named_key(resource: Resource, estate: Estate, path: str) -> Iterator[Problem]:
    """A key of the estate's own is named by its address. One that the deployment will tell counts where it comes from a
    key or vault that is judged here too."""
    try:
        yield from filled(resource, path, default="a key of Microsoft's")
    except Unknown:
        sources = resource.property_dependencies.get(STEP.findall(path)[0], ())
        if not any(keeper.urn in sources for keeper in estate.beside(resource, *KEEPERS)):
            raise


def own_key(resource: Resource, path: str) -> Iterator[Problem]:
    """A key of the estate's own is named by its address, without a version: with one, the service stays on it after
    the key has rotated. `Unknown` while the address is not known, for it may have one."""
    yield from filled(resource, path, default="a key of Microsoft's")
    found = resource.at(path)
    if isinstance(found, str) and VERSIONED.match(found):
        yield Problem(path, "names one version of the key, and stays on it when the key rotates; leave the version out")
