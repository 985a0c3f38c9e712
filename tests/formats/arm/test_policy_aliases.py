"""The aliases of a policy rule."""

from __future__ import annotations

from formats.arm.policy_aliases import aliases_in


def test_aliases_of_conditions_counts_and_functions_are_found() -> None:
    rule = {
        "if": {
            "allOf": [
                {"field": "type", "equals": "A/b"},
                {"not": {"count": {"field": "A/b/c[*]", "where": {"field": "A/b/c[*].d", "in": ["x/y"]}}, "equals": 0}},
                {"value": "[concat(field('A/b/e'), field('name'))]", "notEquals": "z"},
            ]
        },
        "then": {"effect": "deny"},
    }
    assert aliases_in(rule) == {"A/b/c[*]", "A/b/c[*].d", "A/b/e"}
