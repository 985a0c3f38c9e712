"""The standards of an evidence pack, and the policies that are evidence for each of their controls."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter

from formats.errors import InputError, nearest
from formats.yaml_reader import parse_mapping
from operations.reports.matrix import sort_key
from policies.controls import standards as named_by_policies
from policies.model import Policy

CLAIMS = "claims/"
"""The folder of the claims in a pack."""
SHORT_NAMES: Mapping[str, str] = {
    "satre": "SATRE",
    "ncsc": "NCSC",
    "caf": "CAF",
    "cyber_essentials": "CE",
    "cis": "CIS",
    "iso27001": "ISO27001",
    "five_safes": "FIVE-SAFES",
}
"""The name of each standard in `--control`."""
_OTHER_NAMES = {"DSPT": "caf", "CYBERESSENTIALS": "cyber_essentials", "ISO": "iso27001"}
_SATRE_NOTE = (
    "Those that infrastructure code has no part in are in SATRE's own words, by its contributors: "
    "https://github.com/sa-tre/satre-specification"
)
_IGNORED = re.compile(r"[\s_-]")


@dataclass(frozen=True)
class Statement:
    """A statement of SATRE, in the specification's words."""

    section: str
    capability: str
    importance: str
    """Mandatory, Mandatory* (where applicable), Recommended or Optional."""
    statement: str
    guidance: str


@dataclass(frozen=True)
class Control:
    """A control of a standard."""

    standard: str
    """The key of its standard."""
    number: str
    title: str

    @property
    def name(self) -> str:
        """Its name in `--control`: `SATRE:2.2.11`."""
        return f"{SHORT_NAMES[self.standard]}:{self.number}"

    @property
    def path(self) -> str:
        """The path of its claim in the pack. Both parts are from this project's own tables."""
        return f"{CLAIMS}{self.standard.replace('_', '-')}/{self.number}.json"

    def policies(self, catalogue: Mapping[str, Policy]) -> Sequence[Policy]:
        """Return the policies of a catalogue that are evidence for it."""
        return [one for one in catalogue.values() if self.number in getattr(one.controls, self.standard)]


@dataclass(frozen=True)
class Standard:
    """A standard with its controls by number."""

    key: str
    title: str
    note: str
    controls: Mapping[str, Control]

    @property
    def name(self) -> str:
        """Its name in `--control`."""
        return SHORT_NAMES[self.key]

    @cached_property
    def _numbers(self) -> Mapping[str, str]:
        return {number.lower(): number for number in self.controls}

    def control(self, number: str) -> Control | None:
        """Return a control by its number, in any case of letters."""
        found = self._numbers.get(number.lower())
        return self.controls[found] if found else None


@cache
def statements() -> Mapping[str, Statement]:
    """Return every statement of SATRE, by number."""
    file = Path(__file__).parent / "satre.yaml"
    content = parse_mapping(file.read_text(encoding="utf-8"), f"operations/evidence/{file.name}", is_own=True)
    return MappingProxyType(TypeAdapter(dict[str, Statement]).validate_python(content))


@cache
def standards() -> Mapping[str, Standard]:
    """Return the standards by key, in the order in which packs list them, with our summaries of their controls.

    SATRE has its other statements too, in its own words.
    """
    found = dict[str, Standard]()
    for key, one in named_by_policies().items():
        titles = {number: statement.statement for number, statement in statements().items()} if key == "satre" else {}
        note = f"{one.note} {_SATRE_NOTE}" if key == "satre" else one.note
        titles |= one.controls
        controls = {number: Control(key, number, titles[number]) for number in sorted(titles, key=sort_key)}
        found[key] = Standard(key, one.title, note, controls)
    return MappingProxyType(found)


def control_named(name: str) -> Control:
    """Return the control of a name such as `SATRE:2.2.11`. `InputError` for a name of none."""
    given, colon, number = name.partition(":")
    plain = _IGNORED.sub("", given).upper()
    names = {_IGNORED.sub("", short): key for key, short in SHORT_NAMES.items()} | _OTHER_NAMES
    standard = standards().get(names.get(plain, ""))
    if standard is None:
        raise InputError("There is no such standard.", key="--control", found=name,
                         allowed=f"one of {', '.join(SHORT_NAMES.values())}, a colon, and a number: SATRE:2.2.11",
                         fix="name a standard and a number, or use --all")  # fmt: skip
    control = standard.control(number.strip())
    if control is None:
        close = nearest(number.strip(), list(standard.controls))
        raise InputError(f"{standard.title} has no such control.", key="--control", found=name if colon else f"{name}:",
                         allowed=_some(standard, number.strip()),
                         fix=f"did you mean {standard.name}:{close}?" if close else "name one of these")  # fmt: skip
    return control


def _some(standard: Standard, number: str, most: int = 12) -> str:
    """Return numbers of a standard: of the same part as a number, where there are any."""
    part = number.rpartition(".")[0] + "."
    numbers = [one for one in standard.controls if one.startswith(part)] or list(standard.controls)
    more = f" and {len(numbers) - most} more" if len(numbers) > most else ""
    return ", ".join(numbers[:most]) + more


def every_control() -> Sequence[Control]:
    """Return every control of every standard."""
    return [control for standard in standards().values() for control in standard.controls.values()]
