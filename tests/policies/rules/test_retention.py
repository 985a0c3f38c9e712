"""Blobs and logs are kept as the estate's schedule says, which has a least time of its own (ST30, LG20)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from formats.plan import UNKNOWN
from formats.stack_config import DataClass, StackConfig, Tiers
from infra.components import airlock
from policies.expected.retention import AIRLOCK_DAYS, AIRLOCKS
from policies.model import Resource
from policies.rule_helpers.immutable_stores import CONTAINER_POLICY, PERIOD
from tests.policies import shipped
from tests.policies.rules.cases import GONE
from tests.policies.rules.shipped_cases import blocking, copied, having, names, one, resources

TENANCY = "tre-hcm-progression"
LIFECYCLE = "storage:ManagementPolicy"
DELETE = "policy.rules[0].definition.actions.baseBlob.delete"


def lifecycle(stack: str, name: str, value: object, path: str = DELETE) -> Resource:
    return having(one(stack, LIFECYCLE, name), path, value)


def after(days: object) -> dict[str, object]:
    return {"daysAfterModificationGreaterThan": days}


def with_zone(name: str, data_class: DataClass | None = None, **changes: object) -> dict[str, StackConfig]:
    """Return the estate's configurations with other values of one zone of the safe haven."""
    config = shipped.configs()["safe-haven"]
    zone = getattr(config, name).model_copy(update=changes)
    update = {name: zone, "data_class": data_class or config.data_class}
    return {**shipped.configs(), "safe-haven": config.model_copy(update=update)}


@pytest.mark.parametrize("policy", ["ST30", "LG20"])
def test_the_shipped_estate_passes(policy: str) -> None:
    assert blocking(policy) == []


def test_the_airlocks_delete_when_the_program_says() -> None:
    assert Tiers(delete_after_days=AIRLOCK_DAYS) == airlock.RETENTION
    assert {r.name for r in resources() if r.stack == TENANCY and r.type == LIFECYCLE} == {*AIRLOCKS, "data"}


@pytest.mark.parametrize(("stack", "name"), [
    ("safe-haven", "warehouse"), ("safe-haven", "archive"), ("safe-haven", "landing"), ("junction-zone", "junction"),
    (TENANCY, "data"), (TENANCY, "export-asked"), ("platform", "flows"),
])  # fmt: skip
@pytest.mark.parametrize("deletion", [after(1), after(3000), {"daysAfterCreationGreaterThan": 2}, UNKNOWN, {}])
def test_a_deletion_after_other_days_is_refused(stack: str, name: str, deletion: object) -> None:
    assert names(blocking("ST30", lifecycle(stack, name, deletion))) == {name}


def test_a_second_rule_that_deletes_earlier_is_refused() -> None:
    policy = one("safe-haven", LIFECYCLE, "landing")
    rules = policy.at("policy.rules")
    early = having(replace(policy, inputs={"policy": {"rules": [*rules, *rules]}}), DELETE, after(1))
    assert names(blocking("ST30", early)) == {"landing"}


def test_a_store_that_the_estate_does_not_name_deletes_nothing() -> None:
    store = copied(one(TENANCY, "storage:StorageAccount", "data"))
    policy = replace(lifecycle(TENANCY, "data", after(90)), id=f"{store.id}/managementPolicies/default", name="second",
                     urn="urn:second")  # fmt: skip
    assert names(blocking("ST30", store, policy)) == {"second"}


def test_a_store_whose_deletion_is_missing_is_refused() -> None:
    policy = having(lifecycle("safe-haven", "landing", GONE), DELETE.replace("baseBlob", "version"), GONE)
    assert names(blocking("ST30", policy)) == {"landing"}


RULE = "policy.rules[0]"


@pytest.mark.parametrize(("stack", "name"), [("safe-haven", "landing"), (TENANCY, "import-released")])
@pytest.mark.parametrize(("path", "value"), [
    (f"{RULE}.enabled", False),
    (f"{RULE}.definition.filters.prefixMatch", ["nothing/"]),
    (f"{RULE}.definition.filters.blobTypes", ["appendBlob"]),
    (DELETE, GONE),
    (DELETE.replace("baseBlob", "version"), GONE),
])  # fmt: skip
def test_a_deletion_that_leaves_some_blobs_is_refused(stack: str, name: str, path: str, value: object) -> None:
    assert names(blocking("ST30", lifecycle(stack, name, value, path))) == {name}


def test_a_deletion_by_the_last_access_is_refused() -> None:
    days = one("safe-haven", LIFECYCLE, "landing").at(f"{DELETE}.daysAfterModificationGreaterThan")
    by_access = {"daysAfterLastAccessTimeGreaterThan": days}
    assert names(blocking("ST30", lifecycle("safe-haven", "landing", by_access))) == {"landing"}


@pytest.mark.parametrize(("zone", "days", "is_refused"), [
    ("warehouse", 1, True), ("warehouse", 2919, True), ("warehouse", 2920, False), ("landing", 6, True),
    ("landing", 7, False), ("staging", 1, True), ("archive", 366, True),
])  # fmt: skip
def test_the_estates_schedule_has_a_least_time(zone: str, days: int, is_refused: bool) -> None:
    configs = with_zone(zone, tiers=Tiers(delete_after_days=days))
    found = blocking("ST30", lifecycle("safe-haven", zone, after(days)), configs=configs)
    too_early = [f for f in found if "keeps blobs for at least" in f.message]
    assert bool(too_early) is is_refused


@pytest.mark.parametrize(("estate", "planned", "is_refused"), [
    (2920, 2919, True), (2920, 2920, False), (365, 365, True), (None, 2919, True), (3650, 2920, True),
    (2920, UNKNOWN, True), (2920, GONE, True),
])  # fmt: skip
def test_an_archive_is_immutable_as_the_estate_and_the_least_time_say(
    estate: int | None, planned: object, is_refused: bool
) -> None:
    changed = having(one("safe-haven", CONTAINER_POLICY, "archive-data-sets"), PERIOD, planned)
    assert bool(blocking("ST30", changed, configs=with_zone("archive", immutable_days=estate))) is is_refused


def test_synthetic_data_needs_no_least_time() -> None:
    configs = with_zone("archive", DataClass.SYNTHETIC, immutable_days=None)
    assert blocking("ST30", configs=configs) == []


@pytest.mark.parametrize("days", [364, 731, 30, UNKNOWN, GONE])
def test_logs_are_kept_for_the_estates_time(days: object) -> None:
    workspace = one("platform", "operationalinsights:Workspace", "logs")
    assert names(blocking("LG20", having(workspace, "retentionInDays", days))) == {"logs"}


def test_a_workspace_outside_the_platform_is_refused() -> None:
    workspace = one("platform", "operationalinsights:Workspace", "logs")
    assert names(blocking("LG20", replace(copied(workspace), stack=TENANCY))) == {"logs-copy"}
