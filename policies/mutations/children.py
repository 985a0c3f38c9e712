"""The children that a resource can have: each type of the SDK whose ARM id is one level below, and each extension.

An extension is a type at any scope, such as a role assignment or a diagnostic setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from formats.arm.routes import PACKAGES, Route, route, routes, token_of
from formats.arm.sdk import PREFIX, sdk_type
from formats.urns import make_urn
from policies.azure_semantics import ids
from policies.model import PolicyContext, Resource

NAME = "mutant"


def children(parent: Resource, estate: PolicyContext) -> Iterator[Resource]:
    """Yield a child of each type without settings, but with the tags and the location of its stack's group."""
    if not parent.id:
        return
    groups = estate.same_stack(parent, "resources:ResourceGroup")
    for token in dict.fromkeys((*_child_types(ids.kind(parent.id)), *_child_types(""))):
        inputs = sdk_type(token).inputs
        common = {key: groups[0].at(key) for key in ("location", "tags") if groups and key in inputs}
        names, id_ = _names(route(token), parent.id)
        spelled = {name.lower(): name for name in inputs}
        own = {spelled[key.lower()]: value for key, value in names.items() if key.lower() in spelled}
        name = f"{parent.name}-{parent.type.partition(':')[2]}-{NAME}"
        urn = make_urn(parent.stack, "sde", "", token, name)
        yield Resource(urn=urn, type=token.removeprefix(PREFIX), name=name, stack=parent.stack,
                       inputs={**own, **common}, id=id_, subscription=parent.subscription)  # fmt: skip


@cache
def _child_types(arm_type: str) -> tuple[str, ...]:
    """Return the azure-native types one level below an ARM type in lower case; of "" the extensions of any scope."""
    found: dict[str, None] = {}
    for one in _all_routes():
        of = one.arm_type.lower().rpartition("/")[0]
        is_child = one.path.startswith("/{") and of.count("/") == 0 if not arm_type else of == arm_type
        token = token_of(one.arm_type) if is_child else None
        if token:
            found[token] = None
    return tuple(sorted(found))


@cache
def _all_routes() -> tuple[Route, ...]:
    return tuple(one for packages in PACKAGES.values() for package in packages for one in routes(package))


def _names(at: Route, parent: str) -> tuple[dict[str, str], str]:
    """Return the names in a path, from the id of a parent, and the id of the child."""
    names: dict[str, str] = {}
    if at.path.startswith("/{"):
        names[at.arguments[0]] = parent
        id_ = f"{parent}/providers/{at.segments[0]}/{at.segments[1]}/{NAME}"
    else:
        have = parent.strip("/").split("/")
        for index, step in enumerate(at.path.strip("/").split("/")):
            if step.startswith("{"):
                names[step.strip("{}")] = have[index] if index < len(have) else NAME
        id_ = f"{parent}/{at.segments[-2]}/{NAME}"
    names.setdefault(at.arguments[-1], NAME)
    return names, id_
