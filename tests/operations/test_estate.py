from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from formats.errors import InputError
from formats.services import NOT_OFFERED
from operations.estate import Estate, bump_generation, load, render, write
from operations.estate.allocations import MAX_TENANCIES_PER_HUB, Allocations, max_tenancies_per_subscription
from tests.operations.estates import TODAY, add_request, change, sample, snapshot

Edit = Callable[[Any], object]
ENGINEERS = "aae33021-c16b-58e5-bb66-b140da62dcdc"
AZURE_SUBSCRIPTION = "7f0c8a52-1111-4222-8333-444455556666"
LOCAL_SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000002"


def second_cell(data: Any) -> None:
    data["cells"].append({**data["cells"][0], "name": "two", "addresses": "10.66.0.0/15"})


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    return sample(tmp_path)


def refusal(estate: Path) -> InputError:
    before = snapshot(estate)
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    assert snapshot(estate) == before
    assert caught.value.file
    return caught.value


ESTATE_FAULTS: list[tuple[str, Edit, str]] = [
    ("unknown key", lambda d: d.update(colour="blue"), "colour"),
    ("unknown nested key", lambda d: d["cells"][0].update(colour="blue"), "cells[0].colour"),
    ("missing key", lambda d: d.pop("region"), "region"),
    ("region outside the UK", lambda d: d.update(region="westeurope"), "region"),
    ("code too long", lambda d: d.update(code="westmidlands"), "code"),
    ("bad GUID", lambda d: d.update(platform_team="the team"), "platform_team"),
    ("GUID in another spelling", lambda d: d.update(platform_team="{" + AZURE_SUBSCRIPTION + "}"), "platform_team"),
    ("bad key", lambda d: d.update(admin_public_key="ssh-ed25519 AAAA"), "admin_public_key"),
    ("bad former key", lambda d: d.update(former_admin_keys=[{"key": "ssh-dss AAAA"}]), "former_admin_keys[0].key"),
    ("bad former archive", lambda d: d.update(former_archives=["ftp://a.example"]), "former_archives[0]"),
    ("the present key as a former one", lambda d: d.update(former_admin_keys=[{"key": d["admin_public_key"] + " x"}]),
     "former_admin_keys[0].key"),
    ("retention too short", lambda d: d.update(log_retention_days=30), "log_retention_days"),
    ("space is malformed", lambda d: d.update(addresses="10.64/10"), "addresses"),
    ("space is public", lambda d: d.update(addresses="8.0.0.0/10"), "addresses"),
    ("space is IPv6", lambda d: d.update(addresses="fd00::/10"), "addresses"),
    ("space too small", lambda d: d.update(addresses="10.64.0.0/24"), "addresses"),
    ("space misaligned", lambda d: d.update(addresses="10.64.0.1/10"), "addresses"),
    ("cell outside", lambda d: d["cells"][0].update(addresses="10.0.0.0/15"), "cells[0].addresses"),
    ("cell too small", lambda d: d["cells"][0].update(addresses="10.64.0.0/22"), "cells[0].addresses"),
    ("cells overlap", lambda d: (second_cell(d), d["cells"][1].update(addresses="10.65.0.0/16")), "cells[1].addresses"),
    ("two cells of the same name", lambda d: (second_cell(d), d["cells"][1].update(name="one")), "cells[1].name"),
    ("cell name too long", lambda d: d["cells"][0].update(name="a" * 21), "cells[0].name"),
    ("no cells", lambda d: d.update(cells=[]), "cells"),
    ("azure with a local subscription", lambda d: d.update(cloud="azure"), "cells[0].subscriptions.platform"),
    ("local with an azure subscription",
     lambda d: d["cells"][0]["subscriptions"].update(tenancies=[LOCAL_SUBSCRIPTION, AZURE_SUBSCRIPTION]),
     "cells[0].subscriptions.tenancies[1]"),
    ("two providers of the same code",
     lambda d: d["integrated_care_systems"][1]["providers"][0].update(code="ZQ1"),
     "integrated_care_systems[1].providers[0].code"),
    ("two egress rules of the same name",
     lambda d: d["egress"]["bespoke"].append({"name": d["egress"]["bespoke"][0]["name"],
                                              "addresses": ["203.0.113.32"]}), "egress.bespoke[1].name"),
    ("two archives of Ubuntu packages",
     lambda d: d["egress"]["bespoke"].append(d["egress"]["bespoke"][0] | {"name": "again"}), "egress.bespoke"),
    ("egress without addresses", lambda d: d["egress"]["bespoke"][0].pop("addresses"), "egress.bespoke[0].addresses"),
    ("egress to a whole network", lambda d: d["egress"]["bespoke"][0].update(addresses=["203.0.113.0/24"]),
     "egress.bespoke[0].addresses[0]"),
    ("egress to an address of Azure", lambda d: d["egress"]["bespoke"][0].update(addresses=["168.63.129.16"]),
     "egress.bespoke[0].addresses[0]"),
    ("egress into the estate", lambda d: d["egress"]["bespoke"][0].update(addresses=["8.8.8.8", "10.65.0.16/28"]),
     "egress.bespoke[0].addresses[1]"),
    ("packages without encryption", lambda d: d["egress"]["bespoke"][0].update(pip="http://pypi.example/simple"),
     "egress.bespoke[0]"),
    ("egress by name", lambda d: d["egress"]["bespoke"][0].update(fqdns=["a.example"]), "egress.bespoke[0].fqdns"),
    ("tiers out of order", lambda d: d["zones"]["archive"].update(tiers={"cool_after_days": 9, "delete_after_days": 3}),
     "zones.archive.tiers"),
    ("reserved tag", lambda d: d["tags"].update({"Data-Class": "none"}), "tags.Data-Class"),
    ("name over two lines", lambda d: d.update(organisation="One\nTwo"), "organisation"),
    ("text that YAML reads as no", lambda d: d.update(cost_centre=False), "cost_centre"),
    ("name with a control character", lambda d: d.update(organisation="One\u202etwo"), "organisation"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "key"), [pytest.param(e, k, id=name) for name, e, k in ESTATE_FAULTS])
