"""Explain a refusal for protected resources, or a failure, by the keys that changed since the last deployment.

The estate's files have the present configuration. The ledger has that of each stack's last deployment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from formats.errors import Failed, Refused, SdeError, short_text
from formats.plan import differing_paths
from formats.property_paths import get, parse
from formats.stack_config import JunctionZoneConfig, ProjectSpec, StackConfig
from formats.stack_names import TENANCY
from operations.cli.planview import PERMITS, PROTECTED
from operations.cli.stack_catalog import Stack
from operations.ledger.entry import Result

if TYPE_CHECKING:
    from operations.access.records import Records

RecordsOf = Callable[[str], "Records"]
"""Returns what the ledger of a cloud has."""
ESTATE = "estate.yaml"
OF_ALL_COMPUTERS = ("admin_public_key", "former_admin_public_keys", "former_archives")
MOST = 5
"""The most changed settings that an error names."""
_BACK = "Set it back to {before}"
_ADVICE = re.compile(r"\n  (?:key|fix): ")
"""The beginning of the advice of a refusal whose cause is not known."""
_UNCHANGED = (
    "  cause:   no key of the estate has changed for this stack since its last deployment: another version of this "
    "project, or the cloud (sde drift {})"
)
_NAMES = {"region": "region", "estate": "code"}
_FIXED = {
    "region": ("the region of an estate is fixed once something is deployed",
               f"{_BACK}. Another region is another estate, with a code of its own."),
    "estate": ("it begins all names, which Azure never changes", f"{_BACK}."),
    "subscription": ("Azure moves none of these resources to another subscription",
                     f"{_BACK}. A further subscription comes at the end of the list."),
    "generation": ("it is part of the names that Azure reserves, and counts how often the stack was destroyed",
                   "Restore allocations.yaml from version control, with generation {before}."),
}  # fmt: skip
_OF_DATA_CLASS = ("keys, disks and rules follow the data class",
                  f"{_BACK}. Data of another class needs {{new}} of its own; data moves through airlocks.")  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """A key that has changed, with the reason why it cannot, and the right way."""

    where: str
    before: str
    now: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"  cause:   {self.where}: {self.now}; deployed: {self.before}; {self.why}\n  fix:     {self.fix}"


def explained(error: SdeError, stack: Stack, records: RecordsOf) -> SdeError:
    """Return a stack's error with the keys that have changed since its last deployment, if the ledger has one.

    A refusal for protected resources names the key that caused it. A failure names the changed keys.
    """
    is_protection = isinstance(error, Refused) and PROTECTED.search(str(error)) is not None
    if stack.config is None or not (is_protection or isinstance(error, Failed)):
        return error
    try:
        found = records(stack.cloud)
        done = [change for change in found.until(stack.name, None) if change.result is Result.SUCCEEDED]
        before = found.config(done)
    except Exception:  # an explanation never hides the error, whatever is wrong with the ledger
        return error
    if before is None:
        return error
    causes = list(_causes(stack.name, before, stack.config))
    if isinstance(error, Failed):
        keys = ", ".join(cause.where.replace(", ", " ") for cause in causes[:MOST])
        more = f" and {len(causes) - MOST} more" if len(causes) > MOST else ""
        return Failed(f"{error}\n  changed: {keys}{more}") if causes else error
    if not causes:
        return Refused(f"{error}\n{_UNCHANGED.format(stack.name)}")
    listed = "\n".join(map(str, causes[:MOST]))
    return Refused(f"{_ADVICE.split(str(error))[0]}\n{listed}{PERMITS}")


@contextmanager
def explaining(stack: Stack, records: RecordsOf) -> Iterator[None]:
    """Have the errors of a block explained."""
    try:
        yield
    except SdeError as error:
        raise explained(error, stack, records) from None


def _causes(stack: str, before: StackConfig, now: StackConfig) -> Iterator[Cause]:
    """Yield the changed settings that are fixed once deployed; if there are none, every other changed setting."""
    fixed = [*_fixed(stack, before, now), *_closed_providers(before, now)]
    if fixed:
        yield from fixed
        return
    was, is_ = (config.model_dump(mode="json", exclude={"tags"}) for config in (before, now))
    for path in sorted(differing_paths(was, is_, "")):
        yield Cause(f"{_file_of(stack, path)}, {path}", _text(get(was, parse(path))), _text(get(is_, parse(path))),
                    "this may need other resources", "Set it back, if it is this change.")  # fmt: skip


def _fixed(stack: str, before: StackConfig, now: StackConfig) -> Iterator[Cause]:
    files = {"generation": f"allocations.yaml, stacks.{stack}.generation", "subscription": f"{ESTATE}, cells"}
    for name, (why, fix) in _FIXED.items():
        old, new = _text(getattr(before, name)), _text(getattr(now, name))
        if old != new:
            where = files.get(name) or f"{ESTATE}, {_NAMES[name]}"
            yield Cause(where, old, new, why, fix.format(before=old))
    if before.data_class != now.data_class:
        why, fix = _OF_DATA_CLASS
        of = "a project" if stack.startswith(TENANCY) else "an estate"
        old, new = str(before.data_class), str(now.data_class)
        yield Cause(f"{_file_of(stack, 'data_class')}, data_class", old, new, why, fix.format(before=old, new=of))


def _closed_providers(before: StackConfig, now: StackConfig) -> Iterator[Cause]:
    """Yield the providers whose entries were removed while the zone has their containers."""
    if not isinstance(before, JunctionZoneConfig) or not isinstance(now, JunctionZoneConfig):
        return
    left = {provider.code for provider in now.providers}
    for provider in before.providers:
        if provider.code not in left:
            code = provider.code.upper()
            yield Cause(f"{ESTATE}, integrated_care_systems", f"the provider {code}", f"no provider {code}",
                        "its container has what it uploaded, and the zone has those of the others",
                        "Put its entry back with `closed: true` and without `way_in`: that takes its rights and ways, "
                        "and keeps the data. To remove it for good: docs/estate.md#close-a-provider.")  # fmt: skip


def _file_of(stack: str, path: str) -> str:
    """Return the file with a setting. Some settings of desks are those of the estate."""
    name, last = re.split(r"[.\[]", path)[0], path.rpartition(".")[2].partition("[")[0]
    is_of_request = stack.startswith(TENANCY) and name in ProjectSpec.model_fields and last not in OF_ALL_COMPUTERS
    return f"requests/{stack.removeprefix(TENANCY)}.yaml" if is_of_request else ESTATE


def _text(value: Any) -> str:
    return "nothing" if value is None else str(short_text(str(value)))
