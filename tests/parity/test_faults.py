"""Both engines agree on errors: failing steps, program errors and protected resources."""

from __future__ import annotations

import pytest

from tests.parity.small import Pair
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

BROKEN = """
    home = group()
    first = identity("first", home)
    second = identity("second", "{home}", Options(depends_on=[first]))
    identity("third", home, Options(depends_on=[second]))
    pulumi.export("first", first.name)
"""


def test_failed_step_keeps_earlier_ones_and_the_next_run_continues(pair: Pair) -> None:
    pair.program(BROKEN.format(home="rg-absent"))
    failed = pair.up(ends="Failed")
    assert failed.done == {"g": "create", "first": "create"}
    assert "rg-absent" in failed.message
    assert pair.cloud() == ["id-first", "rg-g"]
    pair.swap()
    pair.program(BROKEN.format(home="rg-g"))
    assert pair.preview(same_outputs=False).plan == {"second": "create", "third": "create"}
    assert pair.up().done == {"second": "create", "third": "create"}
    pair.carry_on()


MISTAKES = {
    "exception": ("raise ValueError('no such ward')", "Failed", "ValueError: no such ward"),
    "run error": ("raise pulumi.RunError('the ward is closed')", "Failed", "the ward is closed"),
    "exit": ("import sys; sys.exit(3)", "Failed", "SystemExit: 3"),
    "apply": ("home.name.apply(lambda _: {}['ward'])", "Failed", "KeyError: 'ward'"),
    "exported apply": ("pulumi.export('x', home.name.apply(lambda _: {}['ward']))", "Failed", "KeyError: 'ward'"),
    "bad input": ("from formats.errors import InputError; raise InputError('no ward')", "InputError", "no ward"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_program_error_ends_the_run(pair: Pair, mistake: str) -> None:
    statement, exit_, words = MISTAKES[mistake]
    pair.program('home = group(tags={"owner": "ann"})\n' + statement)
    for run in (pair.preview(ends=exit_), pair.up(ends=exit_)):
        assert words in run.message
        assert "Traceback" not in run.message


def test_program_error_keeps_earlier_resources(pair: Pair) -> None:
    pair.program("home = group()\nhome.id.apply(lambda _: {}['ward'])")
    pair.up(ends="Failed")
    assert pair.cloud() == ["rg-g"]
    pair.program("group()\ngroup('other')")
    pair.swap()
    assert pair.up().done == {"other": "create"}
    pair.carry_on()


GUARDED = """
    home = group(options=Options(protect=True), location="{place}")
    identity("who", "rg-g", Options(depends_on=[home]), tags={{"owner": "{owner}"}})
"""


def test_a_protected_resource_is_not_deleted(pair: Pair) -> None:
    pair.program("group(options=Options(protect=True))\ngroup('away')")
    pair.up()
    pair.program("group('away')")
    assert "Protected" in pair.preview(ends="Refused").message
    pair.up(ends="Refused")
    assert pair.cloud() == ["rg-away", "rg-g"]


def test_dependants_of_a_protected_resource_stay(pair: Pair) -> None:
    pair.program(GUARDED.format(place="uksouth", owner="ann"))
    pair.up()
    pair.destroy(ends="Refused")
    pair.program("")
    pair.up(ends="Refused")
    assert pair.cloud() == ["id-who", "rg-g"]


def test_a_protected_resource_is_not_replaced(pair: Pair) -> None:
    pair.program(GUARDED.format(place="uksouth", owner="ann"))
    pair.up()
    pair.program(GUARDED.format(place="ukwest", owner="ben"))
    assert "Protected" in pair.preview(ends="Refused").message
    pair.up(ends="Refused")
    pair.program(GUARDED.format(place="uksouth", owner="ann"))
    pair.carry_on()
