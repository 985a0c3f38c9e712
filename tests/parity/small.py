"""Small programs under both engines: the same steps, each engine with its own cloud and state.

`Pair` executes a step with each engine and compares the result, the plan, the events, the state and the cloud.
`comparing.py` lists the accepted differences.
"""

from __future__ import annotations

import hashlib
import shutil
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from formats.errors import Failed, InputError, Refused
from formats.plan import PlannedResource
from local_azure import admin
from operations.engine.embedded.secrets import Crypter
from operations.engine.port import Engine, Event, StackSettings
from tests.parity.comparing import PASSPHRASE, ROOT, by_urn, compared, messages, same, state_of

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
CONFIG = {"azure-native:location": "uksouth", "azure-native:subscriptionId": SUBSCRIPTION, "sde:cloud": "local"}

HEAD = """
import pulumi
from pulumi import Alias, Output, ResourceOptions as Options
from pulumi_azure_native import Provider, authorization, managedidentity, resources, storage

def group(name="g", options=None, **more):
    more = {"resource_group_name": "rg-" + name, **more}
    return resources.ResourceGroup(name, opts=options, **more)

def identity(name, home, options=None, **more):
    home = home if isinstance(home, (str, Output)) else home.name
    more = {"resource_name_": "id-" + name, "resource_group_name": home, **more}
    return managedidentity.UserAssignedIdentity(name, opts=options, **more)

def store(name, home, options=None, **more):
    more = {"account_name": "st" + name, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, **more}
    return storage.StorageAccount(name, resource_group_name=home.name, opts=options, **more)
"""
"""The head of every small program: cheap types with explicit names, because generated names differ."""


@dataclass
class World:
    """An engine, and the folder of its cloud and its state."""

    engine: Engine
    home: Path

    def empty(self) -> None:
        """Delete cloud and state; all use the same passphrase."""
        for name in ("local", "state"):
            shutil.rmtree(self.home / name, ignore_errors=True)
        for name in ("local", "state"):
            (self.home / name).mkdir(mode=0o700, parents=True)
        (self.home / "local" / "passphrase").write_text(PASSPHRASE)

    @property
    def database(self) -> Path:
        return self.home / "local" / "azure.db"

    def cloud(self) -> list[str]:
        """Return the ids of the cloud's resources."""
        return [entry.id for entry in admin.resources(self.database)]


@dataclass
class Run:
    """The result of one step."""

    exit: str = "done"
    """Or the name of the port's exception, which decides the exit code."""
    message: str = ""
    events: Counter[tuple[Any, ...]] = field(default_factory=Counter)
    value: Any = None

    @property
    def plan(self) -> dict[str, str]:
        """Return a preview's operations by name, without unchanged resources and the engine's own."""
        return {r.name: r.operation.value for r in self.value.changes}

    def planned(self, name: str) -> PlannedResource:
        (found,) = [r for r in self.value.resources if r.name == name]
        return found

    @property
    def done(self) -> dict[str, str]:
        """Return the executed operations by name from the events, without unchanged resources and the engine's own."""
        return {
            event[1].split("::")[-1]: event[2]
            for event in self.events
            if event[0] == "step-done" and event[2] != "same" and "::pulumi:" not in event[1]
        }

    @property
    def warnings(self) -> list[str]:
        return [event[3] for event in self.events if event[0] == "message" and event[1] == "warning"]