def test_an_error_in_the_estate_is_named(estate: Path, edit: Edit, key: str) -> None:
    change(estate / "estate.yaml", edit)
    refused = refusal(estate)
    assert (refused.file, refused.key) == (str(estate / "estate.yaml"), key)


REQUEST_FAULTS: list[tuple[str, Edit, str]] = [
    ("unknown key", lambda d: d.update(colour="blue"), "colour"),
    ("the former key", lambda d: d.update(desk=d.pop("desks")[0]), "desk"),
    ("no desk", lambda d: d.update(desks=[]), "desks"),
    ("two desks of one name", lambda d: d["desks"].append(d["desks"][0]), "desks[1].name"),
    ("stewards at a desk", lambda d: d["desks"][0].update(users=d["stewards"]), "desks[0].users"),
    ("checkers at a desk", lambda d: d["desks"][0].update(users=d["checkers"]), "desks[0].users"),
    ("engineers at a desk", lambda d: d["desks"][0].update(users=ENGINEERS), "desks[0].users"),
    (
        "one desk of two is confidential",
        lambda d: d["desks"].append({"name": "secret", "size": "Standard_DC8ads_v5", "data_disk_gib": 64}),
        "desks[1].size",
    ),
    ("a time without quotes", lambda d: d["desks"][0].update(shutdown=1140), "desks[0].shutdown"),
    (
        "a budget in two currencies",
        lambda d: d.update(budget={"monthly_gbp": 1, "monthly_usd": 1, "alerts": ["a@b.example"]}),
        "budget",
    ),
    ("a budget without people", lambda d: d.update(budget={"monthly_gbp": 1, "alerts": []}), "budget.alerts"),
    (
        "a line break in an address",
        lambda d: d.update(budget={"monthly_gbp": 1, "alerts": ["a@b.example\nBcc: c"]}),
        "budget.alerts[0]",
    ),
    ("unknown key of the desk", lambda d: d["desks"][0].update(gpus=4), "desks[0].gpus"),
    ("not approved yet", lambda d: d.update(approved_on=date(2026, 11, 23)), "approved_on"),
    ("expires before approval", lambda d: d.update(expires=date(2026, 9, 1)), "expires"),
    (
        "identifiable data on a computer that is not confidential",
        lambda d: d.update(data_class="identifiable"),
        "desks[0].size",
    ),
    ("checkers are researchers", lambda d: d.update(checkers=d["researchers"]), "checkers"),
    ("checkers are stewards", lambda d: d.update(checkers=d["stewards"]), "checkers"),
    ("researchers are stewards", lambda d: d.update(stewards=d["researchers"]), "stewards"),
    ("unknown cell", lambda d: d.update(cell="nine"), "cell"),
    ("bad GUID", lambda d: d.update(checkers="x"), "checkers"),
    ("kind instead of a template", lambda d: d.update(kind=d.pop("template") and "bespoke"), "kind"),
    ("unknown template", lambda d: d.update(template="luxury"), "template"),
    ("a file elsewhere as the template", lambda d: d.update(template="../stacks/tenancy"), "template"),
    ("a size outside the template's limits", lambda d: d.update(template="bespoke-tabular"), "desks[0].size"),
    ("a data class outside the template's limits", lambda d: d.update(template="synthetic"), "data_class"),
    ("bad size", lambda d: d["desks"][0].update(size="big"), "desks[0].size"),
    ("size without premium disks", lambda d: d["desks"][0].update(size="Standard_D4_v5"), "desks[0].size"),
    ("another name than the file", lambda d: d.update(project="other"), "project"),
    ("a database", lambda d: d.update(services={"registry": {}, "database": {}}), "services.database"),
    ("a service that nobody knows", lambda d: d.update(services={"queue": {}}), "services.queue"),
    ("a setting of the registry", lambda d: d.update(services={"registry": {"sku": "Basic"}}), "services.registry.sku"),
    ("text for a number", lambda d: d["desks"][0].update(os_disk_gib="large"), "desks[0].os_disk_gib"),
]


