"""`sde catalogue`: what the service templates say, and the price of their examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from operations.cli import example_prices
from operations.estate.templates import names, service_template
from operations.settings import ROOT, Settings
from tests.kept_hosts import main
from tests.operations.estates import change, copy_estate


def test_the_catalogue_has_every_template_and_its_price_and_keeps_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an estate for less sensitive data, without an orchestrator, too."""
    estate = copy_estate(tmp_path / "estate")
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def sde(*arguments: str, code: int = 0) -> str:
        found = main(["catalogue", *arguments, "--estate", str(estate)], settings=settings)
        captured = capsys.readouterr()
        assert found == code, captured.err
        return captured.out

    markdown = sde("--format", "markdown")
    monkeypatch.setattr(example_prices, "planned", None)  # the prices are kept
    services = [json.loads(line) for line in sde("--format", "json").splitlines()]
    assert [service["name"] for service in services] == list(names())
    assert sde("--json") == sde("--format", "json")
    assert "bad-input" in sde("--json", "--format", "markdown", code=2)
    text, guide = sde(), (ROOT / "docs/tenancies.md").read_text()
    for service in services:
        template, price = service_template(service["name"]), service["price_of_example"]
        amount = f"{price['currency']} {price['amount']:,.2f}"
        size = template.example["desks"][0]["size"]
        assert price["unknown"] == []
        for form in (text, markdown):
            assert f"{amount} a month" in form
            assert all(line.replace("_", "\\_") in form or line in form for line in template.limits)
        assert f"| `{template.name}` | {size}, {template.example['desks'][0]['data_disk_gib']:,} GiB |" in guide
        assert amount in guide
    assert not (estate / "requests/sample-course.yaml").exists()


def test_an_example_of_a_size_that_the_region_lacks_has_no_price(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    estate, price = copy_estate(tmp_path / "estate"), {"currency": "USD", "amount": 1.0, "unknown": []}
    change(estate / "estate.yaml", lambda d: d.update(region="ukwest"))
    monkeypatch.setattr(example_prices, "_planned", lambda _, templates: {one.name: price for one in templates})
    settings = Settings.load({"SDE_HOME": str(tmp_path / "home"), "PATH": "/nowhere"})

    def shown(form: str) -> str:
        assert main(["catalogue", "--format", form, "--estate", str(estate)], settings=settings) == 0
        return capsys.readouterr().out

    for form in ("text", "markdown"):
        assert " ".join(shown(form).split()).count("none in this region, which lacks the size, for") == 2
    services = map(json.loads, shown("json").splitlines())
    prices = {service["name"]: service["price_of_example"] for service in services}
    assert {name for name, found in prices.items() if found is None} == {"bespoke-confidential", "bespoke-imaging"}
