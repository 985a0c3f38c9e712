"""The optional services of a tenancy, as a request names them. Each is absent unless named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import model_validator

from formats.input_model import Model
from formats.validation import InvalidValue

_DECISION = "docs/decisions/0027-optional-services.md"
NOT_OFFERED: Mapping[str, str] = {
    "database": "Who administers an Azure PostgreSQL server can make it connect to any host, past the airlock; run "
    f"PostgreSQL on a desk instead ({_DECISION}).",
    "machine_learning": "The network of Azure Machine Learning keeps rules of Azure's own that lead to Entra, Resource "
    "Manager and Azure Monitor of every tenant, past the airlock; train on desks with a graphics card instead "
    f"({_DECISION}).",
    "batch": "A node of Azure Batch must ask Azure's DNS server, and a job may bring a pool outside the project's "
    f"network: one control prevents each, not three; run the work on more or larger desks instead ({_DECISION}).",
}
"""The services that are refused by name, each with the reason."""


class RegistrySpec(Model):
    """A container registry for the project's images. It has no settings."""


class Services(Model):
    """The optional services of a tenancy."""

    registry: RegistrySpec | None = None

    @model_validator(mode="before")
    @classmethod
    def _offered(cls, value: Any) -> Any:
        for name in value if isinstance(value, Mapping) else ():
            if name in NOT_OFFERED:
                raise InvalidValue(", ".join(cls.model_fields), problem=NOT_OFFERED[name], at=(name,), found=name,
                                   fix=f"Remove {name}.")  # fmt: skip
        return value
