"""The controls of the standards, each with a summary of its requirements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import TypeAdapter


@dataclass(frozen=True)
class Standard:
    """One standard: its title, a note on its source, and its controls by number."""

    title: str
    note: str
    controls: Mapping[str, str]


@cache
def standards() -> Mapping[str, Standard]:
    """Return the standards by their field names in `ComplianceControls`, in the order in which reports list them."""
    content = yaml.safe_load((Path(__file__).parent / "controls.yaml").read_text(encoding="utf-8"))
    return MappingProxyType(TypeAdapter(dict[str, Standard]).validate_python(content))
