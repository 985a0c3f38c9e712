"""Both engines agree on secrets and on stack references."""

from __future__ import annotations

from tests.parity.small import Pair
from tests.pulumi_cli import needs_cli

pytestmark = needs_cli

SECRETS = """
    home = group(tags={"word": Output.secret("swordfish"), "plain": "herring"})
    pulumi.export("word", Output.secret("swordfish"))
    pulumi.export("nested", {"inside": [Output.secret("swordfish"), "herring"]})
    pulumi.export("plain", "herring")
    pulumi.export("tags", home.tags)
"""


def test_secret_inputs_and_outputs_stay_secret(pair: Pair) -> None:
    pair.program(SECRETS)
    pair.preview()
    pair.up()
    assert "swordfish" not in str(pair.outputs())
    assert pair.outputs(show_secrets=True)["word"] == "swordfish"
    pair.program(SECRETS.replace("herring", "salmon"))
    pair.preview()
    pair.up()
    pair.carry_on()


HIDDEN = """
    home = group()
    who = identity("who", home, Options(additional_secret_outputs=["principalId"]))
    pulumi.export("principal", who.principal_id)
    pulumi.export("client", who.client_id)
"""


def test_additional_secret_outputs_are_secret(pair: Pair) -> None:
    pair.program(HIDDEN)
    pair.preview()
    pair.up()
    assert pair.outputs()["principal"] == "[secret]"
    pair.refresh()
    pair.carry_on()


CONFIGURED = """
    settings = pulumi.Config()
    word = settings.require_secret("word")
    home = group(tags={"word": word, "plain": settings.get("plain")})
    pulumi.export("word", word)
    pulumi.export("length", word.apply(len))
"""


def test_a_secret_of_the_configuration_stays_secret(pair: Pair) -> None:
    pair.configure(secret={"sde:word": "swordfish"}, plain={"sde:plain": "herring"})
    pair.program(CONFIGURED)
    pair.preview()
    pair.up()
    assert pair.outputs() == {"word": "[secret]", "length": "[secret]"}
    assert pair.outputs(show_secrets=True) == {"word": "swordfish", "length": 9}
    pair.carry_on()


LOWER = """
    home = group()
    pulumi.export("group", home.name)
    pulumi.export("word", Output.secret("swordfish"))
"""
UPPER = """
    lower = pulumi.StackReference("organization/sde/small")
    identity("who", lower.require_output("group"), tags={"word": lower.get_output("word")})
    pulumi.export("group", lower.get_output("group"))
    pulumi.export("word", lower.get_output("word"))
    pulumi.export("absent", lower.get_output("absent"))
"""


def test_a_stack_reads_the_outputs_of_another(pair: Pair) -> None:
    pair.program(LOWER)
    pair.up()
    pair.program(UPPER)
    pair.preview(stack="upper")
    pair.up(stack="upper")
    assert pair.outputs(stack="upper") == {"group": "rg-g", "word": "[secret]"}
    pair.swap()
    assert pair.preview(stack="upper").plan == {}
    pair.destroy(stack="upper")


def test_reference_to_a_missing_stack_fails(pair: Pair) -> None:
    pair.program(UPPER)
    pair.preview(stack="upper", ends="InputError")
    pair.up(stack="upper", ends="InputError")


def test_the_ledger_records_the_same_of_a_state_whichever_engine_reads_it(pair: Pair) -> None:
    pair.deployed(SECRETS)
    before = [world.engine.state_record("small") for world in pair.worlds.values()]
    assert None not in before
    pair.swap()
    assert [world.engine.state_record("small") for world in pair.worlds.values()] == before[::-1]
    pair.destroy(release_protected=True)
    assert [world.engine.state_record("small") for world in pair.worlds.values()] == [None, None]
