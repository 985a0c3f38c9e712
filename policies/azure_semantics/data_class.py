"""How sensitive what a resource holds is, as rules ask it."""

from __future__ import annotations

from infra.config import DataClass
from policies.model import Estate, Resource


def holds_records(resource: Resource, estate: Estate) -> bool:
    """Whether what it holds comes from people's records: all but synthetic data."""
    return estate.data_class(resource) is not DataClass.SYNTHETIC


def is_identifiable(resource: Resource, estate: Estate) -> bool:
    """Whether what it holds tells who people are."""
    return estate.data_class(resource) is DataClass.IDENTIFIABLE
