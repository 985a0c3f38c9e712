"""The catalogue of policies that an estate pins."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from formats.input_model import Model


class PinnedPolicies(Model):
    """The policies that an estate accepts verdicts of: `policies` in estate.yaml."""

    catalogue: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    """The digest of the catalogue, as verdicts show it."""
