"""The progress of a run over several stacks: which are done, failed, or not reached because another failed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from formats.errors import Exit, Failed, InputError, Refused, SdeError
from operations.cli.stack_catalog import Stack, dependents
from operations.cli.text import plural


@dataclass
class RunProgress:
    """The stacks of one run in dependency order, and what became of them."""

    stacks: Sequence[Stack]
    started: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    failed: dict[str, SdeError] = field(default_factory=dict)
    not_reached: set[str] = field(default_factory=set)
    """The stacks that need a failed one, directly or indirectly."""

    def next_ready(self) -> Stack | None:
        """Start the first stack of which all required stacks of this run are done; None if there is none now."""
        for stack in self.stacks:
            if stack.name not in self.started | self.not_reached and not self.waiting_for(stack):
                self.started.add(stack.name)
                return stack
        return None

    def waiting_for(self, stack: Stack) -> list[str]:
        """Return the required stacks of this run that are not done."""
        names = {s.name for s in self.stacks}
        return [name for name in stack.requires if name in names and name not in self.done]

    @property
    def waiting(self) -> list[Stack]:
        """The stacks that may still start."""
        return [s for s in self.stacks if s.name not in self.started | self.not_reached]

    def finish(self, stack: Stack) -> None:
        """Record that a stack is done."""
        self.done.add(stack.name)

    def fail(self, stack: Stack, error: SdeError) -> None:
        """Record that a stack failed. The stacks that need it are not reached."""
        self.failed[stack.name] = error
        self.not_reached |= {s.name for s in dependents(self.stacks, [stack.name])} - self.started

    def raise_failures(self) -> None:
        """Raise the error of a failed stack, or for several stacks one error that names them and how to continue."""
        if not self.failed:
            return
        errors = list(self.failed.values())
        if len(self.stacks) == 1:
            raise errors[0]
        lines = [f"  {name}: {str(error).splitlines()[0]}" for name, error in self.failed.items()]
        counts = f"{len(self.done):,} of {plural(len(self.stacks), 'stack')} done, {len(self.failed):,} failed"
        if self.not_reached:
            lines.append(f"  not reached: {', '.join(s.name for s in self.stacks if s.name in self.not_reached)}")
        text = "\n".join([f"{counts}, {len(self.not_reached):,} not reached.", *lines])
        raise _worst(errors)(f"{text}\n  fix:     correct the failed stacks, then scripts/sde up --continue")


def _worst(errors: Sequence[SdeError]) -> type[SdeError]:
    """Return the type of error for the exit code: a failed deployment before wrong input before a refusal."""
    codes = {error.exit_code for error in errors}
    if Exit.FAILED in codes:
        return Failed
    return InputError if Exit.WRONG_USE in codes else Refused


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
