"""Both engines continue after a run that was killed during a step, also from the other's state."""

from __future__ import annotations

import pytest

from formats.errors import InputError
from tests.parity.conftest import world_of
from tests.parity.killing import kill_in_the_middle
from tests.parity.small import Pair
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli


def all_there(pair: Pair) -> None:
    """Check that all resources exist once, and that each engine continues with the other's state."""
    assert {"first", "second", "third"} <= set(pair.state(open_steps=False))
    assert pair.cloud() == ["id-first", "id-second", "id-third", "rg-g"]
    pair.swap()
    for world in pair.worlds.values():  # ours warns of the operation that the CLI kept pending, and settles it
        assert world.engine.preview(pair.stack()).changes == ()
        world.engine.destroy(pair.stack())
    assert pair.cloud() == []


def test_next_run_continues_a_killed_run(pair: Pair) -> None:
    kill_in_the_middle(pair)
    for world in pair.worlds.values():
        world.engine.cancel("small")
        world.engine.up(pair.stack())
    all_there(pair)


def test_other_engine_continues_a_killed_run(pair: Pair) -> None:
    """The CLI needs the embedded engine's journal in the state first, because it reads only the state."""
    kill_in_the_middle(pair)
    pair.swap()
    for world in pair.worlds.values():
        world.engine.cancel("small")
    embedded, pulumi = pair.worlds.values()
    embedded.engine.up(pair.stack())
    with pytest.raises(InputError, match="A run of the embedded engine was killed and left a journal"):
        pulumi.engine.up(pair.stack())
    world_of("embedded", pair.root, pulumi.home).engine.refresh(pair.stack())
    pulumi.engine.up(pair.stack())
    all_there(pair)
