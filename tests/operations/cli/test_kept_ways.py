"""A removed or changed egress rule is deployed by one `up`, each step of which the gate evaluates and passes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from formats.deployed_stack import DeployedStack
from operations.cli.estate import open_estate
from operations.cli.estate_state import EstateState
from operations.cli.kept_ways import kept_ways
from operations.cli.stack_catalog import Stack
from operations.engine.choose import choose
from operations.settings import Settings
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.cli.fakes import FakeGate
from tests.operations.estates import change

HUB, TENANCY = "platform", "tre-hcm-progression"
LICENCES = {"name": "licences", "addresses": ["198.51.100.7/32", "198.51.100.8/32"], "plain_http": True}
Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deployed sample estate with a second egress rule. It stays where it is: paths are part of it."""
    folder = tmp_path_factory.mktemp("deployed")
    shutil.copytree(deployed_estate(), folder, dirs_exist_ok=True)

    def add(content: dict[str, Any]) -> None:
        rules = content["egress"]["bespoke"]
        rules.append({**LICENCES, "approval": rules[0]["approval"]})

    change(folder / "estate/estate.yaml", add)
    assert run(folder, "up", HUB, TENANCY, "--yes", open_gate=lambda *_: FakeGate()) == 0
    shutil.copytree(folder, folder.parent / "original")
    return folder


@pytest.fixture
def estate(deployed: Path) -> Iterator[Path]:
    """The deployed estate, as it was before each test."""
    shutil.rmtree(deployed)
    shutil.copytree(deployed.parent / "original", deployed)
    yield deployed


def run(folder: Path, *arguments: str, **options: Any) -> int:
    settings = Settings.load({"SDE_HOME": str(folder / "home"), "PATH": "/nowhere"})
    command = [*arguments, "--engine", "embedded", "--estate", str(folder / "estate")]
    return main(command, settings=settings, **options)


def events(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Events]:
    capsys.readouterr()
    code = run(folder, *arguments, "--json")
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def rules(folder: Path) -> list[dict[str, Any]]:
    """The deployed rules of the firewall for tenancies, apart from signing in."""
    (file,) = (folder / "home").rglob(f"stacks/**/{HUB}.json")
    resources = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
    groups = [r for r in resources if r["urn"].endswith("RuleCollectionGroup::firewall-bespoke")]  # none without rules
    collections = [collection for group in groups for collection in group["inputs"]["ruleCollections"]]
    return [rule for collection in collections for rule in collection["rules"] if "_" not in rule["name"]]


def destinations(folder: Path) -> set[str]:
    return {f"{address} {port}" for r in rules(folder)
            for address in r["destinationAddresses"] for port in r["destinationPorts"]}  # fmt: skip


def egress(folder: Path, edit: Callable[[list[dict[str, Any]]], object]) -> None:
    """Edit the egress rules; the archives of a desk that stands are named as former ones (VM21)."""

    def edited(content: dict[str, Any]) -> None:
        before = archives(content)
        edit(content["egress"]["bespoke"])
        if gone := before - archives(content):
            content["former_archives"] = sorted(gone)

    change(folder / "estate/estate.yaml", edited)


def archives(content: dict[str, Any]) -> set[str]:
    return {rule[kind] for rule in content["egress"]["bespoke"] for kind in ("apt", "pip") if kind in rule}


def summary(found: Events) -> list[str]:
    (last,) = (event for event in found if event["event"] == "summary")
    return [stack["stack"] for stack in last["stacks"]]