@pytest.mark.parametrize(("edit", "key"), [pytest.param(e, k, id=name) for name, e, k in REQUEST_FAULTS])
def test_an_error_in_a_request_is_named(estate: Path, edit: Edit, key: str) -> None:
    file = estate / "requests/hcm-progression.yaml"
    change(file, edit)
    refused = refusal(estate)
    assert (refused.file, refused.key) == (str(file), key)


@pytest.mark.parametrize(("name", "why"), NOT_OFFERED.items())
def test_a_service_that_is_not_offered_says_why(estate: Path, name: str, why: str) -> None:
    change(estate / "requests/hcm-progression.yaml", lambda d: d.update(services={name: {}}))
    refused = refusal(estate)
    assert (refused.problem, refused.allowed, refused.fix) == (why, "registry", f"Remove {name}.")


def test_identifiable_data_needs_an_orchestrator(estate: Path) -> None:
    add_request(
        estate,
        "patients",
        data_class="identifiable",
        desks=[{"name": "main", "size": "Standard_DC8ads_v5", "data_disk_gib": 64}],
    )
    refused = refusal(estate)
    assert (refused.file, refused.key) == (str(estate / "estate.yaml"), "confidential_orchestrator")
    change(estate / "estate.yaml", lambda d: d.update(confidential_orchestrator=AZURE_SUBSCRIPTION))
    assert "tre-patients" in load(estate, today=TODAY).stacks()


