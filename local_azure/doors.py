"""Opens the two providers over one database."""

from __future__ import annotations

from pathlib import Path

from local_azure.provider import AzureProvider
from local_azure.random_provider import RandomProvider
from local_azure.schema import Schemas
from local_azure.servicer import Servicer
from local_azure.store import Store
from local_azure.types import TYPES


def open_doors(database: Path) -> dict[str, Servicer]:
    """Both servicers, by package; what was read of the SDKs is kept beside the database."""
    store = Store(database)
    return {
        "azure-native": AzureProvider(store, _schemas(database, "pulumi_azure_native"), TYPES),
        "random": RandomProvider(_schemas(database, "pulumi_random")),
    }


def _schemas(database: Path, package: str) -> Schemas:
    return Schemas(package, database.parent / "schemas.db")
