"""The sensitivity of the data that a resource holds."""

from __future__ import annotations

from formats.stack_config import DataClass
from policies.model import PolicyContext, Resource


def holds_records(resource: Resource, context: PolicyContext) -> bool:
    """True if the data comes from people's records: all but synthetic data."""
    return context.data_class(resource) is not DataClass.SYNTHETIC


def is_identifiable(resource: Resource, context: PolicyContext) -> bool:
    """True if the data identifies people."""
    return context.data_class(resource) is DataClass.IDENTIFIABLE
