"""The cure for the SDK's own cost changes how fast a program runs, and nothing else."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pulumi
import pulumi.resource
import pytest
from pulumi import Alias, ResourceOptions

from infra import speed
from tests.operations.engine.embedded.fake_cloud import Group, Lab, Thing, steps


def test_it_knows_the_installed_sdk() -> None:
    assert speed.knows_the_sdk()


def test_it_is_taken_back_afterwards() -> None:
    original, collecting = pulumi.resource.collapse_alias_to_urn, gc.isenabled()
    with speed.fast():
        assert pulumi.resource.collapse_alias_to_urn is not original
        assert pulumi.runtime.stack.asyncio is not asyncio
        assert not gc.isenabled()
        with speed.fast():
            pass
        assert not gc.isenabled()
    assert pulumi.resource.collapse_alias_to_urn is original
    assert pulumi.runtime.stack.asyncio is asyncio
    assert gc.isenabled() == collecting


def test_open_outputs_are_waited_for_once_and_the_first_failure_ends_the_wait() -> None:
    async def later(seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def fail() -> None:
        raise RuntimeError("this one failed")

    async def waits(*work: Coroutine[Any, Any, None]) -> tuple[int, int]:
        tasks = [asyncio.ensure_future(one) for one in work]
        done, open_ = await pulumi.runtime.stack.asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in open_:
            task.cancel()
        return len(done), len(open_)

    with speed.fast():
        assert asyncio.run(waits(later(0), later(0.01), later(0.02))) == (3, 0)
        assert asyncio.run(waits(fail(), later(5))) == (1, 1)


def test_an_sdk_that_it_does_not_know_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "version", lambda _name: "4.0.0")
    original = pulumi.resource.collapse_alias_to_urn
    with speed.fast():
        assert pulumi.resource.collapse_alias_to_urn is original
        assert gc.isenabled()


def test_a_function_of_another_shape_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(alias: str) -> str:
        return alias

    monkeypatch.setattr(pulumi.resource, "collapse_alias_to_urn", other)
    with speed.fast():
        assert pulumi.resource.collapse_alias_to_urn is other


@pytest.mark.parametrize("specifications", [True, False], ids=["engine takes specifications", "engine takes URNs only"])
def test_aliases_of_a_program_still_keep_a_resource(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, specifications: bool
) -> None:
    """Also where an old engine has the SDK work out the URNs itself: they are built when asked for."""
    from operations.engine.embedded import monitor

    if not specifications:
        monkeypatch.delitem(monitor.FEATURES, "aliasSpecs")
    lab = Lab(tmp_path)

    def program(parent: str, aliases: list[Alias]) -> object:
        def run() -> None:
            group = Group(parent, opts=ResourceOptions(aliases=aliases))
            Thing(f"{parent}-child", name="x", opts=ResourceOptions(parent=group))

        return run

    lab.up(program("one", []))
    assert steps(lab.preview(program("two", [Alias(name="one")]))) == {"two": "same", "two-child": "same"}
