"""`sde cost`: what a project costs, from the estate's files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from formats.plan import Plan
from operations.engine import scratch
from operations.engine.port import StackSettings
from operations.settings import Settings
from tests.kept_hosts import main
from tests.operations.estates import change, copy_estate
from tests.policies import shipped


class Sde:
    """Runs `sde cost` on a copy of the sample estate, whose stacks are the shipped ones."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.estate, self._capture = copy_estate(folder / "estate"), capture
        self._settings = Settings.load({"SDE_HOME": str(folder / "home"), "PATH": "/nowhere"})
        self.err = ""

    def __call__(self, *arguments: str, code: int = 0) -> str:
        found = main(["cost", *arguments, "--estate", str(self.estate)], settings=self._settings)
        captured = self._capture.readouterr()
        self.err = captured.err
        assert found == code, self.err
        return captured.out


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that were planned."""
    names: list[str] = []

    def declared(stacks: Sequence[StackSettings], *_: object) -> Iterator[Plan]:
        for stack in stacks:
            names.append(stack.name)
            yield shipped.deployed(stack.name)

    monkeypatch.setattr(scratch, "declared", declared)
    return names


@pytest.fixture
def sde(tmp_path: Path, capsys: pytest.CaptureFixture[str], planned: list[str]) -> Sde:
    return Sde(tmp_path, capsys)


def test_the_lines_of_a_project_with_its_share_of_what_all_use(sde: Sde, planned: list[str]) -> None:
    text = sde("hcm-progression", "--hours", "160", "--stored", "hot=500")
    assert planned == list(shipped.STACKS)
    assert text.startswith("tre-hcm-progression: at least USD ")
    for words in ("500 × GB in the hot tier, Standard_LRS 10.40", "160 of 730 hours", "1/1 of platform: Azure Firewall",
                  "nothing on: setup, data, storage: cool, storage: archive, licences"):  # fmt: skip
        assert words in text
    assert sde("tre-hcm-progression", "--hours", "160", "--stored", "hot=500") == text
    assert len(planned) == len(shipped.STACKS)  # kept
    (record,) = [json.loads(line) for line in sde("hcm-progression", "--json").splitlines()]
    assert record["monthly"] == pytest.approx(sum(line["monthly"] for line in record["lines"]), abs=0.05)
    assert not record["complete"]
    assert record["lines"][0] == {
        "line": "setup",
        "once": 0,
        "monthly": 0,
        "until_end": 0,
        "drivers": [],
        "unknown": [],
    }


def test_the_data_sets_of_a_request_are_stored_unless_the_command_says_otherwise(sde: Sde) -> None:
    sets = [{"name": name, "data_class": "de-identified", "tier": tier, "volume_gb": 100}
            for name, tier in (("A", "hot"), ("B", "hot"), ("C", "archive"))]  # fmt: skip
    change(sde.estate / "requests/hcm-progression.yaml", lambda request: request.update(data_sets=sets))
    lines = {line["line"]: line["drivers"] for line in json.loads(sde("hcm-progression", "--json"))["lines"]}
    assert lines["storage: hot"][0].startswith("200 × GB in the hot tier")
    lines = {
        line["line"]: line["drivers"]
        for line in json.loads(sde("hcm-progression", "--json", "--stored", "hot=7"))["lines"]
    }
    assert lines["storage: hot"][0].startswith("7 × GB in the hot tier")
    assert lines["storage: archive"][0].startswith("100 × GB in the archive tier")


def test_the_organisations_own_charges_are_charged_once(sde: Sde) -> None:
    before = json.loads(sde("hcm-progression", "--json"))
    change(
        sde.estate / "estate.yaml", lambda file: file.update(charges={"currency": "USD", "setup": 2500, "data": 400})
    )
    after = json.loads(sde("hcm-progression", "--json"))
    assert after["monthly"] == before["monthly"]
    assert after["until_end"] == pytest.approx(before["until_end"] + 2900, abs=0.05)


def test_two_currencies_are_not_added(sde: Sde) -> None:
    change(sde.estate / "estate.yaml", lambda file: file.update(charges={"currency": "GBP", "setup": 2500}))
    sde("hcm-progression", code=2)
    for words in (
        "estate.yaml",
        "charges.currency",
        "GBP",
        "USD, the currency of the price book",
        "prices refresh --currency GBP",
    ):
        assert words in sde.err


@pytest.mark.parametrize("stored", ["warm=5", "hot", "hot=", "hot=-1", "hot=NaN", "hot=1e99", "hot=x", "=5"])
def test_stored_data_that_cannot_be_read_is_refused(sde: Sde, planned: list[str], stored: str) -> None:
    sde("hcm-progression", "--stored", stored, code=2)
    assert "--stored" in sde.err
    assert "hot, cool, archive" in sde.err
    assert not planned


def test_a_tier_is_stated_once_and_the_project_exists(sde: Sde) -> None:
    sde("hcm-progression", "--stored", "hot=1", "--stored", "hot=2", code=2)
    assert "each once" in sde.err
    sde("no-such-project", code=2)
    assert "tre-no-such-project" in sde.err
