"""Create the providers of the local Azure over one database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from local_azure.schema import schemas_of

if TYPE_CHECKING:
    from local_azure.servicer import Servicer

PACKAGES = ("azure-native", "random")


def create_provider(package: str, database: Path, *, any_subscription: bool = False) -> Servicer:
    """Return a package's servicer."""
    schemas = schemas_of(f"pulumi_{package.replace('-', '_')}")
    if package == "random":
        from local_azure.random_provider import RandomProvider  # noqa: PLC0415 - a process may need one of the two

        return RandomProvider(schemas)
    from local_azure.provider import AzureProvider  # noqa: PLC0415
    from local_azure.store import Store  # noqa: PLC0415
    from local_azure.types import TYPES  # noqa: PLC0415

    return AzureProvider(Store(database), schemas, TYPES, any_subscription=any_subscription)
