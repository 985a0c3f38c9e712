"""A report on an estate whose every name and sentence tries to run something, or to break a page."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from formats.plan import Plan
from operations.site import writing
from operations.site.facts import SiteFacts
from policies.model import Policy
from tests.operations.cli.history.estate import LivingEstate
from tests.operations.cli.history.made import History

NAMES = (
    "<script>window.ran = 1</script>",
    '"><img src=x onerror="window.ran = 1">',
    "javascript:window.ran=1",
    "</title></style></script><script>window.ran = 1</script>",
    "' onfocus='window.ran=1' autofocus='",
    "{{ 7*7 }}{% raw %} ]]> --> <!-- ${7*7}",
    "\u202egnp.exe \u2066right to left\u2069",
    "\x1b[31m\x00\x07 null \r\n<svg/onload=window.ran=1>",
    "x" * 10_000,
)
OURS = ("name", "kind", "cloud", "time", "stack", "stacks", "number", "digest", "of", "run", "path", "day", "file")
"""What is of our own making or has a form that reading checks: names of stacks, times, digests."""
_KEPT = (Plan, Policy, Enum)


def hostile_reports(made: History, folder: Path) -> tuple[Path, Path]:
    """Return two reports: by the real command, of files with names that their validation lets in; and of facts of which
    every text is hostile, whatever checks it before."""
    estate = made.copy(folder / "estate")
    _change_files(estate)
    estate.sde(f"ledger note --break-glass '{NAMES[0]} {NAMES[5]}' platform")  # without a permit, which it records
    seen: list[SiteFacts] = []
    with pytest.MonkeyPatch.context() as patch:
        real = writing.write_site
        patch.setattr(writing, "write_site", lambda facts, to: seen.append(facts) or real(facts, to))
        estate.said(f"report -o {folder / 'files'}")
    writing.write_site(hostile(seen[0]), folder / "facts")
    return folder / "files", folder / "facts"


def _change_files(estate: LivingEstate) -> None:
    """Give the files names that tell whether they run, as far as the files may have them."""
    names = itertools.cycle(one for one in NAMES if one.isprintable() and len(one) < 200)

    def rename(data: Any) -> None:
        data["organisation"] = NAMES[3]
        for system in data["integrated_care_systems"]:
            system["name"] = next(names)
            for provider in system["providers"]:
                provider["name"] = next(names)
        for way in data["egress"]["bespoke"]:
            way["approval"]["purpose"] = next(names)

    estate.file("estate.yaml", rename)
    estate.file("requests/hcm-progression.yaml", lambda data: data.update(title=NAMES[0], public_benefit=NAMES[1]))
    estate.file("people.yaml", lambda data: [one.update(name=next(names)) for one in data["people"]])
    estate.file("exemptions.yaml", lambda data: [one.update(reason=NAMES[4] + "!" * 20) for one in data["exemptions"]])
    said = estate.said("validate")
    assert "error" not in said, said


def hostile(value: Any, names: Iterator[str] | None = None, key: str = "") -> Any:
    """Return a value in which every text is hostile, but for what is of our own making."""
    names = names or itertools.cycle(NAMES)
    if value is None or isinstance(value, _KEPT) or key in OURS:
        return value
    if isinstance(value, str):
        return next(names)
    if isinstance(value, Mapping):
        return {one: hostile(item, names, str(one)) for one, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(hostile(item, names, key) for item in value)
    return _of_fields(value, names)


def _of_fields(value: Any, names: Iterator[str]) -> Any:
    if isinstance(value, BaseModel):
        fresh = {one: hostile(getattr(value, one), names, one) for one in type(value).model_fields}
        return value.model_copy(update=fresh)
    if is_dataclass(value) and not isinstance(value, type):
        given = {one.name: hostile(getattr(value, one.name), names, one.name) for one in fields(value) if one.init}
        return replace(value, **given)
    return value
