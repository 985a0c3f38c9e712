"""The resources of a folded change in words."""

from __future__ import annotations

from collections.abc import Sequence

from formats.urns import ROOT_TYPE, name_of, type_of
from operations.diffs.folded_changes import Resources
from operations.diffs.text import kind_of, plural, printable, shortened

LISTED = 3
"""The number of names that are listed. The rest are counted."""
_NAMED, _LONGEST = 6, 60
"""The most resources that are named, and the most characters of a name."""


def where(resources: Resources) -> str:
    """Return the resources in words: `34 storage accounts of 7 stacks`, or the name if there is one name."""
    if is_of_stacks(resources):
        return stack_names(tuple(resources))
    urns = [urn for urns in resources.values() for urn in urns]
    kinds, names = {kind_of(type_of(urn)) for urn in urns}, {name_of(urn) for urn in urns}
    noun = kinds.pop() if len(kinds) == 1 else "resource"
    one_each = len(names) == 1 and len(urns) == len(resources) and noun != "resource"
    what = f"{noun} {printable(names.pop())}" if one_each else plural(len(urns), noun)
    return f"{what} of {stack_names(tuple(resources))}"


def where_with_names(resources: Resources) -> str:
    """Return the resources in words, and the names of a few."""
    names = sorted({name_of(urn) for urns in resources.values() for urn in urns})
    if is_of_stacks(resources) or len(names) == 1 or len(names) > _NAMED:
        return shortened(where(resources), 4 * _LONGEST)
    return shortened(f"{where(resources)}: {', '.join(shortened(name, _LONGEST) for name in names)}", 8 * _LONGEST)


def is_of_stacks(resources: Resources) -> bool:
    """Return True if the changes are of stacks' outputs."""
    return all(type_of(urn) == ROOT_TYPE for urns in resources.values() for urn in urns)


def stack_names(stacks: Sequence[str]) -> str:
    """Return the names of a few stacks, or their number."""
    return " and ".join(map(printable, stacks)) if len(stacks) < LISTED else f"{len(stacks):,} stacks"
