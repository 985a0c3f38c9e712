"""A page for each stack: what is deployed, who may use it, what it costs, and what ends when."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from html import unescape

from operations.site.egress import Egress
from operations.site.pages import stack_path
from operations.site.stores import duration, key_of, version_of
from operations.site.writing import pages_of, rendered
from tests.operations.site import sample


@cache
def _texts() -> dict[str, str]:
    facts = sample.facts()
    pages = [page for page in pages_of(facts) if page.section == "stacks"]
    return {page.path: _text(html) for page, html in rendered(facts, pages)}


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html.partition("<main")[2])).split())


def test_the_list_has_every_stack_with_its_state_price_and_end() -> None:
    text = _texts()["stacks.html"]
    facts = sample.facts()
    assert all(stack.name in text for stack in facts.stacks)
    assert "USD 3,627.67" in text
    assert "2027-03-31 – in 121 days" in text


FACTS = (
    "data stwmsdedata",
    "blobs and earlier versions: cool after 90 days, archive after 365 days",
    "RSA 3072 rotated after 11 months, a version ends after 1 year storage account data",
    "registry registry",
    "packages 203.0.113.16/29 TCP 443",
    "login.microsoftonline.com",
    "researchers of hcm-progression sign in desk of hcm-progression i usable through Bastion",
    "VM Standard_NC24ads_A100_v4 1 3,351.43",
    "Not included: DNS queries",
    "2028-09-30 – in 670 days",
    "✓ valid ends on 2027-03-31",
    "data Anna Example data owner 2026-10-02 09:14 Fits the purpose.",
    "Every check passes",
    "The ledger has no change of this stack.",
)


def test_the_page_of_a_tenancy_has_the_facts_of_it() -> None:
    text = _texts()[stack_path("tre-hcm-progression")]
    assert [fact for fact in FACTS if fact not in text] == []


def test_a_stack_that_is_not_deployed_has_a_page_that_says_so() -> None:
    facts = sample.facts()
    bare = replace(facts.stacks[-1], plan=None, price=None, permit=None, expiries=())
    facts = replace(facts, stacks=(*facts.stacks[:-1], bare), changes=())
    page = next(page for page in pages_of(facts) if page.path == stack_path(bare.name))
    text = _text(next(rendered(facts, [page]))[1])
    assert "To deploy it: scripts/sde up tre-hcm-progression" in text
    assert "it costs nothing" in text
    assert "No storage account is deployed" in text


def test_the_firewall_rules_of_a_stack_are_those_from_its_networks() -> None:
    facts = sample.facts()
    egress = Egress(facts)
    rules = {stack.name: [row.rule for row in egress.rows(stack)] for stack in facts.stacks}
    assert rules["tre-hcm-progression"] == ["people_sign_in", "packages"]
    assert rules["junction-zone"] == []
    handing = next(row for row in egress.rows(facts.stacks[2]) if row.rule == "staging-hands-over")
    assert handing.is_inside
    assert handing.to == "tre-hcm-progression, 383 addresses that no stack has yet"


def test_the_key_of_an_encryption_is_read_in_every_form() -> None:
    host = "https://kv-one.vault.azure.net"
    assert key_of({"a": [{"keyVaultUri": f"{host}/", "keyName": "Store"}]}) == ("kv-one.vault.azure.net", "store")
    assert key_of({"activeKey": {"keyUrl": f"{host}/keys/disks/0db3"}}) == ("kv-one.vault.azure.net", "disks")
    assert version_of({"activeKey": {"keyUrl": f"{host}/keys/disks/0db3"}}) == "0db3"
    assert not version_of({"a": [{"keyVaultUri": f"{host}/", "keyName": "Store"}, f"{host}/keys/disks"]})
    assert key_of({"id": f"{host}/secrets/disks", "other": "https://example.org/keys/a"}) is None
    assert [duration(one) for one in ("P11M", "P1Y", "P30D", "PT1H")] == ["11 months", "1 year", "30 days", "PT1H"]