def test_a_pattern_is_described_in_words(estate: Path) -> None:
    change(estate / "estate.yaml", lambda d: d.update(code="West Midlands"))
    assert refusal(estate).allowed == "2 to 8 lower-case letters and digits, a letter first"


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [
        ("cells", "one", "a list"),
        ("zones", "one", "a map"),
        ("tags", ["one"], "a map"),
        ("secrets_expire", "soon", "a date"),
        ("secrets_expire", 4.5, "a date"),
        ("log_retention_days", "a year", "a whole number"),
        ("log_retention_days", 365.5, "a whole number"),
        ("platform_team", "engineers", "a GUID"),
        ("platform_team", 5, "a GUID"),
    ],
)
def test_a_value_of_another_type_is_described_in_words(estate: Path, key: str, value: object, allowed: str) -> None:
    change(estate / "estate.yaml", lambda d: d.update({key: value}))
    refused = refusal(estate)
    assert (refused.key, str(refused.allowed).startswith(allowed)) == (key, True), refused.allowed


def test_a_name_too_long_is_refused(estate: Path) -> None:
    file = add_request(estate, "a" * 33)
    assert (refusal(estate).file, refusal(estate).key) == (str(file), "project")


def test_a_copied_request_is_told_what_to_change_and_no_fix_overwrites_a_file(estate: Path) -> None:
    first = estate / "requests/hcm-progression.yaml"
    for name, fix in (("second", "project: second"), ("hcm-progression copy", "another name")):
        file = estate / "requests" / f"{name}.yaml"
        file.write_text(first.read_text())
        refused = refusal(estate)
        assert (refused.file, refused.key) == (str(file), "project")
        assert fix in str(refused.fix)
        assert "ename" not in str(refused.fix)
        file.unlink()
    first.rename(estate / "requests/other name.yaml")
    assert refusal(estate).fix == "Rename the file to hcm-progression.yaml."


def test_one_request_for_two_projects_is_refused_with_the_other_file(estate: Path) -> None:
    add_request(estate, "second", request="DAR-2026-0017")
    refused = refusal(estate)
    assert refused.key == "request"
    assert "hcm-progression.yaml has this one" in str(refused.allowed)


def test_all_errors_of_all_files_are_told_at_once(estate: Path) -> None:
    """Also beside files that cannot be read; and no error follows from another one."""
    change(estate / "estate.yaml", lambda d: d.update(region="uksoth", log_retention=d.pop("log_retention_days")))
    change(estate / "requests/hcm-progression.yaml", lambda d: d["desks"][0].update(zone="1"))
    (estate / "requests/second.yaml").write_text("title: 'St Mary's'\n")
    change(estate / "people.yaml", lambda d: d["people"][0].update(expires="2028-02-30"))
    refused = refusal(estate)
    assert [(Path(str(one.file)).name, one.key) for one in refused.each] == [
        ("people.yaml", "people[0].expires"), ("estate.yaml", "region"), ("estate.yaml", "log_retention"),
        ("hcm-progression.yaml", "desks[0].zone"), ("second.yaml", None),
    ]  # fmt: skip
    fixes = [str(one.fix) for one in refused.each]
    assert (fixes[1], fixes[2]) == ("did you mean uksouth?", "did you mean log_retention_days?")
    assert str(refused).count("file:") == 5


def test_the_fix_names_the_place_of_a_key_and_what_to_do_with_a_file(estate: Path) -> None:
    def outdent(request: dict[str, Any]) -> None:
        request["size"] = request["desks"][0].pop("size")
        request["nonsense"] = 1

    change(estate / "requests/hcm-progression.yaml", outdent)
    (estate / "requests/second.yml").write_text("")
    (estate / "requests/third.yaml").write_text("# nothing\n")
    with (estate / "allocations.yaml").open("a") as file:
        file.write("<<<<<<< HEAD\n")
    fixes = {(Path(str(one.file)).name, one.key): str(one.fix) for one in refusal(estate).each}
    assert fixes["hcm-progression.yaml", "size"].startswith("It is a key of desks[]:")
    assert fixes["hcm-progression.yaml", "nonsense"] == "Remove it, or correct its name."
    assert fixes["second.yml", None].startswith("Rename it to second.yaml")
    assert "restore the file" in fixes["third.yaml", None]
    assert fixes["allocations.yaml", None].startswith("Take the file of the main branch")


