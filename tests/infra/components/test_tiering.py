"""The lifecycle rules of storage accounts."""

from __future__ import annotations

from formats.stack_config import Tiers
from infra.components.tiering import lifecycle_rules


def test_without_tiers_there_is_no_rule() -> None:
    assert lifecycle_rules(Tiers()) == []


def test_blobs_and_versions_move_after_the_same_days() -> None:
    (rule,) = lifecycle_rules(Tiers(cool_after_days=30, archive_after_days=180, delete_after_days=3650))
    actions = rule.definition.actions
    base, version = actions.base_blob, actions.version
    assert base.tier_to_cool.days_after_modification_greater_than == 30
    assert base.tier_to_archive.days_after_modification_greater_than == 180
    assert base.delete.days_after_modification_greater_than == 3650
    assert version.tier_to_cool.days_after_creation_greater_than == 30
    assert version.delete.days_after_creation_greater_than == 3650


def test_a_tier_that_is_not_set_is_not_used() -> None:
    (rule,) = lifecycle_rules(Tiers(delete_after_days=60))
    assert rule.definition.actions.base_blob.tier_to_cool is None
    assert rule.definition.actions.base_blob.tier_to_archive is None
