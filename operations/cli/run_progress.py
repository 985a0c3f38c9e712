"""The progress of a run over several stacks: which are done, failed, or not reached because another failed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property

from formats.errors import SdeError, error_type
from formats.stack_names import SHARED
from operations.cli.output import Output
from operations.cli.stack_catalog import Stack, dependents
from operations.cli.text import plural


class Postponed(Exception):  # noqa: N818 - no error
    """A stack is to be deployed after others of the run: the policies refuse it for their present state alone."""

    def __init__(self, after: Collection[str]) -> None:
        super().__init__(", ".join(after))
        self.after = frozenset(after)


@dataclass
class RunProgress:
    """The stacks of one run in dependency order, and what became of them."""

    stacks: Sequence[Stack]
    started: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    failed: dict[str, SdeError] = field(default_factory=dict)
    not_reached: set[str] = field(default_factory=set)
    """The stacks that need a failed one, directly or indirectly."""
    postponed: dict[str, frozenset[str]] = field(default_factory=dict)
    """The stacks that were postponed once, and those that each waits for."""

    def next_ready(self) -> Stack | None:
        """Start the first stack of which all required stacks of this run are done; None if there is none now."""
        ready = next((stack for stack in self.waiting if not self.waiting_for(stack)), None)
        if ready:
            self.started.add(ready.name)
        return ready

    def waiting_for(self, stack: Stack) -> list[str]:
        """Return the stacks of this run that a stack must wait for.

        These are the required ones that are not done and those that it was postponed after, then one that is being
        deployed with subnets in the same shared tenancy, whose network accepts one write at a time.
        """
        required = [name for name in stack.requires if name in self._names and name not in self.done]
        required += sorted(self.postponed.get(stack.name, frozenset()) - self._settled)
        shared = shared_tenancies(stack)
        if required or not shared:
            return required
        return [one.name for one in self._at_work if one is not stack and shared_tenancies(one) & shared]

    @property
    def _at_work(self) -> list[Stack]:
        return [stack for stack in self.stacks if stack.name in self.started and stack.name not in self._settled]

    @property
    def _settled(self) -> Set[str]:
        return self.done | self.failed.keys() | self.not_reached

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(stack.name for stack in self.stacks)

    @property
    def waiting(self) -> list[Stack]:
        """The stacks that may still start."""
        settled = self.started | self.not_reached
        return [stack for stack in self.stacks if stack.name not in settled]

    def finish(self, stack: Stack) -> None:
        """Record that a stack is done."""
        self.done.add(stack.name)

    def may_postpone(self, stack: str, after: Collection[str]) -> bool:
        """True if a started stack can wait for others of this run: they have not started, and none waits for it."""
        later = {one.name for one in self.waiting} - self.postponed.keys()
        later -= {one.name for one in dependents(self.stacks, [stack])}
        return bool(after) and stack in self.started and later.issuperset(after)

    def postpone(self, stack: Stack, after: frozenset[str]) -> None:
        """Have a started stack start again once others are done or have failed."""
        self.postponed[stack.name] = after
        self.started.discard(stack.name)

    def repeat(self, stacks: Sequence[Stack]) -> None:
        """Have stacks that are done deployed once more, as given here; those with failed dependents are not reached."""
        given = {stack.name: stack for stack in stacks}
        self.stacks = [given.get(stack.name, stack) for stack in self.stacks]
        unfinished = self.failed.keys() | self.not_reached
        for stack in stacks:
            if stack.name in self.done:
                self.done.discard(stack.name)
                needed_by = {other.name for other in dependents(self.stacks, [stack.name])}
                if needed_by.isdisjoint(unfinished):
                    self.started.discard(stack.name)
                else:
                    self.not_reached.add(stack.name)

    def fail(self, stack: Stack, error: SdeError) -> None:
        """Record that a stack failed. The stacks that need it are not reached."""
        self.failed[stack.name] = error
        self.not_reached |= {s.name for s in dependents(self.stacks, [stack.name])} - self.started

    @property
    def goes_on(self) -> bool:
        """True if other stacks can still be worked on."""
        return bool(self.waiting or self.started - self.done - self.failed.keys())

    def text(self) -> str:
        """Return the counts, the stacks that failed and were not reached, and how to continue."""
        lines = [f"{len(self.done):,} of {plural(len(self.stacks), 'stack')} done"]
        left = {"failed": self.failed, "not reached": self.not_reached}
        for what, names in left.items():
            lines += [f"  {what + ':':<13}{', '.join(s.name for s in self.stacks if s.name in names)}"] if names else []
        return "\n".join([*lines, "  continue:    correct them, then scripts/sde up --continue"])

    def record(self) -> dict[str, list[str]]:
        """Return the stacks that are done, failed and not reached, as JSON."""
        return {"done": sorted(self.done), "failed": sorted(self.failed), "not_reached": sorted(self.not_reached)}

    def report_failures(self, output: Output) -> None:
        """Raise the error of the stacks that failed. Of several stacks, print first what is done and left."""
        if self.failed and len(self.stacks) > 1:
            output.emit({"event": "unfinished", **self.record()})
            output.say(self.text())
        self.raise_failures()

    def raise_failures(self) -> None:
        """Raise the error of the stacks that failed."""
        raise_errors(self.failed, len(self.stacks), "failed")


def raise_errors(errors: Mapping[str, SdeError], of: int, what: str) -> None:
    """Raise the error of a stack, with its name if the command is on several; of several stacks, one with them all."""
    if not errors:
        return
    messages = [str(error) if of == 1 else _with_name(name, error) for name, error in errors.items()]
    if len(messages) == 1:
        error = next(iter(errors.values()))
        raise error if str(error) == messages[0] else error_type(error.exit_code)(messages[0])
    worst = min(error.exit_code for error in errors.values())  # failed before wrong input before refused
    raise error_type(worst)("\n".join([f"{len(messages)} of {plural(of, 'stack')} {what}:", *messages]))


def _with_name(name: str, error: SdeError) -> str:
    return str(error) if name in str(error).splitlines()[0] else f"{name}: {error}"


def shared_tenancies(stack: Stack) -> set[str]:
    """Return the shared tenancies in whose network a stack has subnets."""
    return {name for name in stack.requires if name.startswith(SHARED)}


def workers_for(independent: int, most: int | None = None) -> int:
    """Return how many of some independent stacks to work on at the same time: `most`, or one for each core.

    Without `most`, there are three stacks for each worker at least: a worker takes a second to start.
    """
    return max(1, min(independent, most) if most else min(independent // 3, os.cpu_count() or 1))


def width(stacks: Sequence[Stack]) -> int:
    """Return how many stacks can be worked on at the same time at most, as each waits for those that it requires."""
    levels: dict[str, int] = {}
    for stack in stacks:  # in dependency order
        levels[stack.name] = 1 + max((levels[name] for name in stack.requires if name in levels), default=0)
    return max(Counter(levels.values()).values(), default=0)
