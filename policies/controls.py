"""The controls of the standards, and what each asks in our own words."""

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
    """The standards by the names that `policies.model.Controls` gives them, in the order in which they are shown."""
    content = yaml.safe_load((Path(__file__).parent / "controls.yaml").read_text(encoding="utf-8"))
    return MappingProxyType(TypeAdapter(dict[str, Standard]).validate_python(content))
