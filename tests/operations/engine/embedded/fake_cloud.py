"""A small cloud for the engine's tests: a dictionary of resources, and a provider with a cloud's checks."""
# ruff: noqa: N802 - the protocol names its methods

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from formats import property_values
from operations.engine.embedded.engine import EmbeddedEngine
from operations.engine.port import StackSettings
from operations.engine.program_process import ProgramProcess
from tests.operations.engine.in_process import InProcess

VERSION = "1.2.3"


class Cloud:
    """The resources by id, and the requests. `fault` may raise, to simulate a killed process."""

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fault: Callable[[str], None] = lambda _point: None
        self.fails: dict[str, str] = {}

    def changes(self) -> list[str]:
        return [c for c in self.calls if c.split(" ")[0] in ("create", "update", "delete")]


class FakeProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Resources have a `name` (by default generated from the seed), a `fixed` value that forces a replacement, tags and
    a secret. A `Thing` is created before the old one is deleted; a `Slot` keeps its name and is deleted first."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.config: dict[str, Any] = {}

    def CheckConfig(self, request: Any, context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        old, new = property_values.from_struct(request.old_inputs), property_values.from_struct(request.news)
        replaces = ["account"] if old.get("account") != new.get("account") else []
        return provider_pb2.DiffResponse(changes=2 if old != new else 1, replaces=replaces)

    def Configure(self, request: Any, context: Any) -> Any:
        self.config = property_values.from_struct(request.args)
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def Check(self, request: Any, context: Any) -> Any:
        news, olds = property_values.from_struct(request.news), property_values.from_struct(request.olds)
        failures = [
            provider_pb2.CheckFailure(property=k, reason="is not a property")
            for k in news
            if k not in ("name", "fixed", "tags", "secret", "size", "link", "rules")
        ]
        if "name" not in news:
            logical = request.urn.rsplit("::", 1)[-1]
            news["name"] = olds.get("name") or f"{logical}-{request.randomSeed.hex()[:8]}"
        return provider_pb2.CheckResponse(inputs=property_values.to_struct(news), failures=failures)

    def Diff(self, request: Any, context: Any) -> Any:
        old, new = property_values.from_struct(request.old_inputs), property_values.from_struct(request.news)
        detailed = {}
        for path in _paths(old, new):
            forced = path.split(".")[0] in ("name", "fixed")
            detailed[path] = provider_pb2.PropertyDiff(kind=5 if forced else 4, inputDiff=True)
        return provider_pb2.DiffResponse(
            changes=2 if detailed else 1,
            detailedDiff=detailed,
            hasDetailedDiff=True,
            replaces=sorted({p.split(".")[0] for p, d in detailed.items() if d.kind == 5}),
            deleteBeforeReplace=":Slot" in request.urn,
        )

    def Create(self, request: Any, context: Any) -> Any:
        inputs = property_values.from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(
                properties=property_values.to_struct({**inputs, "address": property_values.UNKNOWN})
            )
        id_ = f"/{'slots' if ':Slot' in request.urn else 'things'}/{property_values.unwrap(inputs['name'])}"
        self._step(context, "create", id_)
        if id_ in self.cloud.things:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"cannot create already existing resource '{id_}'")
        self._store(id_, inputs)
        self.cloud.fault(f"after create {id_}")
        return provider_pb2.CreateResponse(id=id_, properties=self._outputs(id_))

    def Update(self, request: Any, context: Any) -> Any:
        inputs = property_values.from_struct(request.news)
        if request.preview:
            return provider_pb2.UpdateResponse(
                properties=property_values.to_struct({**property_values.from_struct(request.olds), **inputs})
            )
        self._step(context, "update", request.id)
        self._store(request.id, inputs)
        self.cloud.fault(f"after update {request.id}")
        return provider_pb2.UpdateResponse(properties=self._outputs(request.id))

    def Read(self, request: Any, context: Any) -> Any:
        self.cloud.calls.append(f"read {request.id}")
        if request.id not in self.cloud.things:
            return provider_pb2.ReadResponse()
        inputs = {k: v for k, v in self.cloud.things[request.id].items() if k != "address"}
        return provider_pb2.ReadResponse(
            id=request.id, properties=self._outputs(request.id), inputs=property_values.to_struct(inputs)
        )

    def Delete(self, request: Any, context: Any) -> Any:
        self._step(context, "delete", request.id)
        self.cloud.things.pop(request.id, None)
        self.cloud.fault(f"after delete {request.id}")
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        answer = {"said": property_values.from_struct(request.args)["say"], "account": self.config.get("account")}
        return provider_pb2.InvokeResponse(**{"return": property_values.to_struct(answer)})

    def _step(self, context: Any, what: str, id_: str) -> None:
        self.cloud.fault(f"before {what} {id_}")
        self.cloud.calls.append(f"{what} {id_}")
        for part, message in self.cloud.fails.items():
            if part in f"{what} {id_}":
                context.abort(grpc.StatusCode.INTERNAL, message)

    def _store(self, id_: str, inputs: dict[str, Any]) -> None:
        self.cloud.things[id_] = {**copy.deepcopy(inputs), "address": f"at {id_}"}

    def _outputs(self, id_: str) -> Any:
        return property_values.to_struct(self.cloud.things[id_])


