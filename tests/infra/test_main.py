"""The program's entry point, run as by Pulumi's language host."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pulumi
import pulumi.runtime.config
import pytest

from formats import stack_config
from formats.errors import InputError
from infra import sdk_patches
from infra.stacks.programs import running_config
from tests.formats.samples import tenancy_settings

PROGRAM = Path(sdk_patches.__file__).parent


def test_bad_input_is_one_message_without_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(stack: str, settings: object) -> stack_config.StackConfig:
        raise InputError("This value cannot be used.", file="Pulumi.platform.yaml", key="sde:cloud", found="moon")

    monkeypatch.setattr(stack_config, "parse", parse)
    monkeypatch.setattr(sdk_patches, "apply", lambda: None)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "platform")
    with pytest.raises(InputError) as raised:
        runpy.run_path(str(PROGRAM), run_name="__main__")
    assert isinstance(raised.value, pulumi.RunError), "Pulumi's language host would print a traceback"
    assert "sde:cloud" in str(raised.value)


def test_importing_the_program_declares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_patches, "apply", lambda: None)
    runpy.run_path(str(PROGRAM), run_name="looked_at")


def test_a_running_program_loads_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tenancy_settings()
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(settings))
    assert running_config("tre-hcm") == stack_config.parse("tre-hcm", settings)
    token = pulumi.runtime.config.CONFIG.set({"sde:title": "another"})
    try:
        assert getattr(running_config("tre-hcm"), "title", None) == "another"
    finally:
        pulumi.runtime.config.CONFIG.reset(token)
