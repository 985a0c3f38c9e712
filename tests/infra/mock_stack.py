"""A stack's program run against Pulumi's mocks, with the resources that it registered: inputs in wire form."""

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

from infra import sdk_patches

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
TENANT = "10ca1000-0000-4000-8000-00000000000f"


@dataclass(frozen=True)
class Registration:
    """One resource that a program registered."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    protect: bool
    parent: str
    depends_on: frozenset[str]
    urn: str
    deleted_with: str
    provider: str
    replace_on_changes: tuple[str, ...]
    delete_before_replace: bool
    ignore_changes: tuple[str, ...]


class Monitor(mocks.MockMonitor):
    """Pulumi's mock monitor, which also records a resource's options."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        REQUEST.set(request)
        return super().RegisterResource(request)


REQUEST: ContextVar[Any] = ContextVar("request")


@dataclass
class MockStack(mocks.Mocks):
    """The mock provider. It returns the outputs that other resources' inputs need."""

    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    registrations: list[Registration] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    subscription: str = SUBSCRIPTION

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.inputs["name"], {**args.inputs, "outputs": dict(self.references[args.inputs["name"]])}
        request = REQUEST.get()
        urn = mocks.MockMonitor.make_urn(None, request.parent, args.typ, args.name)  # type: ignore[arg-type]
        self.registrations.append(Registration(args.typ, args.name, args.inputs, request.protect, request.parent,
                                frozenset(request.dependencies), urn, request.deletedWith,
                                request.provider, tuple(request.replaceOnChanges), request.deleteBeforeReplace,
                                tuple(request.ignoreChanges)))  # fmt: skip
        return self._id(args), {**_returned(args.inputs), **self._computed(args)}

    def _id(self, args: mocks.MockResourceArgs) -> str:
        return f"/subscriptions/{self.subscription}/{args.typ.split(':')[-1]}/{args.name}"

    def _computed(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        """Return the outputs that other resources' inputs are derived from."""
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
                computed["keyUriWithVersion"] = f"{computed['keyUri']}/created"
            case "Vault":
                computed["properties"] = {**args.inputs["properties"], "vaultUri": "https://vault.vault.azure.net/"}
            case "AzureFirewall":
                computed["ipConfigurations"] = [{**c, "privateIPAddress": "10.64.0.4"} for c in
                                                args.inputs["ipConfigurations"]]  # fmt: skip
            case "RandomBytes":
                computed |= {"base64": "c2VjcmV0", "hex": "736563726574"}
        return computed

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        if args.token == "azure-native:keyvault:getKey":
            return {"keyUriWithVersion": f"https://{args.args['vaultName']}/keys/{args.args['keyName']}/present"}
        assert args.token == "azure-native:authorization:getClientConfig"
        return {"subscriptionId": self.subscription, "tenantId": TENANT, "clientId": "c", "objectId": "o"}

    def of(self, type_: str) -> list[Registration]:
        """Return the registrations of a type, given by the last part of its token."""
        return [one for one in self.registrations if one.type.endswith(f":{type_}") and not one.type.startswith("sde:")]

    def one(self, type_: str, name: str) -> Registration:
        """Return the one registration of this type and name."""
        found = [one for one in self.of(type_) if one.name == name]
        assert len(found) == 1, (type_, name, sorted(one.name for one in self.of(type_)))
        return found[0]


def run(
    program: Callable[[], Any], *, name: str = "platform", subscription: str = SUBSCRIPTION,
    **references: Mapping[str, Any],
) -> MockStack:  # fmt: skip
    """Run a program as the stack of that name; `references` are other stacks' outputs (`_` for `-`)."""
    named = {f"organization/sde/{stack.replace('_', '-')}": outputs for stack, outputs in references.items()}
    result = MockStack(references=named, subscription=subscription)
    exported: dict[str, Any] = {}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(result, project="sde", stack=name, preview=False, monitor=Monitor(result),
                    organization="organization")  # fmt: skip

    async def declared() -> None:
        program()

    try:
        with sdk_patches.applied(), mock.patch.object(pulumi, "export", exported.__setitem__):
            loop.run_until_complete(stack.run_pulumi_func(declared))
            result.outputs = {key: loop.run_until_complete(pulumi.Output.from_input(value).future())
                             for key, value in exported.items()}  # fmt: skip
    finally:
        settings.reset_options()
        loop.close()
        with _quiet():
            gc.collect()
    return result


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence asyncio: the tasks of a failed program are never awaited, and it would log each of them later."""
    logger = logging.getLogger("asyncio")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    finally:
        logger.setLevel(level)


def _returned(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs as Azure returns them: a list of identities becomes a map."""
    identity = inputs.get("identity")
    if not identity:
        return dict(inputs)
    return {**inputs, "identity": {"type": identity["type"], "userAssignedIdentities": {}}}


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every leaf of a structure with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from walk(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, f"{path}[{index}]")
    else:
        yield path, value


def shown(value: Any) -> str:
    """Return a structure as text."""
    return json.dumps(value, sort_keys=True, default=str)
