"""The sensitivity of the data that a resource holds."""

from __future__ import annotations

from formats.stack_config import DataClass
from policies.model import Estate, Resource


def holds_records(resource: Resource, estate: Estate) -> bool:
    """True if the data comes from people's records: all but synthetic data."""
    return estate.data_class(resource) is not DataClass.SYNTHETIC


def is_identifiable(resource: Resource, estate: Estate) -> bool:
    """True if the data identifies people."""
    return estate.data_class(resource) is DataClass.IDENTIFIABLE
