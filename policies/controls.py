"""The controls of the standards, each with a summary of its requirements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter

from formats.yaml_reader import parse_mapping


@dataclass(frozen=True)
class Standard:
    """One standard: its title, a note on its source, and its controls by number."""

    title: str
    note: str
    controls: Mapping[str, str]


@cache
def standards() -> Mapping[str, Standard]:
    """Return the standards by their field names in `ComplianceControls`, in the order in which reports list them."""
    file = Path(__file__).parent / "controls.yaml"
    content = parse_mapping(file.read_text(encoding="utf-8"), f"policies/{file.name}", is_own=True)
    return MappingProxyType(TypeAdapter(dict[str, Standard]).validate_python(content))
