"""Runs a stack's program against Pulumi's own mocks, and keeps what it asked for: inputs as they go over the wire."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pulumi
from pulumi.runtime import mocks, settings, stack

from infra import speed

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
TENANT = "10ca1000-0000-4000-8000-00000000000f"


@dataclass(frozen=True)
class Asked:
    """One resource that a program asked for."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    protect: bool
    parent: str
    depends_on: frozenset[str]
    urn: str
    deleted_with: str
    provider: str


class Monitor(mocks.MockMonitor):
    """Pulumi's own mock, which also shows the options that came with a resource."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        REQUEST.set(request)
        return super().RegisterResource(request)


REQUEST: ContextVar[Any] = ContextVar("request")


@dataclass
class World(mocks.Mocks):
    """Answers a program as Azure would, as far as another resource's input needs it."""

    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    subscription: str = SUBSCRIPTION

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.inputs["name"], {**args.inputs, "outputs": dict(self.references[args.inputs["name"]])}
        request = REQUEST.get()
        urn = mocks.MockMonitor.make_urn(None, request.parent, args.typ, args.name)  # type: ignore[arg-type]
        self.asked.append(Asked(args.typ, args.name, args.inputs, request.protect, request.parent,
                                frozenset(request.dependencies), urn, request.deletedWith,
                                request.provider))  # fmt: skip
        return self._id(args), {**_answered(args.inputs), **self._computed(args)}

    def _id(self, args: mocks.MockResourceArgs) -> str:
        if args.typ.endswith(":VirtualNetworkLink"):
            return f"/zones/{args.inputs['privateZoneName']}/virtualNetworkLinks/{args.name}"
        return f"/subscriptions/{self.subscription}/{args.typ.split(':')[-1]}/{args.name}"

    def _computed(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        """Outputs that other resources' inputs are made of."""
        named = next(
            (
                v
                for k, v in args.inputs.items()
                if k.endswith(("Name", "resourceName")) and "Group" not in k and k != "customNetworkInterfaceName"
            ),
            0,
        )
        computed: dict[str, Any] = {"name": named or args.name}
        match args.typ.split(":")[-1]:
            case "ResourceGroup":
                computed["name"] = args.inputs["resourceGroupName"]
            case "UserAssignedIdentity":
                computed |= {"principalId": f"principal-of-{args.name}", "clientId": f"client-of-{args.name}"}
            case "Key":
                computed["keyUri"] = f"https://vault/keys/{args.name}"
            case "Vault":
                computed["properties"] = {**args.inputs["properties"], "vaultUri": "https://vault.vault.azure.net/"}
            case "AzureFirewall":
                computed["ipConfigurations"] = [{**c, "privateIPAddress": "10.64.0.4"} for c in
                                                args.inputs["ipConfigurations"]]  # fmt: skip
            case "RandomBytes":
                computed |= {"base64": "c2VjcmV0", "hex": "736563726574"}
        return computed

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        assert args.token == "azure-native:authorization:getClientConfig"
        return {"subscriptionId": self.subscription, "tenantId": TENANT, "clientId": "c", "objectId": "o"}

    def of(self, type_: str) -> list[Asked]:
        """What was asked for of a type, by the end of its token."""
        return [one for one in self.asked if one.type.endswith(f":{type_}") and not one.type.startswith("sde:")]

    def one(self, type_: str, name: str) -> Asked:
        """The one so called."""
        found = [one for one in self.of(type_) if one.name == name]
        assert len(found) == 1, (type_, name, sorted(one.name for one in self.of(type_)))
        return found[0]


def run(
    program: Callable[[], Any], *, name: str = "platform", subscription: str = SUBSCRIPTION,
    **references: Mapping[str, Any],
) -> World:  # fmt: skip
    """Runs a program as the stack of that name; `references` are other stacks' outputs (`_` for `-`)."""
    named = {f"organization/sde/{stack.replace('_', '-')}": outputs for stack, outputs in references.items()}
    world = World(references=named, subscription=subscription)
    exported: dict[str, Any] = {}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(world, project="sde", stack=name, preview=False, monitor=Monitor(world),
                    organization="organization")  # fmt: skip

    async def declared() -> None:
        program()

    try:
        with speed.fast(), mock.patch.object(pulumi, "export", exported.__setitem__):
            loop.run_until_complete(stack.run_pulumi_func(declared))
            world.outputs = {key: loop.run_until_complete(pulumi.Output.from_input(value).future())
                             for key, value in exported.items()}  # fmt: skip
    finally:
        settings.reset_options()
        loop.close()
        with _quiet():
            gc.collect()
    return world


@contextmanager
def _quiet() -> Iterator[None]:
    """The tasks of a program that failed are collected unread; asyncio would print each of them, at any later time."""
    logger = logging.getLogger("asyncio")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        logger.setLevel(level)


def _answered(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as Azure gives them back: a list of identities comes back as a map."""
    identity = inputs.get("identity")
    if not identity:
        return dict(inputs)
    return {**inputs, "identity": {"type": identity["type"], "userAssignedIdentities": {}}}


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a structure with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from walk(inner, f"{path}[{place}]")
    else:
        yield path, value


def shown(value: Any) -> str:
    """A structure as text."""
    return json.dumps(value, sort_keys=True, default=str)