class Pair:
    """Both engines with one program: both execute each step, with equal results."""

    def __init__(self, root: Path, embedded: World, pulumi: World) -> None:
        self.root, self.worlds = root, {"embedded": embedded, "pulumi": pulumi}

    # The program and its stack

    def program(self, body: str) -> None:
        """Set the stack's program."""
        shutil.rmtree(self.root / "__pycache__", ignore_errors=True)  # Python misses edits within one second
        (self.root / "__main__.py").write_text(HEAD + textwrap.dedent(body))

    def stack(self, name: str = "small") -> StackSettings:
        file = self.root / f"Pulumi.{name}.yaml"
        content = yaml.safe_load(file.read_text()) if file.exists() else {}
        config = content.get("config") or CONFIG
        if not content.get("config"):
            file.write_text(yaml.safe_dump({**content, "config": config}))
        return StackSettings(name, config, file)

    def configure(self, *, secret: Mapping[str, str], plain: Mapping[str, str]) -> None:
        """Add to the stack's configuration, as `pulumi config set` and `pulumi config set --secret` do."""
        file, crypter = self.stack().file, Crypter(lambda: PASSPHRASE)
        sealed = {key: {"secure": crypter.encrypt(text)} for key, text in secret.items()}
        content = {"encryptionsalt": crypter.state, "config": {**CONFIG, **plain, **sealed}}
        file.write_text(yaml.safe_dump(content))

    def deployed(self, body: str) -> None:
        """Set the program of a new stack and deploy it with both engines; a later test gets a copy of what it left."""
        self.program(body)
        kept = self.root / "kept" / hashlib.sha256(body.encode()).hexdigest()
        if not kept.exists():
            self.up()
        for name, world in self.worlds.items():
            for part in ("local", "state"):
                _copy(world.home / part, kept / name / part)
        _copy(self.root / "Pulumi.small.yaml", kept / "Pulumi.small.yaml")

    # Steps

    def preview(self, *, stack: str = "small", ends: str = "done", same_outputs: bool = True, **options: Any) -> Run:
        """Preview with both engines. Without `same_outputs` the outputs of the plans are not compared."""
        settings = self.stack(stack)
        runs = self._both(lambda engine, heard: engine.preview(settings, on_event=heard, **options), ends)
        told = {name: messages(run.events) for name, run in runs.items()}
        same(told["embedded"], told["pulumi"], "messages")
        if ends == "done":
            plans = {name: by_urn(run.value) for name, run in runs.items()}
            same(plans["embedded"], plans["pulumi"], "plan")
            outputs = {name: {o.name: o for o in run.value.outputs if same_outputs} for name, run in runs.items()}
            same(outputs["embedded"], outputs["pulumi"], "the plan's outputs")
        return runs["pulumi"]

    def up(self, *, stack: str = "small", ends: str = "done", **options: Any) -> Run:
        settings = self.stack(stack)
        return self._changing(lambda engine, heard: engine.up(settings, on_event=heard, **options), stack, ends)

    def refresh(self, *, stack: str = "small", ends: str = "done") -> Run:
        settings = self.stack(stack)
        return self._changing(lambda engine, heard: engine.refresh(settings, on_event=heard), stack, ends)

    def preview_refresh(self, *, ends: str = "done") -> Run:
        """Compare the cloud with the state with both engines. Neither may change."""
        settings = self.stack()
        before = {name: (world.cloud(), world.engine.export_state("small")) for name, world in self.worlds.items()}
        runs = self._both(lambda engine, heard: engine.preview_refresh(settings, on_event=heard), ends)
        same(runs["embedded"].events, runs["pulumi"].events, "events")
        if ends == "done":
            plans = {name: by_urn(run.value) for name, run in runs.items()}
            same(plans["embedded"], plans["pulumi"], "plan")
        for name, world in self.worlds.items():
            assert (world.cloud(), world.engine.export_state("small")) == before[name]
        return runs["pulumi"]

    def destroy(self, *, stack: str = "small", ends: str = "done", **options: Any) -> Run:
        settings = self.stack(stack)
        return self._changing(lambda engine, heard: engine.destroy(settings, on_event=heard, **options), stack, ends)

    def import_resource(self, type_: str, name: str, id_: str, *, ends: str = "done") -> Run:
        settings = self.stack()
        return self._changing(lambda engine, _: engine.import_resource(settings, type_, name, id_), "small", ends)

    def outputs(self, *, show_secrets: bool = False, stack: str = "small") -> Mapping[str, Any]:
        runs = self._both(lambda engine, _: engine.outputs(stack, show_secrets=show_secrets), "done")
        same(runs["embedded"].value, runs["pulumi"].value, "outputs")
        outputs: Mapping[str, Any] = runs["pulumi"].value
        return outputs

    # Results

    def state(self, stack: str = "small", *, outputs: bool = True, open_steps: bool = True) -> dict[str, Any]:
        """Return the resources of the state by name, which must be equal in both engines.

        `outputs`: those of the stack too; `open_steps`: also the steps that a killed run left open.
        """
        states = {name: state_of(world.engine, stack) for name, world in self.worlds.items()}
        for name, resources in states.items():
            if not outputs:
                for resource in resources.values():
                    if resource.get("type") == ROOT:
                        resource.pop("outputs", None)
            if not open_steps:
                states[name] = {urn: content for urn, content in resources.items() if content}
        same(states["embedded"], states["pulumi"], "state")
        return {urn.split("::")[-1]: content for urn, content in states["pulumi"].items()}

    def cloud(self) -> list[str]:
        """Return the last parts of the ids in the cloud, which must be equal in both engines."""
        clouds = {name: world.cloud() for name, world in self.worlds.items()}
        same(clouds["embedded"], clouds["pulumi"], "cloud")
        return sorted(id_.rsplit("/", 1)[-1] for id_ in clouds["pulumi"])

    def forget_state(self) -> None:
        """Delete both states, and keep the clouds."""
        for world in self.worlds.values():
            shutil.rmtree(world.home / "state")
            (world.home / "state").mkdir(mode=0o700)

    def swap(self) -> None:
        """Give each engine the cloud and the state of the other."""
        one, other = (world.home for world in self.worlds.values())
        for name in ("local", "state"):
            aside = one / "aside"
            (one / name).rename(aside)
            (other / name).rename(one / name)
            aside.rename(other / name)

    def carry_on(self) -> None:
        """Check that each engine finds nothing to change in the other's state, and can destroy it."""
        self.swap()
        assert self.preview().plan == {}
        self.destroy(release_protected=True)
        assert self.cloud() == []

    # Execution

    def _changing(self, step: Callable[..., Any], stack: str, ends: str) -> Run:
        runs = self._both(step, ends)
        if ends == "Refused":
            runs = {name: replace(run, events=messages(run.events)) for name, run in runs.items()}
        same(runs["embedded"].events, runs["pulumi"].events, "events")
        if ends == "done":
            counts = {name: dict(run.value.counts) for name, run in runs.items()}
            same(counts["embedded"], counts["pulumi"], "counts")
            same(runs["embedded"].value.outputs, runs["pulumi"].value.outputs, "outputs")
        self.state(stack, outputs=ends == "done")
        self.cloud()
        return runs["pulumi"]

    def _both(self, step: Callable[..., Any], ends: str) -> dict[str, Run]:
        runs = {name: _run(world.engine, step) for name, world in self.worlds.items()}
        found = {name: run.exit for name, run in runs.items()}
        assert found == dict.fromkeys(self.worlds, ends), {name: run.message for name, run in runs.items()}
        return runs


def _copy(own: Path, kept: Path) -> None:
    """Keep a copy of a test's file or folder; where one is kept, replace the test's own by it."""
    if kept.exists():
        shutil.rmtree(own) if own.is_dir() else own.unlink(missing_ok=True)
        own, kept = kept, own
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(own, kept) if own.is_dir() else shutil.copy2(own, kept)


def _run(engine: Engine, step: Callable[..., Any]) -> Run:
    run = Run()

    def heard(event: Event) -> None:
        if told := compared(event):
            run.events[told] += 1

    try:
        run.value = step(engine, heard)
    except (InputError, Failed, Refused) as error:
        kind = next(kind for kind in (InputError, Failed, Refused) if isinstance(error, kind))
        run.exit, run.message = kind.__name__, str(error)
    return run
