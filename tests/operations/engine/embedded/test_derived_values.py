"""A run stops if an object id differs from that of the identity which the plan says that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import authorization, managedidentity, resources

from formats.errors import Refused
from tests.operations.engine.embedded.test_update_plan_check_ids import SUBSCRIPTION, engine, stack

STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"
DEFINITIONS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
READER = f"{DEFINITIONS}/acdd72a7-3385-48ef-bd42-f606fba81ae7"


def grant(choose: Callable[[managedidentity.UserAssignedIdentity], Any], exported: Any = None) -> Callable[[], None]:
    """Return a program that gives a role to what `choose` returns of an identity."""

    def program() -> None:
        room = resources.ResourceGroup("rg", resource_group_name="rg")
        own = managedidentity.UserAssignedIdentity(
            "own",
            resource_group_name=room.name,
            resource_name_=STRANGER,
        )
        authorization.RoleAssignment(
            "grant",
            principal_id=choose(own),
            principal_type="ServicePrincipal",
            role_assignment_name="11111111-2222-4333-8444-555555555555",
            role_definition_id=READER,
            scope=room.id,
        )
        pulumi.export("mover_principal_id", own.principal_id.apply(lambda id_: exported or id_))

    return program


@pytest.mark.parametrize(
    "choose",
    [
        lambda own: own.principal_id.apply(lambda _: STRANGER),
        lambda own: own.id.apply(lambda id_: id_.rpartition("/")[2]),  # a name may have the form of an object id
        lambda own: own.client_id,
        lambda own: own.principal_id.apply(lambda id_: id_[:-1] + "0"),
    ],
)
def test_another_object_id_than_the_identitys_stops_the_run(tmp_path: Path, choose: Any) -> None:
    liar = engine(tmp_path, grant(choose))
    plan = liar.preview(stack(tmp_path))
    with pytest.raises(Refused, match="principalId would be another"):
        liar.up(stack(tmp_path), plan=plan)
    assert "grant" not in {r.name for r in liar.current_state([stack(tmp_path)])["s"].resources}


def test_the_identitys_object_id_is_allowed(tmp_path: Path) -> None:
    honest = engine(tmp_path, grant(lambda own: own.principal_id))
    honest.up(stack(tmp_path), plan=honest.preview(stack(tmp_path)))
    assert honest.current_state([stack(tmp_path)])["s"].resources[-1].name == "grant"


def test_an_output_with_another_object_id_is_refused(tmp_path: Path) -> None:
    liar = engine(tmp_path, grant(lambda own: own.principal_id, STRANGER))
    with pytest.raises(Refused, match="mover_principal_id"):
        liar.up(stack(tmp_path), plan=liar.preview(stack(tmp_path)))
