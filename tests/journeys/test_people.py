"""Each person at work: the steps of their guide in the local Azure, and the refusals beside each step.

One estate with every way in is deployed for all tests. The data plane answers from the deployed resources alone.
"""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from local_azure.data_plane.answers import Control
from local_azure.data_plane.callers import managed_identity, person
from local_azure.data_plane.log_queries import query
from local_azure.data_plane.malware_scanner import CLEAN, MALICIOUS, RESULT, TEST_FILE
from local_azure.data_plane.places import place_of
from local_azure.data_plane.sign_in import ssh
from local_azure.model import AzureError
from local_azure.outside_connections import APPROVED, decide, request
from tests.journeys.conftest import WITHOUT_POLICIES
from tests.journeys.working_estate import (
    ADDRESS,
    APPROVAL,
    DELETE,
    ENDPOINT,
    GET,
    HOME,
    LIST,
    NO_ADDRESS,
    NO_NAME,
    NO_QUERY,
    NO_RIGHT,
    NO_WAY,
    PROJECT,
    PUT,
    RECIPIENT_ADDRESS,
    RECIPIENTS,
    SET_TAGS,
    STAFF,
    Estate,
    done,
    every_way_in,
    has_right,
    refused,
)
from tests.operations.estates import add_request, change, copy_with_ways_in


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """The deployed estate with every way in."""
    workspace = Estate(tmp_path_factory.mktemp("people"))
    copy_with_ways_in(workspace.estate)
    change(workspace.estate / "estate.yaml", every_way_in)
    small = {
        "template": "bespoke-tabular",
        "desks": [{"name": "main", "size": "Standard_D2as_v5", "data_disk_gib": 64}],
    }
    recipients = {"group": RECIPIENTS, "ranges": ["192.0.2.80/28"], "approval": APPROVAL}
    change(workspace.estate / "requests/hcm-progression.yaml", lambda data: data.update(recipients=recipients, **small))
    add_request(workspace.estate, "other", researchers="99999999-2222-4333-8444-0000000000f1",
                stewards="99999999-2222-4333-8444-0000000000f2", checkers="99999999-2222-4333-8444-0000000000f3",
                **small)  # fmt: skip
    workspace.sde("up", "--all", "--yes")
    return workspace


def test_a_provider_uploads_from_its_addresses_into_its_inbox(estate: Estate) -> None:
    provider, inbox = estate.provider("ZQ1"), estate.inbox("ZQ1")
    sent = done(estate.ask(provider, ADDRESS["ZQ1"], PUT, inbox, "2026-11/records.csv", content=b"records"))
    arrived = done(estate.ask(provider, ADDRESS["ZQ1"], GET, inbox, "2026-11/records.csv"))
    assert (arrived["sha256"], arrived["tags"][RESULT]) == (sent["sha256"], CLEAN)
    infected = done(estate.ask(provider, ADDRESS["ZQ1"], PUT, inbox, "infected", content=TEST_FILE))
    assert done(estate.ask(provider, ADDRESS["ZQ1"], GET, inbox, "infected", version=infected["version"]))["tags"][
        RESULT] == MALICIOUS  # fmt: skip
    fetched = done(estate.ask(*estate.mover("landing"), GET, inbox, "2026-11/records.csv"))
    assert fetched["content"] == b"records"


def test_a_provider_reaches_no_other_inbox_and_no_other_store(estate: Estate) -> None:
    provider, here = estate.provider("ZQ1"), ADDRESS["ZQ1"]
    refused(estate.ask(provider, here, LIST, estate.inbox("ZQ2")), NO_ADDRESS, Control.NETWORK_RULES)
    refused(estate.ask(provider, ADDRESS["ZQ2"], LIST, estate.inbox("ZQ2")), NO_RIGHT, Control.ROLES)
    refused(estate.ask(provider, ADDRESS["ZQ2"], LIST, estate.inbox("ZQ1")), NO_ADDRESS, Control.NETWORK_RULES)
    for outside in ("198.51.100.15", "198.51.100.32", HOME):
        refused(estate.ask(provider, outside, PUT, estate.inbox("ZQ1"), "x"), NO_ADDRESS, Control.NETWORK_RULES)
    refused(estate.ask(provider, here, LIST, (estate.zone_store("junction"), "provider-zq1")), NO_ADDRESS)
    refused(estate.ask(provider, here, SET_TAGS, estate.inbox("ZQ1"), "infected", tags={RESULT: CLEAN}), NO_RIGHT)
    refused(estate.ask(provider, here, LIST, estate.inbox("ZQ1"), tls="1.1"), "TlsVersionNotPermitted", Control.TLS)
    for zone in ("warehouse", "staging", "archive"):
        refused(estate.ask(*estate.mover(zone), LIST, estate.inbox("ZQ1")), NO_WAY, Control.SECURITY_GROUP)


