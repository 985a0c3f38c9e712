"""The SDK patches change a program's speed, not its results."""

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

from infra import sdk_patches
from operations.engine.embedded.monitor import Monitor
from tests.operations.engine.embedded.fake_cloud import Group, Lab, Thing, steps


def test_the_installed_sdk_is_supported() -> None:
    assert sdk_patches.is_supported()


def test_the_patches_are_removed_afterwards() -> None:
    original, collecting = pulumi.resource.collapse_alias_to_urn, gc.isenabled()
    with sdk_patches.applied():
        assert pulumi.resource.collapse_alias_to_urn is not original
        assert pulumi.runtime.stack.asyncio is not asyncio
        assert not gc.isenabled()
        with sdk_patches.applied():
            pass
        assert not gc.isenabled()
    assert pulumi.resource.collapse_alias_to_urn is original
    assert pulumi.runtime.stack.asyncio is asyncio
    assert gc.isenabled() == collecting


def test_outputs_are_awaited_together_until_the_first_failure() -> None:
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

    with sdk_patches.applied():
        assert asyncio.run(waits(later(0), later(0.01), later(0.02))) == (3, 0)
        assert asyncio.run(waits(fail(), later(5))) == (1, 1)


def test_an_unknown_sdk_version_is_not_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_patches, "version", lambda _name: "4.0.0")
    original = pulumi.resource.collapse_alias_to_urn
    with sdk_patches.applied():
        assert pulumi.resource.collapse_alias_to_urn is original
        assert gc.isenabled()


def test_a_function_with_other_parameters_is_not_patched(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(alias: str) -> str:
        return alias

    monkeypatch.setattr(pulumi.resource, "collapse_alias_to_urn", other)
    with sdk_patches.applied():
        assert pulumi.resource.collapse_alias_to_urn is other


@pytest.mark.parametrize("specifications", [True, False], ids=["engine takes specifications", "engine takes URNs only"])
def test_aliases_still_keep_a_resource(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, specifications: bool) -> None:
    """Also with an old engine, for which the SDK computes the URNs itself: they are built on demand."""
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


def test_no_call_stacks_are_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab, sent = Lab(tmp_path), set[tuple[bool, int]]()
    real = Monitor.RegisterResource

    def register(self: Monitor, request: Any) -> Any:
        sent.add((request.HasField("sourcePosition"), len(request.stackTrace.frames)))
        return real(self, request)

    monkeypatch.setattr(Monitor, "RegisterResource", register)
    with sdk_patches.applied():
        lab.up(lambda: Thing("one", name="one"))
    assert sent == {(False, 0)}
