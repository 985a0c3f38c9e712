"""A deployed stack whose state is read only when its content is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from formats.errors import InputError
from formats.plan import Plan


@dataclass(frozen=True)
class DeployedStack:
    """A deployed stack, by name and digest. Two with the same digest have equal Plans, also in different processes."""

    name: str
    digest: str
    """The hash of the stored state and of what else its Plan depends on, or the digest of a Plan that is known."""
    load: Callable[[], Plan] = field(compare=False, repr=False)
    """Read the state as a Plan without changes. The Plan is not kept, so that a large estate fits into memory.

    `InputError` if the state is damaged, or is not the one of the digest any more.
    """

    @classmethod
    def of(cls, plan: Plan) -> DeployedStack:
        """Return the stack of a Plan that is in memory already."""
        return cls(plan.stack, plan.digest, lambda: plan)


def changed_meanwhile(stack: str) -> InputError:
    """Return the error for a state that is not the one of the digest any more."""
    return InputError(f"The state of {stack} changed while this command was running.", fix="run the command again")
