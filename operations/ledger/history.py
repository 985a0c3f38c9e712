"""The entries of a verified log as the history of the stacks: changes, their results, and the states that follow."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from operations.ledger.entry import Entry, Kind, read_entry
from operations.ledger.findings import Verification

States = Callable[[Collection[str]], Mapping[str, str | None]]
"""Return the digest of the present state of these stacks and of all others that are known; None without resources."""


@dataclass
class _Stack:
    """What the entries say of one stack."""

    state: str | None = None
    at: int | None = None
    """The number of the result that has the state."""
    open: int | None = None
    """The number of the last intent, until its result."""


@dataclass
class _History:
    found: Verification
    objects: Collection[str]
    stacks: dict[str, _Stack] = field(default_factory=dict)
    intents: dict[int, Entry] = field(default_factory=dict)

    def add(self, number: int, entry: Entry) -> None:
        """Check one entry against those before it."""
        for digest in entry.objects.values():
            if digest.removeprefix("sha256:") not in self.objects:
                self.found.add(f"what it keeps is missing: {digest}", entry=number)
        if entry.kind is Kind.INTENT:
            self.intents[number] = entry
            for name in entry.stacks:
                self._begin(number, entry, self.stacks.setdefault(name, _Stack()), name)
        elif entry.kind is Kind.RESULT:
            intent = self.intents.get(-1 if entry.of is None else entry.of)
            if intent is None or intent.stacks != entry.stacks:
                self.found.add("is the result of no intent before it", entry=number)
            for name in entry.stacks:
                stack = self.stacks.setdefault(name, _Stack())
                stack.state, stack.at = entry.state, number
                stack.open = None if stack.open == entry.of else stack.open

    def _begin(self, number: int, entry: Entry, stack: _Stack, name: str) -> None:
        if stack.open is not None:
            self.found.notes.append(f"Change {stack.open} of {name} has no result, and change {number} began after it.")
        elif stack.at is not None and stack.state != entry.state_before:
            self.found.add(f"{name} had another state than after entry {stack.at}: it was changed without an entry",
                           entry=number, stack=name)  # fmt: skip
        stack.open = number

    def compare(self, states: States) -> None:
        """Compare the states that follow from the entries with the present ones."""
        present_states = states(self.stacks)
        for name in sorted({*present_states, *self.stacks}):
            stack, present = self.stacks.get(name, _Stack()), present_states.get(name)
            if stack.open is not None:
                self.found.notes.append(
                    f"Change {stack.open} of {name} has no result yet: it is running, or was ended."
                )
            elif stack.at is None and present is not None:
                self.found.add(f"{name} is deployed, and no entry says so", stack=name)
            elif stack.at is not None and present != stack.state:
                self.found.add(f"{name} has another state now than after entry {stack.at}: the last entries are "
                               "missing, or it was changed without one", stack=name)  # fmt: skip


def check_entries(
    found: Verification, entries: Sequence[bytes], objects: Collection[str], states: States | None
) -> None:
    """Read the entries into `found`, and check what they say against each other and the present states.

    `objects`: the digests of what is kept beside the entries.
    """
    history = _History(found, objects)
    for number, content in enumerate(entries):
        try:
            entry = read_entry(content)
        except ValueError as error:
            found.add(str(error), entry=number)
            return
        found.entries.append(entry)
        history.add(number, entry)
    if states is not None:
        history.compare(states)