def _paths(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> list[str]:
    found = []
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        if isinstance(one, dict) and isinstance(other, dict) and not property_values.is_secret(one):
            found += _paths(one, other, f"{prefix}{key}.")
        elif one != other:
            found.append(prefix + key)
    return found


class _Base(pulumi.CustomResource):
    address: pulumi.Output[str]
    name: pulumi.Output[str]

    def __init__(self, token: str, resource_name: str, opts: Any = None, **props: Any) -> None:
        for name in ("name", "fixed", "tags", "secret", "size", "link", "rules", "address"):
            props.setdefault(name, None)
        defaults = pulumi.ResourceOptions(version=VERSION)
        super().__init__(token, resource_name, props, pulumi.ResourceOptions.merge(defaults, opts))


class Thing(_Base):
    def __init__(self, resource_name: str, opts: Any = None, **props: Any) -> None:
        super().__init__("cloud:index:Thing", resource_name, opts, **props)


class Slot(_Base):
    def __init__(self, resource_name: str, opts: Any = None, **props: Any) -> None:
        super().__init__("cloud:index:Slot", resource_name, opts, **props)


class Group(pulumi.ComponentResource):
    def __init__(self, resource_name: str, opts: Any = None, **props: Any) -> None:
        super().__init__("cloud:index:Group", resource_name, props, opts)


class CloudProvider(pulumi.ProviderResource):
    def __init__(self, resource_name: str, account: Any, opts: Any = None) -> None:
        super().__init__("cloud", resource_name, {"account": account}, opts)


class Lab:
    """A project with one program, a cloud, an engine and a `stack`."""

    def __init__(self, folder: Path, config: dict[str, Any] | None = None) -> None:
        self.folder, self.cloud = folder, Cloud()
        (folder / "Pulumi.yaml").write_text("name: lab\nruntime: python\n")
        self.stack = self.named("dev", **(config or {}))
        self.events: list[Any] = []

    def named(self, name: str, **config: Any) -> StackSettings:
        return StackSettings(name, {"sde:cloud": "local", **config}, self.folder / f"Pulumi.{name}.yaml")

    def engine(self, program: Callable[[], Any] | None) -> EmbeddedEngine:
        def providers() -> dict[str, Any]:
            return {"cloud": FakeProvider(self.cloud)}

        runner = InProcess(program) if program else ProgramProcess(self.folder)
        return EmbeddedEngine(self.folder, self.folder / "state", providers, lambda: "a passphrase", runner)

    def preview(self, program: Callable[[], Any], **options: Any) -> Any:
        return self.engine(program).preview(self.stack, on_event=self.events.append, **options)

    def up(self, program: Callable[[], Any], **options: Any) -> Any:
        return self.engine(program).up(self.stack, on_event=self.events.append, **options)

    def resources(self, name: str = "dev") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.engine(None).export_state(name)["deployment"].get("resources", [])
        return found

    def resource(self, logical: str) -> dict[str, Any]:
        return next(r for r in self.resources() if r["urn"].endswith(f"::{logical}"))


def steps(plan: Any) -> dict[str, str]:
    """Return a plan's operations by logical name, without the engine's own resources."""
    return {r.name: r.operation.value for r in plan.resources if not r.type.startswith("pulumi:")}
