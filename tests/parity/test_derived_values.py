"""Both engines stop before a value is written that is another than it was judged to be, and accept those that are."""

from __future__ import annotations

import pytest

from formats.errors import Refused
from tests.parity.small import Pair
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

STRANGER = "5ca1ab1e-0000-4000-8000-000000000000"
GRANT = """
    from pulumi_azure_native import authorization
    home = group()
    own = identity("own", home)
    ROLE = "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    authorization.RoleAssignment(
        "grant", principal_id={principal}, principal_type="ServicePrincipal", scope={scope},
        role_assignment_name="11111111-2222-4333-8444-555555555555",
        role_definition_id="/subscriptions/10ca1000-0000-4000-8000-000000000001" + ROLE,
    )
    pulumi.export("mover_principal_id", {output})
"""
HONEST = {"principal": "own.principal_id", "scope": "home.id", "output": "own.principal_id"}
OTHER_GROUP = "home.id.apply(lambda id_: id_ + '-elsewhere')"


@pytest.mark.parametrize("engine", ["embedded", "pulumi"])
@pytest.mark.parametrize(("key", "value", "said"), [
    ("principal", f"own.principal_id.apply(lambda _: '{STRANGER}')", "principalId would be another"),
    ("principal", "own.client_id", "principalId would be another"),
    ("scope", OTHER_GROUP, "scope would be another"),
    ("output", f"own.principal_id.apply(lambda _: '{STRANGER}')", "mover_principal_id"),
])  # fmt: skip
def test_another_value_than_judged_is_refused(pair: Pair, engine: str, key: str, value: str, said: str) -> None:
    pair.program(GRANT.format(**{**HONEST, key: value}))
    world, stack = pair.worlds[engine], pair.stack()
    plan = world.engine.preview(stack)
    with pytest.raises(Refused, match=said):
        world.engine.up(stack, plan=plan)
    assert any("roleassignments" in id_.lower() for id_ in world.cloud()) is (key == "output")


@pytest.mark.parametrize("engine", ["embedded", "pulumi"])
def test_the_judged_values_are_accepted(pair: Pair, engine: str) -> None:
    pair.program(GRANT.format(**HONEST))
    world, stack = pair.worlds[engine], pair.stack()
    assert world.engine.up(stack, plan=world.engine.preview(stack)).resources == 3


SECRET = """
    from pulumi_azure_native import keyvault
    import pulumi_random as random
    home = group()
    vault = keyvault.Vault("v", vault_name="kv-lab-derived", resource_group_name=home.name, properties={{
        "tenant_id": "10ca1000-0000-4000-8000-0000000000aa", "sku": {{"family": "A", "name": "standard"}},
        "enable_rbac_authorization": True, "enable_purge_protection": True}})
    value = random.RandomBytes("value", length=32)
    keyvault.Secret("s", secret_name="s", vault_name=vault.name, resource_group_name=home.name,
                    properties={{"value": {value}}})
"""


@pytest.mark.parametrize("engine", ["embedded", "pulumi"])
@pytest.mark.parametrize(("value", "is_refused"), [
    ("value.base64", False), ("value.base64.apply(lambda text: 'Basic ' + text)", False),
    ("value.base64.apply(lambda _: 'known to me')", True), ("value.base64.apply(lambda text: text[:8])", True),
])  # fmt: skip
def test_a_secret_is_the_random_value(pair: Pair, engine: str, value: str, is_refused: bool) -> None:
    pair.program(SECRET.format(value=value))
    world, stack = pair.worlds[engine], pair.stack()
    plan = world.engine.preview(stack)
    if is_refused:
        with pytest.raises(Refused, match=r"properties\.value would not come from the random value"):
            world.engine.up(stack, plan=plan)
    else:
        world.engine.up(stack, plan=plan)
    assert any("/secrets/" in id_ for id_ in world.cloud()) is not is_refused
