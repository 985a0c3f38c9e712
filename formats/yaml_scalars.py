"""Scalars of YAML as the core schema of YAML 1.2 reads them (yaml.org/spec/1.2.2, section 10.3), and no others.

YAML 1.1 reads many plain scalars otherwise: `0365` as octal, `yes` as true, `17:04` in base 60. People, editors and
other tools follow either version, so a scalar that the two read differently is refused. In quotes, or written out, it
means the same in both. A date is text in the core schema; the models read it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_PREFIX = "tag:yaml.org,2002:"
STRING = _PREFIX + "str"
AMBIGUOUS = "!ambiguous"
_DIGITS = "0123456789"
_NUMBER = "-+." + _DIGITS
_IN_DIGITS = "the number in decimal digits; in quotes, if it is text"


@dataclass(frozen=True)
class Ambiguity:
    """Plain scalars that are refused."""

    pattern: str
    first: str
    """Every first character of a scalar that fits the pattern."""
    what: str
    instead: str
    """What to write instead."""


AMBIGUITIES = (
    Ambiguity("yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|y|Y|n|N", "yYnNoO",
              "a word that YAML 1.1 reads as true or false", "true or false; or the word in quotes, if it is text"),
    Ambiguity("[-+]?0[0-9_]+", _NUMBER, "a number that begins with 0, which YAML 1.1 reads as octal",
              "the number without the first 0; in quotes, if it is text"),
    Ambiguity("[-+]?0[bo][0-7_]+|[-+]0x[0-9a-fA-F_]+|0x[0-9a-fA-F_]*_[0-9a-fA-F_]*", _NUMBER,
              "a number in another base, which the versions of YAML read differently", _IN_DIGITS),
    Ambiguity(r"[-+]?(?=[0-9.]*[0-9])(?=[0-9.]*_)[0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?", _NUMBER,
              "a number with _ between its digits, which YAML 1.2 reads as text", _IN_DIGITS),
    Ambiguity(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", _NUMBER,
              "digits with colons, which YAML 1.1 reads as a number in base 60",
              "a number in decimal digits; a time of day in quotes"),
    Ambiguity(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)[eE][-+]?[0-9]+", _NUMBER,
              "a number with an exponent, which the versions of YAML read differently", _IN_DIGITS),
    Ambiguity(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", _NUMBER, "not a finite number",
              "a number; in quotes, if it is text"),
    Ambiguity(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9].*", _DIGITS, "a date with a time",
              "a date, YYYY-MM-DD; in quotes, if it is text"),
    Ambiguity("<<", "<", "a merge key, which YAML 1.2 does not have", "each key written out"),
    Ambiguity("=", "=", "the default key of YAML 1.1", "in quotes, if it is text"),
)  # fmt: skip
"""All that YAML 1.1 and 1.2 read differently, and what no number of JSON can be. Numbers with an exponent are refused
as a whole: whether YAML 1.1 reads one depends on its dot and sign."""
_CORE = {
    "null": ("|~|null|Null|NULL", ("", "~", "n", "N")),
    "bool": ("true|True|TRUE|false|False|FALSE", tuple("tTfF")),
    "int": ("[-+]?[0-9]+|0x[0-9a-fA-F]+", tuple(_NUMBER)),
    "float": (r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)", tuple(_NUMBER)),
}
"""The core schema without what is ambiguous: patterns and first characters, by tag."""


class CoreLoader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """Composes nodes whose tags are those of the core schema, or `AMBIGUOUS`."""

    yaml_implicit_resolvers: Mapping[str, Any] = {}


class CoreDumper(yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper):  # type: ignore[misc]
    """Writes text in quotes where any version of YAML reads it as something else, so that `CoreLoader` reads it."""


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})\Z", re.DOTALL)


for _class in (CoreLoader, CoreDumper):
    for _one in AMBIGUITIES:
        _class.add_implicit_resolver(AMBIGUOUS, _whole(_one.pattern), list(_one.first))
    for _name, (_pattern, _first) in _CORE.items():
        _class.add_implicit_resolver(_PREFIX + _name, _whole(_pattern), _first)


def _int(text: str) -> int:
    return int(text, 16 if text.startswith("0x") else 10)


def _float(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError("a number that is too large")
    return found


READERS: Mapping[str, Callable[[str], object]] = {
    STRING: str,
    _PREFIX + "null": lambda _: None,
    _PREFIX + "bool": lambda text: text.lower() == "true",
    _PREFIX + "int": _int,
    _PREFIX + "float": _float,
}
"""The value of a scalar's text, by its tag."""


def ambiguity_of(text: str) -> Ambiguity:
    """Return why a scalar with the tag `AMBIGUOUS` is refused."""
    return next(one for one in AMBIGUITIES if _whole(one.pattern).match(text))
