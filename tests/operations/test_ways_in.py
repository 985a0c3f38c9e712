"""The ways into the estate for people: each is as narrow as its purpose, and has people and an end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network, collapse_addresses
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from formats.addresses import CellRange, StaffRole, ZoneName
from formats.errors import InputError
from formats.ways_in import storage_ip_rules
from operations.estate import load, render, write
from tests.operations.estates import TODAY, add_providers, change, sample

GUARDIAN = {
    "owner": "dc29e773-8d51-564c-bca8-9ed1fa7a6277",
    "approver": "a794e3e2-9c27-5843-a475-0f38764e4f33",
    "purpose": "People who work in the estate",
    "expires": "2028-03-31",
}
GROUPS = [f"99999999-2222-4333-8444-{n:012}" for n in range(10)]
ENDPOINT = f"/subscriptions/{GROUPS[0]}/resourceGroups/rg-trust/providers/Microsoft.Network/privateEndpoints/pep-up"
CIRCUIT = f"/subscriptions/{GROUPS[0]}/resourceGroups/rg-hscn/providers/Microsoft.Network/expressRouteCircuits/hscn"
Edit = Callable[[Any], object]


def machine(*roles: str, name: str = "staff", size: str = "Standard_DC2as_v5", **other: Any) -> dict[str, Any]:
    users = GROUPS[len(name)]
    return {"name": name, "roles": list(roles), "users": users, "size": size, "approval": GUARDIAN, **other}


def site(**other: Any) -> dict[str, Any]:
    default = {"name": "hscn", "gateway": "vpn", "device": "203.0.113.9", "ranges": ["10.200.0.0/28"]}
    return {**default, "approval": GUARDIAN, **other}


def provider(data: Any, number: int = 0) -> Any:
    return data["integrated_care_systems"][0]["providers"][number]


def ranges(*texts: str, number: int = 0) -> Edit:
    return lambda d: provider(d, number).update(way_in={"public_ranges": list(texts)})


def all_ways(data: Any) -> None:
    """Every kind of way in, in one estate."""
    add_providers(data)
    data["confidential_orchestrator"] = GROUPS[8]
    data["staff"] = [
        machine("zone-stewards", "engineers", name="zones"),
        machine("project-stewards", name="projects"),
        machine("checkers", name="checks"),
    ]
    data["sites"] = [site(), site(name="other", ranges=["10.201.0.4"])]
    ranges("198.51.100.16/28")(data)
    provider(data, 1)["way_in"] = {"site": "hscn"}
    data["integrated_care_systems"][2]["providers"][0]["way_in"] = {"site": "other"}
    data["integrated_care_systems"][1]["providers"][0]["way_in"] = {
        "private_endpoint": {"endpoint": ENDPOINT, "connection": "pep-up.0a1b2c3d"}
    }


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    return sample(tmp_path)


def edit(estate: Path, *edits: Edit) -> None:
    for one in edits:
        change(estate / "estate.yaml", one)


def recipients(estate: Path, **other: Any) -> None:
    found = {"group": GROUPS[2], "ranges": ["192.0.2.0/28"], "approval": GUARDIAN, **other}
    change(estate / "requests/hcm-progression.yaml", lambda d: d.update(recipients=found))


def in_site(number: int = 0) -> Edit:
    return lambda d: provider(d, number).update(way_in={"site": "hscn"})


def own_endpoint(endpoint: str = ENDPOINT, number: int = 0) -> Edit:
    way = {"private_endpoint": {"endpoint": endpoint, "connection": "pep-up.0a1b2c3d"}}
    return lambda d: provider(d, number).update(way_in=way)


OWN = "10ca1000-0000-4000-8000-000000000001"
PROVIDER = "integrated_care_systems[0].providers[0]"
FAULTS: list[tuple[str, list[Edit], str]] = [
    ("the whole Internet", [ranges("0.0.0.0/0")], f"{PROVIDER}.way_in.public_ranges[0]"),
    ("half of the Internet", [ranges("198.51.100.7", "128.0.0.0/1")], f"{PROVIDER}.way_in.public_ranges[1]"),
    ("wider than 16 addresses", [ranges("198.51.100.0/27")], f"{PROVIDER}.way_in.public_ranges[0]"),
    ("private", [ranges("10.1.2.0/28")], f"{PROVIDER}.way_in.public_ranges[0]"),
    ("a network provider's", [ranges("100.64.3.0/28")], f"{PROVIDER}.way_in.public_ranges[0]"),
    ("IPv6", [ranges("2001:db8::/64")], f"{PROVIDER}.way_in.public_ranges[0]"),
    ("no range", [ranges()], f"{PROVIDER}.way_in.public_ranges"),
    ("two providers with one range", [ranges("198.51.100.0/28"), ranges("198.51.100.0/28", number=1)],
     "integrated_care_systems[0].providers[1].way_in.public_ranges[0]"),
    ("one inside another's range", [ranges("198.51.100.0/28"), ranges("192.0.2.1", "198.51.100.9", number=1)],
     "integrated_care_systems[0].providers[1].way_in.public_ranges[1]"),
    ("no end", [ranges("198.51.100.7"), lambda d: provider(d)["approval"].pop("expires")],
     f"{PROVIDER}.approval.expires"),
    ("no people", [ranges("198.51.100.7"), lambda d: provider(d).pop("approval")], f"{PROVIDER}.approval"),
    ("two ways", [lambda d: d.update(sites=[site()]),
                  lambda d: provider(d).update(way_in={"site": "hscn", "public_ranges": ["198.51.100.7"]})],
     f"{PROVIDER}.way_in"),
    ("no way", [lambda d: provider(d).update(way_in={})], f"{PROVIDER}.way_in"),
    ("closed with a way", [ranges("198.51.100.7"), lambda d: provider(d).update(closed=True)], f"{PROVIDER}.way_in"),
    ("unknown site", [lambda d: provider(d).update(way_in={"site": "hscn"})], f"{PROVIDER}.way_in.site"),
    ("an endpoint that is no endpoint",
     [lambda d: provider(d).update(way_in={"private_endpoint": {"endpoint": CIRCUIT, "connection": "one"}})],
     f"{PROVIDER}.way_in.private_endpoint.endpoint"),
    ("two providers of one name with one range",
     [ranges("198.51.100.0/28"), ranges("198.51.100.0/28", number=1),
      lambda d: provider(d, 1).update(name=provider(d)["name"])],
     "integrated_care_systems[0].providers[1].way_in.public_ranges[0]"),
    ("two providers with one group",
     [ranges("198.51.100.0/28"), lambda d: provider(d, 1).update(group=provider(d)["group"])],
     "integrated_care_systems[0].providers[1].group"),
    ("two providers with one endpoint", [own_endpoint(), own_endpoint(number=1)],
     "integrated_care_systems[0].providers[1].way_in.private_endpoint.endpoint"),
    ("an endpoint inside the estate", [own_endpoint(ENDPOINT.replace(GROUPS[0], OWN))],
     f"{PROVIDER}.way_in.private_endpoint.endpoint"),
    ("an endpoint without its connection",
     [lambda d: provider(d).update(way_in={"private_endpoint": {"endpoint": ENDPOINT}})],
     f"{PROVIDER}.way_in.private_endpoint.connection"),
    ("every private endpoint of a group",
     [own_endpoint(ENDPOINT.replace("pep-up", "*"))], f"{PROVIDER}.way_in.private_endpoint.endpoint"),
    ("the loopback address", [ranges("127.0.0.1")], f"{PROVIDER}.way_in.public_ranges[0]"),
    ("addresses of no host", [ranges("0.0.0.0/28")], f"{PROVIDER}.way_in.public_ranges[0]"),
    ("an approval that runs too long",
     [ranges("198.51.100.7"), lambda d: provider(d)["approval"].update(expires="2039-01-01")],
     f"{PROVIDER}.approval.expires"),
    ("an approver who owns it",
     [ranges("198.51.100.7"),
      lambda d: provider(d)["approval"].update(approver=provider(d)["approval"]["owner"])],
     f"{PROVIDER}.approval.approver"),
    ("a site without people", [lambda d: d.update(sites=[site(approval=None)])], "sites[0].approval"),
    ("a site inside the estate", [lambda d: d.update(sites=[site(ranges=["10.64.4.0/28"])])], "sites[0].ranges[0]"),
    ("a site that is a network", [lambda d: d.update(sites=[site(ranges=["10.200.0.0/16"])])], "sites[0].ranges[0]"),
    ("a private device", [lambda d: d.update(sites=[site(device="10.1.1.1")])], "sites[0].device"),
    ("a site without a device", [lambda d: d.update(sites=[site(device=None)])], "sites[0].device"),
    ("a kind of gateway that nobody has", [lambda d: d.update(sites=[site(gateway="vnet")])], "sites[0].gateway"),
    ("a site that is half of the Internet", [lambda d: d.update(sites=[site(ranges=["10.0.0.0/8"])])],
     "sites[0].ranges[0]"),
    ("a circuit, whose routes are the site's", [lambda d: d.update(sites=[site(gateway="expressroute")])],
     "sites[0].gateway"),
    ("a site where desks send packages from",
     [lambda d: d.update(sites=[site(ranges=["203.0.113.16/29"])])], "sites[0].ranges[0]"),
    ("two providers in one site",
     [lambda d: d.update(sites=[site()]), in_site(), in_site(number=1)],
     "integrated_care_systems[0].providers[1].way_in.site"),
    ("two sites of one name",
     [lambda d: d.update(sites=[site(), site(device="203.0.113.10", ranges=["10.201.0.8"])]), in_site()],
     "sites[1].name"),
    ("two sites with one computer",
     [lambda d: d.update(sites=[site(), site(name="other", device="203.0.113.10", ranges=["10.200.0.8"])])],
     "sites[1].ranges[0]"),
    ("staff without people", [lambda d: d.update(staff=[machine("engineers", approval=None)])], "staff[0].approval"),
    ("one role on two machines",
     [lambda d: d.update(staff=[machine("engineers"), machine("engineers", name="other")])], "staff[1].roles[0]"),
    ("one group on two machines",
     [lambda d: d.update(staff=[machine("engineers"), machine("checkers", name="other", users=GROUPS[5])])],
     "staff[1].users"),
    ("researchers on a staff machine",
     [lambda d: d.update(staff=[machine("engineers", users=d["desk_users"])])], "staff[0].users"),
    ("stewards of zones with checkers", [lambda d: d.update(staff=[machine("zone-stewards", "checkers")])],
     "staff[0].roles"),
    ("stewards of projects with checkers",
     [lambda d: d.update(staff=[machine("checkers", "project-stewards")])], "staff[0].roles"),
    ("engineers with checkers", [lambda d: d.update(staff=[machine("checkers", "engineers")])], "staff[0].roles"),
    ("no role", [lambda d: d.update(staff=[machine()])], "staff[0].roles"),
    ("identifiable data in the open",
     [lambda d: d.update(staff=[machine("engineers", size="Standard_D2s_v5")])], "staff[0].size"),
    ("no orchestrator", [lambda d: d.update(staff=[machine("engineers")])], "confidential_orchestrator"),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "key"), [pytest.param(e, k, id=name) for name, e, k in FAULTS])
def test_a_way_in_that_is_too_wide_is_refused(estate: Path, edits: list[Edit], key: str) -> None:
    edit(estate, *edits)
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    error = {(one.file, one.key): one for one in caught.value.each}[str(estate / "estate.yaml"), key]
    assert error.allowed or error.fix


@pytest.mark.parametrize(("key", "other"), [
    ("recipients.group", {"group": "db7a0118-c48f-5463-aec7-50d383efab17"}),
    ("recipients.group", {"group": "071dd6ac-566d-5e75-a517-c5d424eb8b15"}),
    ("recipients.ranges[0]", {"ranges": ["0.0.0.0/0"]}),
    ("recipients.ranges[1]", {"ranges": ["192.0.2.0/28", "198.51.100.0/27"]}),
    ("recipients.ranges[0]", {"ranges": ["100.64.0.0/28"]}),
    ("recipients.ranges[0]", {"ranges": ["192.168.1.0/28"]}),
    ("recipients.ranges", {"ranges": []}),
    ("recipients.approval", {"approval": None}),
    ("recipients.approval.expires", {"approval": {k: v for k, v in GUARDIAN.items() if k != "expires"}}),
    ("recipients.approval.expires", {"approval": {**GUARDIAN, "expires": "2039-01-01"}}),
    ("recipients.approval.approver", {"approval": {**GUARDIAN, "approver": GUARDIAN["owner"]}}),
], ids=lambda one: one if isinstance(one, str) else "")  # fmt: skip
def test_recipients_who_asked_or_come_from_anywhere_are_refused(
    estate: Path, key: str, other: dict[str, object]
) -> None:
    recipients(estate, **other)
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    assert (caught.value.file, caught.value.key) == (str(estate / "requests/hcm-progression.yaml"), key)


def configuration(estate: Path, stack: str) -> Any:
    return next(one for one in render(load(estate, today=TODAY)) if one.name == stack).settings


def test_an_estate_without_ways_in_has_none(estate: Path) -> None:
    platform, junction = configuration(estate, "platform"), configuration(estate, "junction-zone")
    assert not {"sde:staff", "sde:staff_range", "sde:sites"} & set(platform)
    assert not [one for one in junction["sde:providers"] if {"way_in", "inbox", "closed"} & set(one)]
    assert "sde:recipients" not in configuration(estate, "tre-hcm-progression")


def test_every_way_in_has_its_people_and_its_source(estate: Path) -> None:
    edit(estate, all_ways)
    recipients(estate)
    found = {way.way.key: way.way.source for way in load(estate, today=TODAY).ways if way.way.source}
    assert found == {
        f"{PROVIDER}.approval": "198.51.100.16/28",
        "integrated_care_systems[0].providers[1].approval": "site hscn",
        "integrated_care_systems[2].providers[0].approval": "site other",
        "integrated_care_systems[1].providers[0].approval": f"{ENDPOINT} (pep-up.0a1b2c3d)",
        "staff[0].approval": "Bastion",
        "staff[1].approval": "Bastion",
        "staff[2].approval": "Bastion",
        "sites[0].approval": "vpn 203.0.113.9: 10.200.0.0/28",
        "sites[1].approval": "vpn 203.0.113.9: 10.201.0.4/32",
        "recipients.approval": "192.0.2.0/28",
    }


def test_every_way_in_names_the_part_that_it_adds_to_its_stack(estate: Path) -> None:
    edit(estate, all_ways)
    recipients(estate)
    parts = {way.way.part for way in load(estate, today=TODAY).ways if way.way.source}
    assert parts == {f"inbox-{code}" for code in ("zq1", "zq2", "zq3", "zq5")} | {
        "staff-vm-zones", "staff-vm-projects", "staff-vm-checks", "gateway", "",
    }  # fmt: skip


def test_the_end_of_a_way_in_concerns_the_stack_that_opens_it(estate: Path) -> None:
    recipients(estate, approval={**GUARDIAN, "expires": str(TODAY + timedelta(20))})
    near = {s: [e.key for e in load(estate, today=TODAY).expiries(s) if e.is_near] for s in load(estate).stacks()}
    assert [stack for stack, keys in near.items() if "recipients.approval.expires" in keys] == ["tre-hcm-progression"]


def test_an_inbox_keeps_its_address_when_providers_come_and_go(estate: Path, tmp_path: Path) -> None:
    edit(estate, all_ways)
    write(load(estate, today=TODAY), render(load(estate, today=TODAY)), tmp_path / "config")
    before = {code: one for code, one in load(estate, today=TODAY).inboxes.items() if code != "ZQ2"}

    def come_and_go(data: Any) -> None:
        del provider(data, 1)["way_in"]
        provider(data, 1)["closed"] = True
        first = {"code": "ZZ9", "name": "First", "group": GROUPS[3], "approval": GUARDIAN}
        first["way_in"] = {"public_ranges": ["192.0.2.77"]}
        data["integrated_care_systems"][0]["providers"].insert(0, first)

    edit(estate, come_and_go)
    after = load(estate, today=TODAY).inboxes
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after) == 5
    closed = next(p for p in configuration(estate, "junction-zone")["sde:providers"] if p["code"] == "zq2")
    assert closed["closed"] is True
    assert closed["inbox"], "its data stays"
    assert "way_in" not in closed
    assert "sde:former_inboxes" not in configuration(estate, "junction-zone")
    write(load(estate, today=TODAY), render(load(estate, today=TODAY)), tmp_path / "config")
    edit(estate, lambda data: data["integrated_care_systems"][0]["providers"].pop(0))
    assert configuration(estate, "junction-zone")["sde:former_inboxes"] == ["zz9"]


def test_two_inboxes_in_one_slot_are_refused(estate: Path) -> None:
    edit(estate, all_ways)
    (estate / "allocations.yaml").write_text(
        yaml.safe_dump({"format": 1, "stacks": {}, "inboxes": {"ZQ1": 3, "ZQ2": 3}})
    )
    with pytest.raises(InputError, match="allocated to ZQ1 too") as caught:
        load(estate, today=TODAY)
    assert caught.value.key == "inboxes.ZQ2"


def test_a_site_reaches_the_inboxes_of_its_providers_alone(estate: Path) -> None:
    edit(estate, all_ways)
    inboxes = load(estate, today=TODAY).inboxes
    hscn, other = configuration(estate, "platform")["sde:sites"]
    assert hscn["inboxes"] == [str(inboxes["ZQ2"])]
    assert other["inboxes"] == [str(inboxes["ZQ5"])]


def test_a_site_without_a_provider_is_not_connected(estate: Path) -> None:
    edit(estate, lambda d: d.update(sites=[site()]), in_site(), lambda d: provider(d).pop("way_in"),
         lambda d: provider(d).update(closed=True))  # fmt: skip
    assert "sde:sites" not in configuration(estate, "platform")


def test_only_the_first_cell_has_stewards_of_zones_and_sites(estate: Path) -> None:
    def two_cells(data: Any) -> None:
        data["cells"].append({**data["cells"][0], "name": "two", "addresses": "10.66.0.0/15"})

    edit(estate, all_ways, two_cells)
    first, second = configuration(estate, "platform"), configuration(estate, "platform-two")
    assert first["sde:staff"][0]["roles"] == ["zone-stewards", "engineers"]
    assert second["sde:staff"][0]["roles"] == ["engineers"]
    assert "sde:sites" in first
    assert "sde:sites" not in second


def test_inboxes_count_towards_the_storage_accounts_of_their_subscription(estate: Path) -> None:
    edit(estate, lambda d: d["cells"][0].update(storage_accounts=15))
    assert load(estate, today=TODAY)
    edit(estate, ranges("198.51.100.7"))
    with pytest.raises(InputError, match="no capacity left"):
        load(estate, today=TODAY)


@given(st.lists(st.builds(IPv4Network, st.tuples(st.integers(3 << 30, (3 << 30) + 99),
                                                  st.just(32))), min_size=1, max_size=5))  # fmt: skip
def test_the_ip_rules_of_a_store_are_the_ranges_and_no_more(found: list[IPv4Network]) -> None:
    wider = [one.supernet(new_prefix=prefix) for one in found for prefix in (28, 30, 31, 32)]
    rules = [IPv4Network(rule) for rule in storage_ip_rules(wider)]
    assert list(collapse_addresses(rules)) == list(collapse_addresses(wider))
    assert not [rule for rule in storage_ip_rules(wider) if rule.endswith(("/31", "/32"))], "Azure refuses these"


@pytest.mark.parametrize("prefix", range(14, 19))
def test_staff_and_inboxes_have_addresses_of_their_own(prefix: int) -> None:
    cell = CellRange(IPv4Network(f"10.64.0.0/{prefix}"))
    others = [cell.hub.network, cell.zone_range, *(cell.tenancies(kind) for kind in ("bespoke", "shared"))]
    assert not [one for one in others if one.overlaps(cell.staff.network)]
    machines = [cell.staff.machine_address([role]) for role in StaffRole]
    assert len(set(machines)) == len(machines)
    junction = cell.zone(ZoneName.JUNCTION)
    inboxes = junction.inbox_addresses()
    assert len(set(inboxes)) == 59
    assert {junction.inboxes} == {one.supernet(new_prefix=26) for one in map(IPv4Network, inboxes)}
    assert not junction.inboxes.overlaps(junction.compute)
    assert not junction.inboxes.overlaps(junction.endpoints)
    assert IPv4Address(int(junction.inboxes.network_address) + 4) == inboxes[0]
