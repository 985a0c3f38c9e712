"""A report with every verdict, and with hostile names."""

from __future__ import annotations

from datetime import date
from typing import Any

from formats.people import Roster
from formats.plan import UNKNOWN, Operation, Plan, PlannedResource
from policies.exemptions import Exemptions, read
from policies.model import PolicyContext
from policies.runner import Report, evaluate
from tests.people import ADA, MARY, PEOPLE
from tests.policies.world import catalogue, policy, store

TODAY = date(2026, 3, 1)
HOSTILE = "</td><script>alert(1)</script>|`[x](javascript:y)\x1b[2J\x00"
HOSTILE_ROSTER = Roster(people=(ADA.model_copy(update={"name": "Ada <b>Lovelace"}), MARY))
STORE = "azure-native:storage:StorageAccount"


def exemption(**change: Any) -> dict[str, Any]:
    return {
        "id": "intake",
        "policy": "XX1",
        "resource": "tre-heart:storage:StorageAccount:exempt",
        **PEOPLE,
        "reason": "The trust can send by SFTP alone <i>until</i> March.",
        "compensating_control": "One address is let in, and every upload is scanned.",
        "granted": date(2026, 2, 20),
        "expires": date(2026, 5, 1),
    } | change


def granted() -> Exemptions:
    past = exemption(id="past", expires=date(2026, 2, 28))
    entries = {"exemptions": [exemption(), past]}
    return read(entries, catalogue(), file="exemptions.yaml", today=TODAY, people=HOSTILE_ROSTER)


def report() -> Report:
    """Return a report with a pass, a fail with hostile names, an unknown, an exempt and a not applicable finding."""
    resources = [
        store("good", public=False),
        store(HOSTILE, public=HOSTILE),
        store("hidden", public=UNKNOWN),
        store("exempt", public=True),
    ]
    policies = catalogue(policy(), policy(id_="XX2", evaluation_scope="estate"))
    return evaluate(
        PolicyContext(resources), policies, today=TODAY, exemptions=granted(), plans={"tre-heart": "sha256:abc"}
    )


def passing() -> Report:
    return evaluate(PolicyContext([store(public=False)]), catalogue(), today=TODAY)


def plan(*resources: PlannedResource, stack: str = "tre-heart") -> Plan:
    return Plan("sde", stack, "local", resources or (account("data"),))


def account(name: str, operation: Operation = Operation.CREATE, **inputs: Any) -> PlannedResource:
    full = {"resourceGroupName": "rg", "accountName": name, **inputs}
    urn = f"urn:pulumi:tre-heart::sde::{STORE}::{name}"
    return PlannedResource(urn=urn, type=STORE, operation=operation, inputs=full)