def test_a_size_of_another_data_class_is_told_alone(estate: Path) -> None:
    change(estate / "requests/hcm-progression.yaml", lambda d: d["desks"][0].update(size="Standard_DC4as_v5"))
    assert (refusal(estate).key, refusal(estate).found) == ("desks[0].size", "Standard_DC4as_v5")


NO_CONVERSION: list[tuple[str, Any]] = [
    ("desks[0].data_disk_gib", True), ("desks[0].data_disk_gib", 1024.0), ("desks[0].data_disk_gib", "1024"),
    ("expires", 1853884800), ("expires", "1853884800"), ("expires", "2028-09-30T00:00:00"), ("expires", "2028-02-30"),
    ("expires", True), ("title", 5), ("request", 1.10),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), NO_CONVERSION)
def test_no_value_is_made_of_one_of_another_kind(estate: Path, key: str, value: Any) -> None:
    file = estate / "requests/hcm-progression.yaml"
    change(file, lambda d: (d["desks"][0] if "[" in key else d).update({key.rpartition(".")[2]: value}))
    assert refusal(estate).key == key


PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY----- {} -----END OPENSSH PRIVATE KEY-----"
KEY_FORMS = [("admin_public_key", form) for form in (PRIVATE, "{}", "ssh-ed25519 {}", "b3BlbnNzaC1rZXktdjE{}")]
KEY_FORMS += [(key, PRIVATE) for key in ("organisation", "colour")]


@pytest.mark.parametrize(("key", "form"), KEY_FORMS)
def test_a_private_key_is_never_shown(estate: Path, key: str, form: str) -> None:
    change(estate / "estate.yaml", lambda d: d.update({key: form.format("Zm9vYmFyYmF6" * 30)}))
    refused = refusal(estate)
    assert refused.key == key
    assert "Zm9vYmFy" not in f"{refused} {vars(refused)}"


def bring_data(data: Any, **other: Any) -> None:
    """Add a provider like the first one."""
    first = data["integrated_care_systems"][0]["providers"][0]
    first.pop("way_in", None)
    data["integrated_care_systems"].append({"name": "Other", "providers": [{**first, "code": "ZQ9", **other}]})


def first_provider(data: Any) -> str:
    return str(data["integrated_care_systems"][0]["providers"][0]["group"])


ADDED = "integrated_care_systems[2].providers[0].group"
IN_TWO_ROLES: list[tuple[str, Edit, str]] = [
    ("engineers bring data", lambda d: bring_data(d, group=d["platform_team"]),
     ADDED),
    ("engineers are stewards of a zone", lambda d: d["zones"]["landing"].update(stewards=d["platform_team"]),
     "zones.landing.stewards"),
    ("a provider is a zone's stewards", lambda d: bring_data(d, group=d["zones"]["staging"]["stewards"]),
     ADDED),
    ("two providers", lambda d: bring_data(d, group=first_provider(d)), ADDED),
    ("staff and providers", lambda d: d.update(platform_team=first_provider(d)),
     "integrated_care_systems[0].providers[0].group"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "key"), [pytest.param(e, k, id=name) for name, e, k in IN_TWO_ROLES])
def test_a_group_in_two_roles_of_the_estate_is_told_in_one_line(estate: Path, edit: Edit, key: str) -> None:
    change(estate / "estate.yaml", edit)
    refused = refusal(estate)
    assert (refused.key, len(refused.each)) == (key, 1)
    assert "also the " in str(refused.found)


@pytest.mark.parametrize(
    ("role", "owner"), [("researchers", "stewards of the zone staging"), ("checkers", "provider ")]
)
def test_a_group_of_the_estate_has_no_role_in_a_project(estate: Path, role: str, owner: str) -> None:
    data = yaml.safe_load((estate / "estate.yaml").read_text())
    group = data["zones"]["staging"]["stewards"] if "zone" in owner else first_provider(data)
    change(estate / "requests/hcm-progression.yaml", lambda request: request.update({role: group}))
    refused = refusal(estate)
    assert (refused.key, len(refused.each)) == (role, 1)
    assert f"{group}, also the {owner}" in str(refused.found)


