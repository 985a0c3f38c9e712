"""Idle prices in previews, and `sde prices refresh`."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from formats.errors import Failed
from formats.people import NamedApproval
from formats.plan import Operation, Plan, PlannedResource
from operations.cli.app import main
from operations.cli.output import Output
from operations.cli.plan_views import AllPlans, EachPlan
from operations.estate import ApprovedWay
from operations.estate.approvals import IN, Way
from operations.prices import book, retail
from operations.settings import Settings
from tests.operations.cli.fakes import CliRunner
from tests.people import ADA, MARY

BOOK = """
currency: GBP
prices:
- {item: Private endpoint, region: uksouth, unit: hour, price: '0.01', date: 2026-01-02, source: a test}
- {item: Disk P10 Premium_LRS, region: uksouth, unit: month, price: '20', date: 2026-01-02, source: a test}
- {item: Disk P30 Premium_LRS, region: uksouth, unit: month, price: '1100', date: 2026-01-02, source: a test}
"""


@pytest.fixture(autouse=True)
def price_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "book.yaml"
    file.write_text(BOOK)
    monkeypatch.setattr(book, "FILE", file)
    return file


def resource(name: str, type_: str, operation: Operation, **more: Any) -> PlannedResource:
    token = f"azure-native:{type_}"
    return PlannedResource(f"urn:pulumi:s::sde::{token}::{name}", token, operation, **more)


def disk(gib: int) -> dict[str, Any]:
    return {"location": "uksouth", "sku": {"name": "Premium_LRS"}, "diskSizeGB": gib}


NEW = (
    resource("e", "network:PrivateEndpoint", Operation.CREATE, inputs={"location": "uksouth"}),
    resource("b", "network:BastionHost", Operation.CREATE, inputs={"sku": {"name": "Standard"}}),
)
LARGER = (
    resource("d", "compute:Disk", Operation.UPDATE, inputs=disk(1024), old_inputs=disk(128), changed=("diskSizeGB",)),
)


def test_a_new_stack_shows_its_price_and_what_is_unknown(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = NEW
    assert sde("preview", "platform") == 0
    assert "idle price: at least GBP 7.30 a month" in sde.out
    assert "private endpoint 7.30, bastion host of unknown price" in sde.out
    assert "price unknown: 1 Bastion Standard" in sde.out


def test_a_size_that_no_price_list_has_may_be_misspelt(sde: CliRunner) -> None:
    machine = {"location": "uksouth", "hardwareProfile": {"vmSize": "Standard_NC24ads_A100_v9"}}
    sde.engine.plans["platform"] = (resource("v", "compute:VirtualMachine", Operation.CREATE, inputs=machine),)
    assert sde("preview", "platform") == 0
    assert "no price list has Standard_NC24ads_A100_v9: is there such a size? scripts/sde azure check" in sde.out


def test_a_change_shows_old_and_new_price(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = LARGER
    assert sde("preview", "platform") == 0
    assert "idle price: GBP 20.00 → 1,100.00 a month (+1,080.00)" in sde.out
    assert "unknown" not in sde.out


def test_a_removed_stack_shows_what_it_saves(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (resource("d", "compute:Disk", Operation.DELETE, inputs=disk(128)),)
    assert sde("preview", "platform") == 0
    assert "idle price: GBP 20.00 → 0.00 a month (-20.00)" in sde.out


def test_a_changed_number_of_unknown_items_is_shown(sde: CliRunner) -> None:
    changed = resource("b", "network:BastionHost", Operation.UPDATE, changed=("scaleUnits",),
                       inputs={"sku": {"name": "Standard"}, "scaleUnits": 4},
                       old_inputs={"sku": {"name": "Standard"}, "scaleUnits": 3})  # fmt: skip
    sde.engine.plans["platform"] = (changed,)
    sde("preview", "platform")
    assert "1 Bastion Standard, 1 → 2 Bastion Standard additional scale unit" in sde.out


def test_a_change_to_an_item_without_a_price_saves_nothing(sde: CliRunner) -> None:
    changed = resource("d", "compute:Disk", Operation.UPDATE, inputs=disk(2048), old_inputs=disk(128), changed=("x",))
    sde.engine.plans["platform"] = (changed,)
    sde("preview", "platform")
    assert "at least GBP 20.00 → 0.00 a month (difference unknown)" in sde.out
    assert "disk at least 20.00 → of unknown price" in sde.out
    assert "price unknown: 0 → 1 Disk P40 Premium_LRS" in sde.out
    sde("--json", "preview", "platform")
    assert [line["price"]["difference"] for line in sde.lines if line["event"] == "plan"] == [None]


def test_json_has_the_price_of_each_previewed_stack(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = (*NEW, *LARGER)
    assert sde("--json", "preview", "platform") == 0
    (price,) = [line["price"] for line in sde.lines if line["event"] == "plan"]
    assert (price["stack"], price["currency"], price["before"], price["after"]) == ("platform", "GBP", 20.0, 1107.3)
    assert price["unknown"] == {"Bastion Standard": {"before": 0, "after": 1}}
    assert price["items"]["Private endpoint"] == {"before": 0.0, "after": 7.3}


def test_the_summary_has_the_sum_and_each_stack(sde: CliRunner) -> None:
    sde("up", "--all", "--cloud", "local", "--yes")
    sde.engine.plans["platform"] = LARGER
    for name in ("safe-haven", "tre-heart"):
        sde.engine.plans[name] = (resource("d", "compute:Disk", Operation.SAME, inputs=disk(128)),)
    assert sde("preview", "--all", "--cloud", "local", "--summary") == 0
    assert "all stacks: GBP 60.00 → 1,140.00 a month (+1,080.00)" in sde.out
    assert "platform: GBP 20.00 → 1,100.00 (+1,080.00)" in sde.out
    assert "each of safe-haven, tre-heart: GBP 20.00" in sde.out
    sde("--json", "preview", "--all", "--cloud", "local", "--summary")
    (prices,) = [line["prices"] for line in sde.lines if line["event"] == "changes"]
    assert (prices["before"], prices["after"]) == (60.0, 1140.0)
    assert [price["stack"] for price in prices["stacks"]] == ["platform", "safe-haven", "tre-heart"]


def test_each_way_in_shows_its_share_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def way(name: str, part: str) -> ApprovedWay:
        approval = NamedApproval(owner=ADA, approver=MARY, purpose="Work in the estate", expires=date(2099, 1, 1))
        return ApprovedWay(Way(IN, name, "approval", ("platform",), (), "", "192.0.2.7/32", part=part), approval)

    parts = [resource(name, "network:PrivateEndpoint", Operation.CREATE, inputs={"location": "uksouth"})
             for name in ("inbox-zq1", "staff-keys", "gateway", "other")]  # fmt: skip
    ways = [way("uploads of ZQ1", "inbox-zq1"), way("released results", ""), way("checks", "staff-vm-checks"),
            way("the site a", "gateway"), way("the site b", "gateway")]  # fmt: skip
    for view in (EachPlan(Output(), by_resource=True), AllPlans(Output())):
        view.plan(Plan("sde", "platform", "local", tuple(parts)), ways)
        view.end()
    out = capsys.readouterr().out
    for line in ("uploads of ZQ1: GBP 7.30", "released results: GBP 0.00", "checks: GBP 0.00",
                 "the site a, the site b: GBP 7.30", "the network of staff: GBP 7.30"):  # fmt: skip
        assert f"      {line} a month\n" in out
    assert "of it the ways in: GBP 21.90" in out


def test_stacks_without_charges_show_no_price(sde: CliRunner) -> None:
    sde("preview", "platform")
    assert "idle price" not in sde.out


def test_a_confirmed_up_shows_the_price_and_others_do_not(sde: CliRunner) -> None:
    sde.engine.plans["platform"] = NEW
    assert sde("up", "platform", "--yes") == 0
    assert "idle price" not in sde.out


def test_a_wrong_price_book_is_one_clear_error(sde: CliRunner, price_book: Path) -> None:
    price_book.write_text("currency: EUR\nprices: []\n")
    assert sde("preview", "platform") == 2
    assert str(price_book) in sde.err.replace("\n", "")
    assert "currency" in sde.err


def refresh(capsys: pytest.CaptureFixture[str], home: Path, *more: str) -> tuple[int, str]:
    code = main(["prices", "refresh", *more], settings=Settings.load({"SDE_HOME": str(home), "PATH": "/nowhere"}))
    captured = capsys.readouterr()
    return code, captured.out + captured.err


def firewall(currency: str) -> Callable[[str], bytes]:
    row = {"currencyCode": currency, "retailPrice": 1.5, "armRegionName": "uksouth", "productName": "Azure Firewall",
           "skuName": "Premium", "serviceName": "Azure Firewall", "meterName": "Premium Deployment",
           "unitOfMeasure": "1 Hour", "type": "Consumption"}  # fmt: skip
    return lambda url: json.dumps({"Items": [row] if "Azure Firewall" in unquote(url) else []}).encode()


def test_refresh_writes_what_it_finds_and_names_the_rest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, price_book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retail, "fetch", firewall("GBP"))
    code, text = refresh(capsys, tmp_path)
    assert code == 0
    assert "1 price in GBP for uksouth." in text
    assert "no price: VM Standard_NC24ads_A100_v4 in uksouth" in text
    assert {price.item for price in book.load(price_book).prices} > {"Azure Firewall Premium", "Private endpoint"}


def test_another_currency_leaves_old_prices_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, price_book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retail, "fetch", firewall("USD"))
    code, text = refresh(capsys, tmp_path, "--currency", "USD")
    assert code == 0
    assert "3 prices in GBP left out." in text
    assert [price.item for price in book.load(price_book).prices] == ["Azure Firewall Premium"]


def _unreachable(_: str) -> bytes:
    raise Failed("Azure's price list cannot be reached.")


@pytest.mark.parametrize("fetch", [_unreachable, lambda _: b'{"Items": []}', lambda _: b"<html>"])
def test_a_refresh_that_fails_changes_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, price_book: Path, monkeypatch: pytest.MonkeyPatch,
    fetch: Callable[[str], bytes],
) -> None:  # fmt: skip
    monkeypatch.setattr(retail, "fetch", fetch)
    code, _ = refresh(capsys, tmp_path)
    assert code == 1
    assert price_book.read_text() == BOOK