def test_a_provider_without_a_way_in_reaches_nothing(estate: Estate) -> None:
    for code in ("ZQ5", "ZQ6"):
        own = (estate.zone_store("junction"), f"provider-{code.lower()}")
        for place in (HOME, *ADDRESS.values()):
            refused(estate.ask(estate.provider(code), place, PUT, own, "x"), NO_ADDRESS, Control.NETWORK_RULES)


@pytest.fixture(scope="module")
def changed(estate: Estate, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """A copy of the estate after a change: ZQ2 is closed, and ZQ3 has made its endpoint, whose connection is named."""
    done(estate.ask(estate.provider("ZQ2"), ADDRESS["ZQ2"], PUT, estate.inbox("ZQ2"), "kept.csv", content=b"kept"))
    copy = Estate(tmp_path_factory.mktemp("changed") / "copy", open_gate=WITHOUT_POLICIES)
    shutil.copytree(estate.folder, copy.folder)
    connection = request(copy.store, copy.account(copy.inbox("ZQ3")), ENDPOINT)

    def edit(data: Any) -> None:
        providers = {one["code"]: one for system in data["integrated_care_systems"] for one in system["providers"]}
        del providers["ZQ2"]["way_in"]
        providers["ZQ2"]["closed"] = True
        providers["ZQ3"]["way_in"]["private_endpoint"]["connection"] = connection.name

    change(copy.estate / "estate.yaml", edit)
    copy.sde("up", "junction-zone", "--yes")
    return copy


def test_a_provider_that_is_closed_loses_its_way_and_not_its_data(estate: Estate, changed: Estate) -> None:
    inbox, provider = changed.inbox("ZQ2"), changed.provider("ZQ2")
    refused(changed.ask(provider, ADDRESS["ZQ2"], LIST, inbox), NO_ADDRESS, Control.NETWORK_RULES)
    assert not has_right(changed, provider, inbox)
    assert has_right(estate, provider, inbox)
    assert done(changed.ask(*changed.mover("landing"), GET, inbox, "kept.csv"))["content"] == b"kept"


def test_a_provider_uploads_by_its_own_endpoint_once_approved(estate: Estate, changed: Estate) -> None:
    provider, inbox = estate.provider("ZQ3"), estate.inbox("ZQ3")
    unnamed = request(estate.store, estate.account(inbox), ENDPOINT)
    with pytest.raises(AzureError, match="RequestDisallowedByPolicy"):
        decide(estate.store, unnamed.id, APPROVED)
    for azure, status in ((estate, "Pending"), (changed, "Pending")):
        answer = azure.ask(provider, ENDPOINT, PUT, inbox, "a.csv", content=b"a")
        refused(answer, NO_WAY, Control.ENDPOINT)
        assert status in answer.steps[-1].detail
    decide(changed.store, unnamed.id, APPROVED)
    done(changed.ask(provider, ENDPOINT, PUT, inbox, "a.csv", content=b"a"))
    assert done(changed.ask(*changed.mover("landing"), GET, inbox, "a.csv"))["content"] == b"a"
    refused(changed.ask(provider, f"{ENDPOINT}-other", PUT, inbox, "a.csv"), NO_WAY, Control.ENDPOINT)
    refused(changed.ask(provider, ENDPOINT, LIST, changed.inbox("ZQ1")), NO_WAY, Control.ENDPOINT)
    refused(changed.ask(changed.provider("ZQ1"), ENDPOINT, LIST, inbox), NO_RIGHT, Control.ROLES)
    refused(changed.ask(provider, HOME, LIST, inbox), NO_ADDRESS, Control.NETWORK_RULES)


def test_a_provider_at_a_site_uploads_through_the_gateway(estate: Estate) -> None:
    provider, inbox, here = estate.provider("ZQ4"), estate.inbox("ZQ4"), "10.200.0.5"
    done(estate.ask(provider, here, PUT, inbox, "scan.csv", content=b"scan"))
    assert done(estate.ask(*estate.mover("landing"), GET, inbox, "scan.csv"))["content"] == b"scan"
    refused(estate.ask(provider, "10.200.0.16", PUT, inbox, "x"), NO_WAY, Control.SITE)
    refused(estate.ask(provider, HOME, PUT, inbox, "x"), NO_ADDRESS, Control.NETWORK_RULES)
    refused(estate.ask(estate.provider("ZQ1"), here, PUT, inbox, "x"), NO_RIGHT, Control.ROLES)
    for other in (estate.inbox("ZQ1"), (estate.zone_store("junction"), "provider-zq5"),
                  (estate.zone_store("landing"), "arrived"), estate.airlock(PROJECT, "export_released")):  # fmt: skip
        refused(estate.ask(provider, here, LIST, other), NO_WAY)


def test_recipients_fetch_from_their_addresses_what_was_released(estate: Estate) -> None:
    recipient, outbox = person(RECIPIENTS), estate.airlock(PROJECT, "export_released")
    done(estate.ask(recipient, RECIPIENT_ADDRESS, LIST, outbox))
    refused(estate.ask(recipient, RECIPIENT_ADDRESS, PUT, outbox, "x"), NO_RIGHT, Control.ROLES)
    refused(estate.ask(recipient, HOME, LIST, outbox), NO_ADDRESS, Control.NETWORK_RULES)
    pending = estate.airlock(PROJECT, "export_asked")
    for other in (pending, estate.airlock("other", "export_released")):
        refused(estate.ask(recipient, RECIPIENT_ADDRESS, LIST, other), NO_ADDRESS, Control.NETWORK_RULES)
    for stranger in (estate.researcher(PROJECT), estate.provider("ZQ1")):
        refused(estate.ask(stranger, RECIPIENT_ADDRESS, LIST, outbox), NO_RIGHT, Control.ROLES)
        refused(estate.ask(stranger, ADDRESS["ZQ1"], LIST, outbox), NO_ADDRESS, Control.NETWORK_RULES)


def test_data_moves_from_zone_to_zone_by_movers_alone(estate: Estate) -> None:
    way = {"landing": "arrived", "warehouse": "curated", "staging": "extracts"}
    source = (estate.zone_store("junction"), "provider-zq5")
    done(estate.ask(*estate.mover("junction"), PUT, source, "a.csv", content=b"records"))
    for zone, container in way.items():
        target = (estate.zone_store(zone), container)
        content = done(estate.ask(*estate.mover(zone), GET, source, "a.csv"))["content"]
        done(estate.ask(*estate.mover(zone), PUT, target, "a.csv", content=content))
        refused(estate.ask(*estate.mover(zone), PUT, source, "b.csv"), NO_RIGHT, Control.ROLES)
        refused(estate.ask(*estate.mover(zone), DELETE, source, "a.csv"), NO_RIGHT, Control.ROLES)
        source = target
    handed_over = estate.airlock(PROJECT, "import_asked")
    done(estate.ask(*estate.mover("staging"), PUT, handed_over, "extract.csv", content=b"extract"))


@pytest.mark.parametrize(
    ("zone", "skips_to"),
    [("landing", "warehouse"), ("warehouse", "junction"), ("staging", "landing"), ("archive", "staging"),
     ("junction", "landing")],
)  # fmt: skip
def test_no_mover_reaches_past_its_source_zone(estate: Estate, zone: str, skips_to: str) -> None:
    containers = {"junction": "provider-zq5", "landing": "arrived", "warehouse": "curated", "staging": "extracts"}
    answer = estate.ask(*estate.mover(zone), LIST, (estate.zone_store(skips_to), containers[skips_to]))
    refused(answer, NO_WAY, Control.SECURITY_GROUP)


def test_what_the_archive_has_cannot_be_changed(estate: Estate) -> None:
    archive, mover = (estate.zone_store("archive"), "data-sets"), estate.mover("archive")
    done(estate.ask(*mover, PUT, archive, "2026.csv", content=b"1"))
    refused(estate.ask(*mover, PUT, archive, "2026.csv", content=b"2"), "BlobImmutableDueToPolicy", Control.DATA)
    refused(estate.ask(*mover, DELETE, archive, "2026.csv"), "BlobImmutableDueToPolicy", Control.DATA)


def test_a_desk_reads_what_was_released_and_submits_exports(estate: Estate) -> None:
    desk = estate.desk(PROJECT)
    done(estate.ask(*desk, LIST, estate.airlock(PROJECT, "import_released")))
    done(estate.ask(*desk, PUT, estate.airlock(PROJECT, "export_asked"), "table.csv", content=b"table"))
    refused(estate.ask(*desk, PUT, estate.airlock(PROJECT, "import_released"), "x.csv"), NO_RIGHT, Control.ROLES)
    own = [estate.airlock(PROJECT, stage) for stage in ("import_asked", "export_released")]
    others = [estate.airlock("other", stage) for stage in ("import_released", "export_asked")]
    for store in (*own, *others, (estate.zone_store("staging"), "extracts")):
        refused(estate.ask(*desk, LIST, store), NO_NAME, Control.NAMES)
        refused(estate.send(desk[1], store), NO_WAY, Control.SECURITY_GROUP)
    assert done(estate.send(desk[1], estate.airlock(PROJECT, "export_asked")))


def test_a_researcher_signs_in_and_has_no_right_of_its_own(estate: Estate) -> None:
    researcher, machine = estate.researcher(PROJECT), estate.desk(PROJECT)[1]
    done(ssh(estate.store, researcher, place_of(estate.store, HOME), machine))
    refused(ssh(estate.store, researcher, place_of(estate.store, HOME), estate.desk("other")[1]),
            "AuthorizationFailed", Control.ROLES)  # fmt: skip
    refused(ssh(estate.store, estate.provider("ZQ1"), place_of(estate.store, HOME), machine), "AuthorizationFailed")
    for stage in ("import_released", "export_asked"):
        refused(estate.ask(researcher, machine, LIST, estate.airlock(PROJECT, stage)), NO_RIGHT, Control.ROLES)
        refused(estate.ask(researcher, HOME, LIST, estate.airlock(PROJECT, stage)), NO_ADDRESS, Control.NETWORK_RULES)
    other = managed_identity(estate.store, "id-wmsde-tre-other-desk")
    refused(estate.ask(other, machine, LIST, estate.airlock(PROJECT, "export_asked")), "invalid_request")


def test_logs_are_closed_to_the_public_network_and_to_desks(estate: Estate) -> None:
    workspace = estate.log_workspace
    engineer = person(estate.file["platform_team"])
    refused(query(estate.store, engineer, place_of(estate.store, HOME), workspace), NO_QUERY, Control.NETWORK_RULES)
    researcher, machine = estate.researcher(PROJECT), place_of(estate.store, estate.desk(PROJECT)[1])
    desk = estate.outputs[f"tre-{PROJECT}"]["desk_ids"]["main"]
    refused(query(estate.store, researcher, machine, workspace, desk), NO_NAME)


def test_a_zone_steward_reads_the_own_zone_on_the_staff_machine(estate: Estate) -> None:
    own, other = (estate.zone_store("landing"), "arrived"), (estate.zone_store("warehouse"), "curated")
    steward, machine = person(estate.file["zones"]["landing"]["stewards"]), estate.staff("zone-stewards")
    done(estate.ask(steward, machine, LIST, own))
    refused(estate.ask(steward, machine, LIST, other), NO_RIGHT, Control.ROLES)
    refused(estate.ask(steward, machine, LIST, estate.inbox("ZQ1")), NO_RIGHT, Control.ROLES)
    refused(estate.ask(steward, HOME, LIST, own), NO_ADDRESS, Control.NETWORK_RULES)
    for project_store in ("import_asked", "export_released"):
        refused(estate.ask(steward, machine, LIST, estate.airlock(PROJECT, project_store)), NO_WAY)
    for elsewhere in ("project-stewards", "checkers", "engineers"):
        refused(estate.ask(steward, estate.staff(elsewhere), LIST, own), NO_WAY, Control.SECURITY_GROUP)
    junction = person(estate.file["zones"]["junction"]["stewards"])
    done(estate.ask(junction, machine, LIST, estate.inbox("ZQ1")))
    archive = person(estate.file["zones"]["archive"]["stewards"])
    done(estate.ask(archive, machine, LIST, (estate.zone_store("archive"), "data-sets")))
    refused(estate.ask(archive, machine, PUT, (estate.zone_store("archive"), "data-sets"), "x"), NO_RIGHT)


def test_staff_sign_in_to_the_machine_of_their_role_alone(estate: Estate) -> None:
    for role in STAFF:
        users = person(estate.users(role))
        for machine in STAFF:
            answer = ssh(estate.store, users, place_of(estate.store, HOME), estate.staff(machine))
            if machine == role:
                done(answer)
            else:
                refused(answer, "AuthorizationFailed", Control.ROLES)
        refused(ssh(estate.store, users, place_of(estate.store, HOME), estate.desk(PROJECT)[1]), "AuthorizationFailed")
        researcher = ssh(estate.store, estate.researcher(PROJECT), place_of(estate.store, HOME), estate.staff(role))
        refused(researcher, "AuthorizationFailed", Control.ROLES)


def test_a_project_steward_moves_an_import_to_the_desk(estate: Estate) -> None:
    asked, released = estate.airlock(PROJECT, "import_asked"), estate.airlock(PROJECT, "import_released")
    steward, machine = person(estate.approved(PROJECT)["stewards"]), estate.staff("project-stewards")
    handed_over = done(estate.ask(*estate.mover("staging"), PUT, asked, "cohort.csv", content=b"cohort"))
    done(estate.ask(*estate.mover("staging"), PUT, asked, "infected", content=TEST_FILE))
    refused(estate.ask(steward, machine, GET, asked, "infected"), NO_RIGHT, Control.ROLES)
    reviewed = done(estate.ask(steward, machine, GET, asked, "cohort.csv", version=handed_over["version"]))
    refused(estate.ask(steward, machine, PUT, asked, "cohort.csv"), NO_RIGHT, Control.ROLES)
    done(estate.ask(steward, machine, PUT, released, "cohort.csv", content=reviewed["content"], if_absent=True))
    assert done(estate.ask(*estate.desk(PROJECT), GET, released, "cohort.csv"))["content"] == b"cohort"
    refused(estate.ask(steward, machine, LIST, estate.airlock("other", "import_asked")), NO_RIGHT, Control.ROLES)
    refused(estate.ask(steward, machine, LIST, estate.airlock(PROJECT, "export_asked")), NO_WAY)
    refused(estate.ask(steward, machine, LIST, (estate.zone_store("staging"), "extracts")), NO_WAY)
    refused(estate.ask(steward, machine, LIST, estate.airlock(PROJECT, "export_released")), NO_WAY)


def test_a_project_steward_reads_released_results_and_changes_none(estate: Estate) -> None:
    outbox, machine = estate.airlock(PROJECT, "export_released"), estate.staff("results")
    steward = person(estate.approved(PROJECT)["stewards"])
    done(estate.ask(steward, machine, LIST, outbox))
    refused(estate.ask(steward, machine, PUT, outbox, "x"), NO_RIGHT, Control.ROLES)
    refused(estate.ask(steward, machine, LIST, estate.airlock("other", "export_released")), NO_RIGHT, Control.ROLES)
    refused(estate.ask(steward, machine, LIST, estate.airlock(PROJECT, "export_asked")), NO_RIGHT, Control.ROLES)
    refused(estate.ask(steward, machine, LIST, estate.airlock(PROJECT, "import_asked")), NO_WAY)
    refused(estate.ask(steward, RECIPIENT_ADDRESS, LIST, estate.airlock("other", "export_released")), NO_ADDRESS)


def test_a_checker_releases_exactly_the_version_that_was_reviewed(estate: Estate) -> None:
    pending, outbox = estate.airlock(PROJECT, "export_asked"), estate.airlock(PROJECT, "export_released")
    checker, machine, desk = (
        person(estate.approved(PROJECT)["checkers"]),
        estate.staff("checkers"),
        estate.desk(PROJECT),
    )
    submitted = done(estate.ask(*desk, PUT, pending, "table-2.csv", content=b"checked table"))
    listed = done(estate.ask(checker, machine, LIST, pending))["blobs"]
    assert submitted["version"] in [one["version"] for one in listed if one["name"] == "table-2.csv"]
    reviewed = done(estate.ask(checker, machine, GET, pending, "table-2.csv", version=submitted["version"]))
    done(estate.ask(*desk, PUT, pending, "table-2.csv", content=b"another table"))
    again = {"version": submitted["version"], "if_match": reviewed["etag"]}
    copy = done(estate.ask(checker, machine, GET, pending, "table-2.csv", **again))["content"]
    refused(estate.ask(checker, machine, GET, pending, "table-2.csv", if_match=reviewed["etag"]), "ConditionNotMet")
    done(estate.ask(checker, machine, PUT, outbox, "table-2.csv", content=copy, if_absent=True))
    fetched = done(estate.ask(person(RECIPIENTS), RECIPIENT_ADDRESS, GET, outbox, "table-2.csv"))
    assert (fetched["content"], fetched["sha256"]) == (b"checked table", submitted["sha256"])
    release = {"content": b"third", "if_absent": True}
    refused(estate.ask(checker, machine, PUT, outbox, "table-2.csv", **release), "BlobAlreadyExists", Control.DATA)


def test_nobody_else_releases_a_result(estate: Estate) -> None:
    pending, outbox = estate.airlock(PROJECT, "export_asked"), estate.airlock(PROJECT, "export_released")
    checkers = estate.staff("checkers")
    desk, machine = estate.desk(PROJECT)
    refused(estate.ask(desk, machine, PUT, outbox, "x"), NO_NAME, Control.NAMES)
    refused(estate.send(machine, outbox), NO_WAY, Control.SECURITY_GROUP)
    for who in (estate.researcher(PROJECT), person(estate.approved(PROJECT)["stewards"]), estate.provider("ZQ1"),
                person(estate.approved("other")["checkers"])):  # fmt: skip
        refused(estate.ask(who, checkers, PUT, outbox, "x"), NO_RIGHT, Control.ROLES)
    checker = person(estate.approved(PROJECT)["checkers"])
    refused(estate.ask(checker, HOME, LIST, pending), NO_ADDRESS, Control.NETWORK_RULES)
    refused(estate.ask(checker, RECIPIENT_ADDRESS, PUT, pending, "x"), NO_ADDRESS, Control.NETWORK_RULES)
    refused(estate.ask(checker, checkers, PUT, pending, "table.csv"), NO_RIGHT, Control.ROLES)
    refused(estate.ask(checker, checkers, DELETE, pending, "table.csv"), NO_RIGHT, Control.ROLES)
    done(estate.ask(*estate.desk(PROJECT), PUT, pending, "infected", content=TEST_FILE))
    refused(estate.ask(checker, checkers, GET, pending, "infected"), NO_RIGHT, Control.ROLES)
    for stage in ("import_asked", "import_released"):
        refused(estate.ask(checker, checkers, LIST, estate.airlock(PROJECT, stage)), NO_WAY, Control.SECURITY_GROUP)


def test_engineers_search_logs_on_their_machine_alone(estate: Estate) -> None:
    engineer, workspace = person(estate.file["platform_team"]), estate.log_workspace
    done(query(estate.store, engineer, place_of(estate.store, estate.staff("engineers")), workspace))
    for role in ("zone-stewards", "project-stewards", "checkers"):
        refused(query(estate.store, engineer, place_of(estate.store, estate.staff(role)), workspace), NO_WAY)
    desk = estate.outputs[f"tre-{PROJECT}"]["desk_ids"]["main"]
    there = place_of(estate.store, estate.staff("engineers"))
    refused(query(estate.store, estate.researcher(PROJECT), there, workspace, desk), NO_QUERY, Control.ROLES)
    refused(query(estate.store, person(estate.users("engineers")), there, workspace), NO_QUERY, Control.ROLES)
    refused(estate.ask(engineer, estate.staff("engineers"), LIST, (estate.zone_store("landing"), "arrived")), NO_WAY)
