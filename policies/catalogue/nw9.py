"""NW9: networks encrypt between the computers that can."""

from __future__ import annotations

from collections.abc import Iterator

from policies.facts.network import NETWORK
from policies.facts.properties import must_be
from policies.model import MISSING, Controls, Estate, Policy, Problem, Resource, Severity


def judge(network: Resource, _: Estate) -> Iterator[Problem]:
    """Which computers are refused is a matter of their sizes: `AllowUnencrypted` is what Azure supports for all."""
    yield from must_be(network, "encryption.enabled", True, default="false")
    if network.at("encryption.enforcement") is not MISSING:
        yield from must_be(network, "encryption.enforcement", "AllowUnencrypted", "DropUnencrypted")


POLICY = Policy(
    id="NW9",
    title="Networks encrypt between computers",
    why="Traffic inside a data centre passes shared hardware; encrypted, it is of no use to who taps it.",
    on=(NETWORK,),
    reads=("encryption.enabled", "encryption.enforcement"),
    severity=Severity.LOW,
    controls=Controls(satre=("2.8.03",), ncsc=("1",), iso27001=("8.24",), five_safes=("settings",)),
    fix="Set encryption.enabled to true, with enforcement DropUnencrypted where every size supports it.",
    judge=judge,
)