MIRROR = "203.0.113.16/29"
LICENSED = {f"{address} {port}" for address in LICENCES["addresses"] for port in ("443", "80")}  # type: ignore[attr-defined]
EDITS: Mapping[str, tuple[Callable[[list[dict[str, Any]]], object], set[str]]] = {
    "a rule is removed": (lambda found: found.pop(), {f"{MIRROR} 443"}),
    "every rule is removed": (lambda found: found.clear(), set()),
    "an address is removed": (
        lambda found: found[1]["addresses"].pop(),
        {f"{MIRROR} 443", "198.51.100.7/32 443", "198.51.100.7/32 80"},
    ),
    "an address is changed": (
        lambda found: found[0].update(addresses=["203.0.113.64/29"]),
        {"203.0.113.64/29 443", *LICENSED},
    ),
    "a range is narrowed": (
        lambda found: found[0].update(addresses=["203.0.113.16/30"]),
        {"203.0.113.16/30 443", *LICENSED},
    ),
    "a port is closed": (
        lambda found: found[1].update(plain_http=False),
        {f"{MIRROR} 443", "198.51.100.7/32 443", "198.51.100.8/32 443"},
    ),
    "the mirror is another": (
        lambda found: found[0].update(
            addresses=["192.0.2.8/30"], apt="https://new.example/ubuntu", pip="https://new.example/simple"
        ),
        {"192.0.2.8/30 443", *LICENSED},
    ),
}


class States:
    """The deployed stacks, as the run's own state has them."""

    def __init__(self, settings: Settings) -> None:
        self.engine = choose("embedded", "local", settings)

    def own(self, stack: Stack) -> DeployedStack:
        return DeployedStack.of(self.engine.current_state([stack.settings])[stack.name])


@pytest.mark.parametrize("name", EDITS)
def test_a_hub_keeps_the_ways_that_a_deployed_tenancy_uses(estate: Path, name: str) -> None:
    edit, left = EDITS[name]
    before = destinations(estate)
    egress(estate, edit)
    settings = Settings.load({"SDE_HOME": str(estate / "home"), "PATH": "/nowhere"})
    stacks = [stack for stack in open_estate(estate / "estate", settings).stacks if stack.name in (HUB, TENANCY)]
    (kept,) = kept_ways(stacks, cast("EstateState", States(settings)), settings).values()
    (ways,) = kept.ways.values()
    assert {f"{address} {port}" for address, port in ways} == before - left


def test_a_hub_loses_a_way_out_after_its_tenancies(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Side by side with other stacks too, and the whole estate passes then."""
    before, left = destinations(estate), {"192.0.2.8/30 443", "198.51.100.7/32 443", "198.51.100.8/32 443"}
    for name in ("a port is closed", "the mirror is another"):
        egress(estate, EDITS[name][0])
    code, found = events(estate, capsys, "up", "--all", "--yes", "--parallel", "2")
    assert code == 0
    done = summary(found)
    assert (done[0], done[-1], done.count(HUB), done.count(TENANCY)) == (HUB, HUB, 2, 1)
    kept = [event for event in found if event["event"] == "kept-way-out"]
    assert {f"{a} {p}" for way in kept for a in way["addresses"] for p in way["ports"]} >= before - left
    assert destinations(estate) == left
    assert [e["verdict"] for e in found if e["event"] == "verdict" and e["whole"]][-1:] == ["passed"]


def test_a_hub_keeps_the_way_of_a_tenancy_that_failed(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = destinations(estate)
    egress(estate, list.clear)
    request = estate / "estate/requests/hcm-progression.yaml"
    original = request.read_text()
    change(request, lambda content: content["desks"][0].update(data_disk_gib=32))  # disks cannot shrink
    code, found = events(estate, capsys, "up", HUB, TENANCY, "--yes")
    assert code != 0
    (progress,) = (event for event in found if event["event"] == "unfinished")
    assert (progress["failed"], progress["not_reached"]) == ([TENANCY], [HUB])
    assert destinations(estate) >= before

    request.write_text(original)
    code, found = events(estate, capsys, "up", "--continue", "--yes")
    assert (code, summary(found)[:2]) == (0, [HUB, TENANCY])
    assert destinations(estate) == set()


def test_a_hub_without_its_tenancies_keeps_nothing(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The firewall, its guardrail on names and the lock on them deny what only the tenancies' NSGs still allow."""
    egress(estate, list.clear)
    code, found = events(estate, capsys, "up", HUB, "--yes")
    assert code == 0
    assert not [event for event in found if event["event"] == "kept-way-out"]
    assert destinations(estate) == set()
