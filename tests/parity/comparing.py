"""Comparison of the engines' results: of everything except the differences in `APART`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from formats.plan import Plan
from formats.property_values import SECRET_SIGNATURE, SIGNATURE
from operations.engine.embedded.secrets import Crypter
from operations.engine.port import Engine, Event

PASSPHRASE = "both engines have the same one"
ROOT = "pulumi:pulumi:Stack"
DRAWN = "(drawn)"
APART = {
    "state: created, modified": "each engine does it at its own time",
    "state: sourcePosition, stackTrace": "the CLI writes paths of this machine, for its own displays",
    "state and plan: the id of a provider": "each engine draws one",
    "state: properties that depend on nothing": "the CLI lists them, without URNs",
    "state: the order of dependencies": "it has no meaning",
    "state: the order of resources": "steps end in another order; each follows its dependencies, which is checked",
    "state: outputs after a failed run": "the CLI has the known ones, ours those of the last successful run",
    "plan: outputs after a failed run": "each engine compares them with those in the state that it continues from",
    "state: pending operations of a killed run": "ours settles them, the CLI keeps them until a refresh",
    "plan: inputs and id of an import": "the CLI has the program's, without the provider's defaults",
    "events: order and time": "the CLI executes several steps at once",
    "events: steps of the stack's root": "the CLI reports its end when the outputs are known, ours at once",
    "events: steps of a refused run": "ours refuses before the step, the CLI during it",
    "events: steps of a preview": "the CLI's are in its JSON document, which becomes the Plan",
    "events: after the first line of a message": "the location of a file",
}
"""The accepted differences, with reasons. Nothing else is left out of a comparison."""


def compared(event: Event) -> tuple[Any, ...] | None:
    """Return the compared parts of an event."""
    if event.kind == "message":
        if event.severity not in ("warning", "error"):
            return None
        return (event.kind, event.severity, event.urn, (event.message or "").split("\n")[0])
    if event.type == ROOT:
        return None
    return (event.kind, event.urn, event.operation and str(event.operation))


def messages(events: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    return Counter({event: count for event, count in events.items() if event[0] == "message"})


def by_urn(plan: Plan) -> dict[tuple[str, str], Any]:
    found = {(r["urn"], r["operation"]): r for r in plan.to_json()["resources"]}
    for resource in found.values():
        if resource["operation"] == "import":
            resource["inputs"] = resource["id"] = None
        if resource["type"].startswith("pulumi:providers:") and resource["id"]:
            resource["id"] = DRAWN
    return found


def same(ours: Any, theirs: Any, what: str) -> None:
    """Compare part by part, for readable differences; the CLI's result is the expected one."""
    if ours == theirs:
        return
    raise AssertionError(f"{what}: the embedded engine differs from the CLI\n" + "\n".join(_differences(ours, theirs)))


def _differences(ours: Any, theirs: Any, path: str = "") -> list[str]:
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        keys = sorted({*ours, *theirs}, key=str)
        nothing = "(absent)"
        return [d for k in keys for d in _differences(ours.get(k, nothing), theirs.get(k, nothing), f"{path} / {k}")]
    if ours == theirs:
        return []
    return [f"{path}\n    embedded: {ours!r}\n    pulumi:   {theirs!r}"]


_LEFT_OUT = ("created", "modified", "sourcePosition", "stackTrace")


def state_of(engine: Engine, stack: str) -> dict[str, Any]:
    """Return the resources of the exported state by URN, secrets decrypted."""
    deployment = engine.export_state(stack).get("deployment") or {}
    salt = ((deployment.get("secrets_providers") or {}).get("state") or {}).get("salt")
    crypter = Crypter(lambda: PASSPHRASE, salt)
    resources = deployment.get("resources") or []
    _assert_in_order(resources)
    found = {}
    for resource in resources:
        key = resource["urn"] + (" (to be deleted)" if resource.get("delete") else "")
        found[key] = _comparable(_opened(resource, crypter))
    for operation in deployment.get("pending_operations") or ():
        found[f"{operation['resource']['urn']} ({operation['type']})"] = {}
    return found


def _comparable(resource: dict[str, Any]) -> dict[str, Any]:
    content = {k: v for k, v in resource.items() if k not in _LEFT_OUT}
    if content.get("propertyDependencies"):
        content["propertyDependencies"] = {k: sorted(v) for k, v in content["propertyDependencies"].items() if v}
    if content["type"].startswith("pulumi:providers:"):
        content["id"] = DRAWN
    content["dependencies"] = sorted(content.get("dependencies") or ())
    if content.get("provider"):
        content["provider"] = content["provider"].rsplit("::", 1)[0] + "::" + DRAWN
    return {k: v for k, v in content.items() if v not in ({}, [])}


def _assert_in_order(resources: list[dict[str, Any]]) -> None:
    """Check that dependencies precede their users; otherwise each engine has its own order."""
    before: set[str] = set()
    for resource in resources:
        needs = {resource.get("parent"), *(resource.get("dependencies") or ())} - {None, ""}
        provider = resource.get("provider", "").rpartition("::")[0]
        assert needs | ({provider} if provider else set()) <= before, resource["urn"]
        before.add(resource["urn"])


def _opened(value: Any, crypter: Crypter) -> Any:
    if isinstance(value, Mapping):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return {"secret": json.loads(crypter.decrypt(value["ciphertext"]))}
        return {k: _opened(v, crypter) for k, v in value.items()}
    if isinstance(value, list):
        return [_opened(v, crypter) for v in value]
    return value
