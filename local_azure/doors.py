"""Opens the two providers over one database."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from local_azure.provider import AzureProvider
from local_azure.random_provider import RandomProvider
from local_azure.schema import Schemas
from local_azure.servicer import Servicer
from local_azure.store import Store
from local_azure.types import TYPES


def open_doors(database: Path) -> dict[str, Servicer]:
    """Both servicers, by package; what was read of the SDKs is kept beside the database."""
    store, cache = Store(database), database.parent / "schemas.db"
    return {
        "azure-native": AzureProvider(store, _schemas("pulumi_azure_native", cache), TYPES),
        "random": RandomProvider(_schemas("pulumi_random", cache)),
    }


@lru_cache(maxsize=8)
def _schemas(package: str, cache: Path) -> Schemas:
    """Shared by every provider of the process: a type is parsed once."""
    return Schemas(package, cache)
