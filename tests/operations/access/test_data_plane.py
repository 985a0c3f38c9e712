"""The access diff against an oracle: what the local Azure's data plane answers before a change and after it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from formats.plan import Operation, Plan, PlannedResource
from local_azure.data_plane.answers import Control
from local_azure.data_plane.blobs import BlobRequest, request_blob
from local_azure.data_plane.blobs import Operation as Request
from local_azure.data_plane.callers import managed_identity, person
from local_azure.data_plane.places import PublicAddress, machine_place
from local_azure.data_plane.sign_in import ssh
from local_azure.store import Store
from operations.access.actions import DATA_ACTIONS, Action
from operations.access.diff import AccessDiff, Effect, access_diff
from operations.access.model import has_way
from policies.expected.entitlements import NO_ACCESS
from tests.local_azure.data_plane.world import ACCOUNT, CONTAINER, GROUP, SUBSCRIPTION, World
from tests.made_once import deployed_estate
from tests.operations.access.estates import model_of, plans

STACK = "tre-world"
PEOPLE = tuple(f"{n}0000000-0000-4000-8000-000000000000" for n in (4, 5, 6))
CUSTOM = "c0000000-0000-4000-8000-000000000000"
ROLES = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
    "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",  # Reader
    "73c42c96-874c-492b-b04d-ab87d138a893",  # Log Analytics Reader
    "fb879df8-f326-4884-b1cf-06f3ad86be52",  # Virtual Machine User Login
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",  # Storage Blob Data Reader
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",  # Storage Blob Data Contributor
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",  # Storage Blob Data Owner
    CUSTOM,
)
SCOPES = (CONTAINER, ACCOUNT, GROUP, f"/subscriptions/{SUBSCRIPTION}", f"{ACCOUNT}other", f"{GROUP}x")
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
REQUESTS = {Request.GET: Action.READ, Request.PUT: Action.WRITE, Request.DELETE: Action.DELETE}
INTERNET = PublicAddress(IPv4Address("198.51.100.7"))


@dataclass(frozen=True)
class Side:
    """The state before or after a change."""

    grants: frozenset[tuple[str, str, str, str]]
    """Principal, role, scope and condition."""
    is_open: bool
    custom: tuple[str, ...]
    """The data actions of the custom role."""


@st.composite
def sides(draw: st.DrawFn) -> Side:
    grant = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(ROLES), st.sampled_from(SCOPES),
                      st.sampled_from(("", "", NO_ACCESS)))  # fmt: skip
    data = st.sampled_from((f"{BLOBS}/read", f"{BLOBS}/write", f"{BLOBS}/delete", f"{BLOBS}/*", "*"))
    custom = draw(st.lists(data, max_size=2, unique=True))
    grants = {(p, r, s): c for p, r, s, c in draw(st.lists(grant, max_size=4))}
    return Side(frozenset((*key, c) for key, c in grants.items()), draw(st.booleans()), tuple(custom))


def resource(type_: str, name: str, id_: str, inputs: dict[str, Any]) -> PlannedResource:
    token = f"azure-native:{type_}"
    return PlannedResource(f"urn:pulumi:{STACK}::sde::{token}::{name}", token, Operation.SAME, id=id_, inputs=inputs)


def id_of(grant: Sequence[str]) -> str:
    principal, role, scope, _ = grant
    return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{principal[:8]}-{role[:8]}"


def plan_of(side: Side) -> Plan:
    """Return the side as a stack."""
    access = "Enabled" if side.is_open else "Disabled"
    rules = {"defaultAction": "Allow" if side.is_open else "Deny"}
    definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM}"
    return Plan("sde", STACK, "local", (
        resource("storage:StorageAccount", "data", ACCOUNT, {"publicNetworkAccess": access, "networkRuleSet": rules,
                                                             "allowBlobPublicAccess": False}),
        resource("storage:BlobContainer", "box", CONTAINER, {"publicAccess": "None"}),
        resource("authorization:RoleDefinition", "custom", definition, {
            "roleName": "Custom", "permissions": [{"actions": [], "dataActions": list(side.custom)}]}),
        *(resource("authorization:RoleAssignment", f"grant-{n}", id_of(grant), {
            "principalId": grant[0], "roleDefinitionId": f"/x/{grant[1]}", "scope": grant[2], "condition": grant[3]})
          for n, grant in enumerate(sorted(side.grants))),
    ))  # fmt: skip


def answers(world: World, side: Side) -> set[tuple[str, Action]]:
    """Return what the data plane of the local Azure permits each person."""
    found: set[tuple[str, Action]] = set()
    with contextlib.suppress(Undo), world.store.transaction():
        world.change(ACCOUNT, publicNetworkAccess="Enabled" if side.is_open else "Disabled",
                     networkRuleSet={"defaultAction": "Allow" if side.is_open else "Deny"})  # fmt: skip
        definition = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{CUSTOM}"
        world.put(definition, "authorization:RoleDefinition",
                  permissions=[{"actions": [], "dataActions": list(side.custom)}])  # fmt: skip
        for grant in side.grants:
            principal, role, scope, condition = grant
            world.put(id_of(grant), "authorization:RoleAssignment", principalId=principal, scope=scope,
                      roleDefinitionId=f"/x/{role}", condition=condition)  # fmt: skip
        found |= set(_permitted(world))
        raise Undo
    return found


class Undo(Exception):  # noqa: N818
    """Rolls a side back, so that the next one begins with the same Azure."""


def _permitted(world: World) -> Iterable[tuple[str, Action]]:
    for one in PEOPLE:
        for request, action in REQUESTS.items():
            content = {"content": b"1"} if request is Request.PUT else {}
            answer = world.ask(request, who=person(one), where=INTERNET, blob=f"{one}.csv", **content)
            refused_by = answer.decided_by
            if refused_by is None or refused_by.control is Control.DATA:  # there is no blob: the right is there
                yield one, action


def used(found: AccessDiff) -> tuple[set[tuple[str, Action]], set[tuple[str, Action]]]:
    """Return what people newly can do to the container, and what they no longer can."""
    gained: set[tuple[str, Action]] = set()
    lost: set[tuple[str, Action]] = set()
    for change in found.changes:
        if any(thing.id == CONTAINER.lower() for thing in change.things):
            pairs = {(change.holder.id, action) for action in change.actions if action in DATA_ACTIONS}
            gained |= pairs if change.effect is Effect.GAINED and change.is_usable else set()
            lost |= pairs if change.effect is Effect.LOST and change.is_usable else set()
            if change.effect is Effect.CHANGED:
                gained |= pairs if change.ways and not change.ways_before else set()
                lost |= pairs if change.ways_before and not change.ways else set()
    return gained, lost


def test_the_access_diff_is_the_difference_of_the_data_planes_answers(tmp_path: Path) -> None:
    world = World(tmp_path)

    @given(sides(), sides())
    @settings(max_examples=80)
    def check(before: Side, after: Side) -> None:
        found = access_diff([plan_of(before)], [plan_of(after)], with_flows=False)
        earlier, later = answers(world, before), answers(world, after)
        assert used(found) == (later - earlier, earlier - later)

    try:
        check()
    finally:
        world.store.close()


def test_the_access_view_of_the_shipped_estate_is_what_its_data_plane_answers() -> None:
    """For each group and identity, each container and each request: from the Internet and from the desk."""
    model = model_of(plans())
    store = Store(deployed_estate() / "home/local/azure.db")
    try:
        containers = [one for one in model.things.values() if one.kind.value == "container"]
        researchers = next(iter({a.holder for a in model.accesses if a.action is Action.SIGN_IN}))
        groups = {researchers, *model.people.groups_of[researchers]}
        desk = store_name(store, "azure-native:compute:VirtualMachine", "desk")
        assert ssh(store, person(*groups), INTERNET, desk).allowed
        expected: set[tuple[str, str]] = set()
        for one in containers:
            for caller, place, holder in (
                *((person(id_), INTERNET, id_) for id_ in model.people.names),
                (managed_identity(store, store_name(store, IDENTITY, "-desk")), machine_place(store, desk), "desk"),
            ):
                if _reads(store, caller, place, one.store, one.id):
                    expected.add((holder, one.id))
        ids = {one.id for one in containers}
        reading = {(a, g) for a, g in model.accesses.items()
                   if a.action is Action.READ and a.thing in ids and has_way(a, g)}  # fmt: skip
        found = {(a.holder, a.thing) for a, _ in reading if not a.holder.startswith("urn:") and not a.through}
        found |= {("desk", a.thing) for a, _ in reading if a.through}
        assert found == expected
        assert len({thing for holder, thing in found if holder == "desk"}) == 3
    finally:
        store.close()


IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"


def store_name(store: Store, token: str, end: str) -> str:
    return next(one.name for one in store.of_type(token) if one.name.endswith(end))


def _reads(store: Store, caller: Any, place: Any, account: str, container: str) -> bool:
    names = account.rsplit("/", 1)[1], container.rsplit("/", 1)[1]
    answer = request_blob(store, caller, place, BlobRequest(Request.GET, *names, "missing.csv"))
    return answer.allowed or answer.status == 404
