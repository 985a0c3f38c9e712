from __future__ import annotations

import pytest

from formats.plan import SECRET, UNKNOWN
from formats.property_changes import ABSENT
from operations.cli.text import kind_of, plural, shown, span


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("azure-native:storage:StorageAccount", "storage account"),
        ("azure-native:network:PublicIPAddress", "public IP address"),
        ("azure-native:privatedns:VirtualNetworkLink", "virtual network link"),
        ("azure-native:authorization:ManagementLockByScope", "management lock"),
        ("sde:infra:KeyVault", "key vault"),
        ("random:index/randomPassword:RandomPassword", "random password"),
    ],
)
def test_a_type_token_in_words(token: str, words: str) -> None:
    assert kind_of(token) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (ABSENT, "(none)"),
        (SECRET, "(secret)"),
        (UNKNOWN, "(known after)"),
        (True, "true"),
        (None, "null"),
        ("x" * 50, '"' + "x" * 18 + "…"),
        ({"a": [1]}, '{"a": [1]}'),
    ],
)
def test_a_value_is_cut_to_the_width(value: object, text: str) -> None:
    assert shown(value, 20) == text


def test_counts_and_durations_as_text() -> None:
    assert [plural(1, "key"), plural(1200, "policy"), plural(2, "address"), plural(2, "key")] == [
        "1 key", "1,200 policies", "2 addresses", "2 keys",
    ]  # fmt: skip
    assert [span(0.04), span(59.9), span(75)] == ["0.0 s", "59.9 s", "1 min 15 s"]