def test_one_group_may_have_one_role_in_all_projects(estate: Path) -> None:
    add_request(estate, "second")  # with the groups of the first
    load(estate, today=TODAY)


def test_data_more_sensitive_than_the_estate_is_refused(estate: Path) -> None:
    change(estate / "estate.yaml", lambda d: d.update(data_class="synthetic"))
    assert refusal(estate).key == "data_class"


def test_uk_west_has_no_availability_zones(estate: Path) -> None:
    change(estate / "estate.yaml", lambda d: d.update(region="ukwest"))
    change(estate / "requests/hcm-progression.yaml", lambda d: d["desks"][0].update(zone=1))
    assert refusal(estate).key == "desks[0].zone"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("a: [1\nb: 2", "line 1: the [", id="malformed"),
        pytest.param("code: a\ncode: b", "line 2: code again", id="a key twice"),
        pytest.param(
            "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [" + f"*a{n - 1}, " * 9 + "]\n" for n in range(1, 12)),
            "aliases",
            id="aliases of aliases",
        ),
        pytest.param("a: &x [*x]", "aliases", id="an alias of itself"),
        pytest.param("a: !!python/object/apply:os.system [ls]", "python", id="a tag that runs code"),
        pytest.param("a: " + "[" * 50 + "]" * 50, "levels", id="too deep"),
        pytest.param("- 1", "a list", id="no map"),
        pytest.param("1: a", "1, which is no text", id="a key that is a number"),
        pytest.param("text", "one value", id="text alone"),
        pytest.param("", "nothing", id="empty"),
        pytest.param("a: \x00", "", id="a control character"),
        pytest.param("a: " + "x" * (1 << 20), "bytes", id="too long"),
    ],
)
def test_hostile_yaml_is_refused(estate: Path, text: str, problem: str) -> None:
    (estate / "estate.yaml").write_text(text)
    assert problem in str(refusal(estate).found)


def test_text_that_is_not_utf8_is_refused(estate: Path) -> None:
    (estate / "estate.yaml").write_bytes(b"code: \xff")
    assert "UTF-8" in refusal(estate).problem


