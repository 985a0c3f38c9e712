"""Requests for blobs: rights, versions, immutability, deletion, the malware scan."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from local_azure.data_plane.answers import Answer, Control
from local_azure.data_plane.blobs import Operation
from local_azure.data_plane.callers import person
from local_azure.data_plane.contents import folder_beside
from local_azure.data_plane.malware_scanner import TEST_FILE
from local_azure.model import AzureError
from local_azure.store import StoreError
from tests.local_azure.data_plane.world import (
    ACCOUNT,
    CONTAINER,
    DAY,
    GROUP,
    NOW,
    OWNERS,
    READER,
    READERS,
    WRITER,
    WRITERS,
    World,
)

BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
CLEAN = (
    f"((!(ActionMatches{{'{BLOBS}/read'}} AND NOT SubOperationMatches{{'Blob.List'}})) OR "
    f"(@Resource[{BLOBS}/tags:Malware Scanning scan result<$key_case_sensitive$>] StringEquals 'No threats found'))"
)
CHECKERS = "40000000-0000-4000-8000-000000000000"
READ, WRITE = person(READERS), person(WRITERS)
NO_RIGHT = (403, "AuthorizationPermissionMismatch")


def scanned(world: World) -> None:
    """Have uploads to the store scanned."""
    world.put(
        f"{ACCOUNT}/providers/Microsoft.Security/defenderForStorageSettings/current",
        "security:DefenderForStorage",
        properties={"malwareScanning": {"onUpload": {"isEnabled": True}}},
    )
    scanner = "/subscriptions/x/providers/Microsoft.Security/datascanners/StorageDataScanner"
    world.change(ACCOUNT, networkRuleSet={"defaultAction": "Deny", "resourceAccessRules": [{"resourceId": scanner}]})


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


def test_a_blob_is_read_as_it_was_written(world: World) -> None:
    facts = world.upload(b"results")
    answer = world.ask(who=READ)
    assert answer.result["content"] == b"results"
    assert answer.result["sha256"] == facts["sha256"] == hashlib.sha256(b"results").hexdigest()
    assert (answer.result["etag"], answer.result["version"]) == (facts["etag"], facts["version"])


@pytest.mark.parametrize(
    ("operation", "options", "permitted"),
    [
        (Operation.GET, {}, "readers writers owners"),
        (Operation.LIST, {}, "readers writers owners"),
        (Operation.PUT, {"content": b"2"}, "writers owners"),
        (Operation.PUT, {"content": b"2", "tags": {"a": "b"}}, "owners"),
        (Operation.SET_TAGS, {"tags": {"a": "b"}}, "owners"),
        (Operation.DELETE, {}, "writers owners"),
    ],
)
def test_roles_permit_their_data_actions(
    world: World, operation: Operation, options: dict[str, Any], permitted: str
) -> None:
    people = {"readers": READ, "writers": WRITE, "others": person("9" * 8), "owners": person(OWNERS)}
    for name, who in people.items():
        world.upload(b"1")
        answer = world.ask(operation, who=who, **options)
        assert answer.allowed is (name in permitted), name
        if not answer.allowed:
            assert answer.decided_by
            assert (code(answer), answer.decided_by.control) == (NO_RIGHT, Control.ROLES)


def test_a_previous_version_takes_an_owner_to_delete(world: World) -> None:
    first = world.upload(b"1")["version"]
    world.upload(b"2")
    assert code(world.ask(Operation.DELETE, who=WRITE, version=first)) == NO_RIGHT
    assert world.ask(Operation.DELETE, version=first).allowed


def test_an_assignment_counts_below_its_scope_and_not_beside_it(world: World) -> None:
    world.upload(b"1")
    other = person("5" * 8)
    for scope, permitted in ((f"{ACCOUNT}2", False), (f"{CONTAINER}2", False), (CONTAINER, True), (GROUP, True)):
        world.assign("5" * 8, READER, scope)
        assert world.ask(who=other).allowed is permitted, scope
        world.store.remove(f"{scope}/providers/Microsoft.Authorization/roleAssignments/{'5' * 8}{READER[-8:]}")


def test_a_missing_right_is_refused_before_a_missing_blob(world: World) -> None:
    assert code(world.ask(who=person("5" * 8))) == NO_RIGHT
    assert code(world.ask()) == (404, "BlobNotFound")


def test_a_custom_role_permits_what_it_lists(world: World) -> None:
    guid = "c0000000-0000-4000-8000-000000000000"
    role = f"/providers/Microsoft.Authorization/roleDefinitions/{guid}"
    world.put(f"/subscriptions/x{role}", "authorization:RoleDefinition", permissions=[
        {"dataActions": [f"{BLOBS}/*"], "notDataActions": [f"{BLOBS}/write", f"{BLOBS}/add/*"]}])  # fmt: skip
    world.assign(CHECKERS, role)
    assert world.ask(Operation.LIST, who=person(CHECKERS)).allowed
    assert code(world.ask(Operation.PUT, who=person(CHECKERS), content=b"1")) == NO_RIGHT


def test_the_action_add_creates_a_blob_and_changes_none(world: World) -> None:
    role = "/providers/Microsoft.Authorization/roleDefinitions/adder"
    world.put(role, "authorization:RoleDefinition", permissions=[{"dataActions": [f"{BLOBS}/add/action"]}])
    world.assign(CHECKERS, role)
    assert world.ask(Operation.PUT, who=person(CHECKERS), content=b"1").allowed
    assert code(world.ask(Operation.PUT, who=person(CHECKERS), content=b"2")) == NO_RIGHT


def test_a_role_whose_actions_are_unknown_is_not_guessed(world: World) -> None:
    world.assign(CHECKERS, "/providers/Microsoft.Authorization/roleDefinitions/69566ab7-960f-475b-8e7c-b3118f30c6bd")
    with pytest.raises(AzureError, match="Storage File Data Privileged Contributor"):
        world.ask(who=person(CHECKERS))


def test_a_condition_admits_clean_files_only_and_any_list(world: World) -> None:
    world.assign(CHECKERS, READER, CONTAINER, CLEAN)
    checker = person(CHECKERS)
    world.upload(b"not scanned")
    assert code(world.ask(who=checker)) == NO_RIGHT
    scanned(world)
    world.upload(b"infected " + TEST_FILE)
    assert code(world.ask(who=checker)) == NO_RIGHT
    world.upload(b"clean")
    assert world.ask(who=checker).result["content"] == b"clean"
    assert world.ask(Operation.LIST, who=checker).allowed


def test_a_condition_reads_the_tags_of_the_requested_version(world: World) -> None:
    world.assign(CHECKERS, READER, CONTAINER, CLEAN)
    scanned(world)
    clean = world.upload(b"clean")["version"]
    infected = world.upload(TEST_FILE)["version"]
    assert world.ask(who=person(CHECKERS), version=clean).result["content"] == b"clean"
    assert code(world.ask(who=person(CHECKERS), version=infected)) == NO_RIGHT


def test_a_second_assignment_without_the_condition_is_enough(world: World) -> None:
    world.assign(CHECKERS, READER, CONTAINER, CLEAN)
    world.assign(CHECKERS, WRITER)
    world.upload(b"not scanned")
    assert world.ask(who=person(CHECKERS)).allowed


@pytest.mark.parametrize(
    "condition",
    ["(@Request[x] StringEquals 'y')", "(@Resource[x] StringEquals 'y')", "((ActionMatches{'*'})",
     "ActionMatches{'*'} AND",
     "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringLike 'b*'"],
)  # fmt: skip
def test_a_condition_that_it_does_not_know_is_not_guessed(world: World, condition: str) -> None:
    world.assign(CHECKERS, READER, CONTAINER, condition)
    with pytest.raises(AzureError, match="does not know"):
        world.ask(who=person(CHECKERS))


def test_a_closed_store_without_a_rule_for_the_scanner_is_not_scanned(world: World) -> None:
    scanned(world)
    assert "Malware Scanning scan result" in _tags(world)
    world.change(ACCOUNT, networkRuleSet={"defaultAction": "Deny"})
    assert _tags(world) == {}


def _tags(world: World) -> dict[str, str]:
    world.upload(b"x")
    return dict(world.ask().result["tags"])


def test_an_overwrite_keeps_the_version_that_was_checked(world: World) -> None:
    first = world.upload(b"checked")
    world.upload(b"swapped")
    assert world.ask().result["content"] == b"swapped"
    kept = world.ask(version=first["version"])
    assert (kept.result["content"], kept.result["etag"]) == (b"checked", first["etag"])
    assert code(world.ask(if_match=first["etag"])) == (412, "ConditionNotMet")
    assert code(world.ask(Operation.PUT, content=b"3", if_match=first["etag"])) == (412, "ConditionNotMet")


def test_without_versioning_an_overwrite_keeps_nothing(world: World) -> None:
    world.change(f"{ACCOUNT}/blobServices/default", isVersioningEnabled=False)
    first = world.upload(b"1")["version"]
    world.upload(b"2")
    assert code(world.ask(version=first)) == (404, "BlobNotFound")


def test_names_differ_by_case_and_may_hold_any_character(world: World) -> None:
    for name in ("a/b.csv", "A/b.csv", "ä ?.csv"):
        world.upload(name.encode(), blob=name)
    assert world.ask(blob="A/b.csv").result["content"] == b"A/b.csv"
    names = [one["name"] for one in world.ask(Operation.LIST).result["blobs"]]
    assert names == ["A/b.csv", "a/b.csv", "ä ?.csv"]


def test_a_deleted_blob_leaves_its_versions(world: World) -> None:
    first = world.upload(b"1")["version"]
    assert world.ask(Operation.DELETE).allowed
    assert code(world.ask()) == (404, "BlobNotFound")
    assert world.ask(version=first).allowed
    world.upload(b"2")
    assert world.ask(version=first).result["content"] == b"1"


def test_a_deleted_version_can_be_restored_until_its_days_end(world: World) -> None:
    first = world.upload(b"1")["version"]
    world.upload(b"2")
    assert world.ask(Operation.DELETE, version=first).allowed
    assert code(world.ask(version=first)) == (404, "BlobNotFound")
    assert world.ask(Operation.UNDELETE).allowed
    assert world.ask(version=first).allowed
    world.ask(Operation.DELETE, version=first)
    world.now = NOW + 8 * DAY
    assert world.ask(Operation.UNDELETE).allowed
    assert code(world.ask(version=first)) == (404, "BlobNotFound")


def test_the_current_version_is_not_deleted_by_its_id(world: World) -> None:
    only = world.upload(b"1")["version"]
    assert code(world.ask(Operation.DELETE, version=only)) == (403, "OperationNotAllowedOnRootBlob")


def test_an_immutable_container_takes_new_blobs_only(world: World) -> None:
    world.put(f"{CONTAINER}/immutabilityPolicies/default", "storage:BlobContainerImmutabilityPolicy",
              immutabilityPeriodSinceCreationInDays=10, state="Unlocked")  # fmt: skip
    world.upload(b"1")
    immutable = (409, "BlobImmutableDueToPolicy")
    assert code(world.ask(Operation.PUT, content=b"2")) == immutable
    assert code(world.ask(Operation.DELETE)) == immutable
    world.now = NOW + 10 * DAY
    assert code(world.ask(Operation.PUT, content=b"2")) == immutable
    assert world.ask(Operation.DELETE).allowed


def test_an_upload_may_require_that_no_blob_is_there(world: World) -> None:
    world.upload(b"1", if_absent=True)
    assert code(world.ask(Operation.PUT, content=b"2", if_absent=True)) == (409, "BlobAlreadyExists")


def test_the_data_goes_with_its_container(world: World) -> None:
    world.upload(b"1")
    world.store.remove(CONTAINER)
    assert code(world.ask()) == (404, "ContainerNotFound")
    world.put(CONTAINER, "storage:BlobContainer")
    assert code(world.ask()) == (404, "BlobNotFound")


def test_an_account_that_does_not_exist_has_no_name(world: World) -> None:
    world.store.remove(ACCOUNT)
    assert code(world.ask()) == (0, "NameResolutionFailed")


def test_a_content_that_was_changed_on_disk_is_not_returned(world: World) -> None:
    facts = world.upload(b"1")
    (folder_beside(world.store.path) / facts["sha256"]).write_bytes(b"2")
    with pytest.raises(StoreError, match="does not have this SHA-256"):
        world.ask()