def test_links_out_of_the_estate_are_refused(estate: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    (estate / "requests/hcm-progression.yaml").rename(outside)
    (estate / "requests/hcm-progression.yaml").symlink_to(outside)
    assert "link" in refusal(estate).problem


def test_a_missing_estate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no estate"):
        load(tmp_path / "nowhere")


def test_an_expired_request_concerns_its_own_stack(estate: Path) -> None:
    add_request(estate, "other", expires=TODAY + timedelta(1))
    change(estate / "requests/hcm-progression.yaml", lambda d: d.update(expires=TODAY))
    loaded = load(estate, today=TODAY)
    assert expired(loaded) == {"tre-hcm-progression": ["expires"]}
    (found,) = loaded.expiries("tre-hcm-progression")
    assert found.file == str(estate / "requests/hcm-progression.yaml")
    assert "scripts/sde destroy tre-hcm-progression" in found.fix
    assert {stack.name for stack in render(loaded)} == set(loaded.stacks())


def test_an_expired_approval_of_the_estate_concerns_the_platforms_and_zones(estate: Path) -> None:
    change(estate / "estate.yaml", lambda d: (second_cell(d), d["approval"].update(expires=TODAY)))
    loaded = load(estate, today=TODAY)
    stacks = ("platform", "platform-two", "junction-zone", "safe-haven")
    assert expired(loaded) == {stack: ["approval.expires"] for stack in stacks}
    assert len({loaded.expiries(stack)[0] for stack in expired(loaded)}) == 1


def test_expired_secrets_concern_the_safe_haven(estate: Path) -> None:
    change(estate / "estate.yaml", lambda d: d.update(secrets_expire=date(2026, 1, 1)))
    loaded = load(estate, today=TODAY)
    assert expired(loaded) == {"safe-haven": ["secrets_expire"]}
    first, second = loaded.expiries("safe-haven")
    assert first.fix == (
        f"Set a later day in {estate / 'estate.yaml'}, then scripts/sde up safe-haven: that renews the secrets."
    )
    assert not second.is_near


@pytest.mark.parametrize(("days", "near", "urgent"), [(61, False, False), (60, True, False), (30, True, True)])
def test_an_expiry_is_near_60_days_before_and_urgent_30(estate: Path, days: int, near: bool, urgent: bool) -> None:
    change(estate / "requests/hcm-progression.yaml", lambda d: d.update(expires=TODAY + timedelta(days)))
    (found,) = load(estate, today=TODAY).expiries("tre-hcm-progression")
    assert (found.days_left, found.is_near, found.is_urgent, found.is_past) == (days, near, urgent, False)


def expired(estate: Estate) -> dict[str, list[str]]:
    keys = {stack: [e.key for e in estate.expiries(stack) if e.is_past] for stack in estate.stacks()}
    return {stack: found for stack, found in keys.items() if found}


def test_a_ledger_whose_stack_is_a_path_is_refused(estate: Path) -> None:
    allocations = load(estate, today=TODAY).allocations
    other = allocations.stacks["tre-hcm-progression"].model_copy(update={"slot": 5})
    (estate / "allocations.yaml").write_text(allocations.with_allocation("tre-../../other", other).text())
    found = refusal(estate)
    assert found.file == str(estate / "allocations.yaml")
    assert "tre-../../other" in (found.key or "")


def test_stacks_come_after_those_they_require(estate: Path) -> None:
    change(estate / "estate.yaml", second_cell)
    add_request(estate, "far", cell="two")
    loaded = load(estate, today=TODAY)
    stacks = loaded.stacks()
    assert stacks == ("platform", "platform-two", "junction-zone", "safe-haven", "tre-far", "tre-hcm-progression")
    for stack in stacks:
        assert all(stacks.index(needed) < stacks.index(stack) for needed in loaded.requires(stack))
    assert loaded.requires("tre-far") == ("platform-two", "safe-haven")


def test_adding_and_removing_tenancies_changes_no_other(estate: Path, tmp_path: Path) -> None:
    add_request(estate, "second")
    first = load(estate, today=TODAY)
    write(first, render(first), tmp_path)
    (estate / "requests/hcm-progression.yaml").unlink()
    add_request(estate, "alpha", approved_on=date(2020, 1, 1))
    later = load(estate, today=TODAY)
    assert later.allocations.stacks["tre-second"] == first.allocations.stacks["tre-second"]
    assert later.allocations.stacks["tre-hcm-progression"] == first.allocations.stacks["tre-hcm-progression"]
    assert later.allocations.stacks["tre-alpha"].slot == 2


def test_a_tenancy_cannot_change_its_cell(estate: Path, tmp_path: Path) -> None:
    change(estate / "estate.yaml", second_cell)
    loaded = load(estate, today=TODAY)
    write(loaded, render(loaded), tmp_path)
    change(estate / "requests/hcm-progression.yaml", lambda d: d.update(cell="two"))
    assert refusal(estate).key == "cell"


def test_the_first_cell_stays_first(estate: Path, tmp_path: Path) -> None:
    change(estate / "estate.yaml", second_cell)
    loaded = load(estate, today=TODAY)
    write(loaded, render(loaded), tmp_path)
    change(estate / "estate.yaml", lambda d: d["cells"].reverse())
    assert "first cell" in refusal(estate).problem


def test_a_cell_with_tenancies_cannot_be_removed(estate: Path, tmp_path: Path) -> None:
    change(estate / "estate.yaml", second_cell)
    add_request(estate, "far", cell="two")
    loaded = load(estate, today=TODAY)
    write(loaded, render(loaded), tmp_path)
    (estate / "requests/far.yaml").unlink()
    change(estate / "estate.yaml", lambda d: d["cells"].pop())
    assert "cell" in refusal(estate).problem


def test_a_full_cell_is_refused_with_its_limits(estate: Path) -> None:
    change(estate / "estate.yaml", lambda d: d["cells"][0].update(storage_accounts=15))
    add_request(estate, "second")
    refused = refusal(estate)
    assert refused.key == "cell"
    assert "1 in each of 1 subscriptions" in str(refused.allowed)


def test_cells_that_share_a_subscription_share_its_limits(estate: Path) -> None:
    change(estate / "estate.yaml", second_cell)
    change(estate / "estate.yaml", lambda d: [c.update(storage_accounts=15) for c in d["cells"]])
    add_request(estate, "second")
    assert refusal(estate).key == "cell"


def test_a_destroyed_stack_gets_a_new_generation(estate: Path, tmp_path: Path) -> None:
    loaded = load(estate, today=TODAY)
    write(loaded, render(loaded), tmp_path)
    bump_generation(estate, "tre-hcm-progression")
    again = load(estate, today=TODAY)
    assert again.allocations.stacks["tre-hcm-progression"].generation == 2
    assert again.allocations.stacks["tre-hcm-progression"].slot == 0
    with pytest.raises(InputError):
        bump_generation(estate, "tre-nobody")


def test_one_slot_for_two_stacks_is_refused(estate: Path) -> None:
    add_request(estate, "second")
    allocations = load(estate, today=TODAY).allocations
    double = allocations.with_allocation("tre-second", allocations.stacks["tre-hcm-progression"])
    (estate / "allocations.yaml").write_text(double.text())
    assert "allocated to" in refusal(estate).problem


def test_a_thousand_tenancies_have_a_thousand_ranges(estate: Path, tmp_path: Path) -> None:
    def grow(data: Any) -> None:
        cell = data["cells"][0]
        subscriptions = [f"10ca1000-0000-4000-8000-{n:012d}" for n in range(1, 45)]
        data["cells"] = [
            {**cell, "name": f"c{n}", "addresses": f"10.{64 + 2 * n}.0.0/15",
             "subscriptions": {**cell["subscriptions"], "tenancies": subscriptions[n * 11:n * 11 + 11]}}
            for n in range(4)
        ]  # fmt: skip

    change(estate / "estate.yaml", grow)
    text = (estate / "requests/hcm-progression.yaml").read_text()
    for n in range(999):
        changed = text.replace("hcm-progression", f"p{n}").replace("DAR-2026-0017", f"DAR-{n}")
        (estate / f"requests/p{n}.yaml").write_text(changed)
    loaded = load(estate, today=TODAY)
    stacks = [s for s in render(loaded) if s.kind == "bespoke"]
    assert len({s.settings["sde:addresses"] for s in stacks}) == len(stacks) == 1000
    assert {s.settings["sde:platform"] for s in stacks} == {"platform", "platform-c1", "platform-c2", "platform-c3"}
    again = Allocations(loaded.allocations.stacks)
    (estate / "allocations.yaml").write_text(again.text())
    assert load(estate, today=TODAY).allocations == loaded.allocations
    assert MAX_TENANCIES_PER_HUB == 390
    assert max_tenancies_per_subscription(loaded.file.cells[0]) == 48


def many_cells(estate: dict[str, Any], count: int) -> None:
    """Put this many cells into one subscription."""
    (cell,) = estate["cells"]
    estate["cells"] = [cell | {"name": f"c{n}", "addresses": f"10.{64 + 2 * n}.0.0/15"} for n in range(count)]


def test_a_subscription_in_more_than_five_cells_is_refused(tmp_path: Path) -> None:
    """Each cell exports the activity log to its own workspace; a subscription allows five diagnostic settings."""
    estate = sample(tmp_path)
    change(estate / "estate.yaml", lambda data: many_cells(data, 5))
    assert len(load(estate, today=TODAY).cells) == 5
    change(estate / "estate.yaml", lambda data: data.update(cells=data["cells"][:1]))
    change(estate / "estate.yaml", lambda data: many_cells(data, 6))
    with pytest.raises(InputError) as refused:
        load(estate, today=TODAY)
    assert refused.value.key == "cells[0].subscriptions.platform"
    assert "6 cells" in str(refused.value.found)
