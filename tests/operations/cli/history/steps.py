"""The history: what is done to the estate, and what its ledger must say of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from operations.diffs.meaning import Meaning
from operations.settings import ROOT
from tests.operations.cli.history.estate import LivingEstate
from tests.operations.estates import add_request

Edit = Callable[[LivingEstate], object]
Answer = tuple[str, int, str]
"""A command, its exit code, and words of its output."""
TENANCY, REQUEST, ESTATE = "tre-hcm-progression", "requests/hcm-progression.yaml", "estate.yaml"
REQUEST_NAME = TENANCY.removeprefix("tre-")
APPROVAL = {
    "owner": "dc29e773-8d51-564c-bca8-9ed1fa7a6277",
    "approver": "a794e3e2-9c27-5843-a475-0f38764e4f33",
    "purpose": "Made for the history of this estate",
    "expires": "2028-09-30",
}


@dataclass(frozen=True)
class Step:
    """One change: what is done, the command that applies it, and what the ledger has of it afterwards."""

    name: str
    do: Edit
    command: str
    means: Mapping[Meaning, str] = field(default_factory=dict)
    """Every meaning but housekeeping, with words of one of its sentences."""
    access: Sequence[str] = ()
    """The whole access diff: `+ who: may: on what`, each with words of the last."""
    became: str = "succeeded"
    code: int = 0
    beside: Sequence[str] = ()
    """The kinds of the entries that belong to the change, beside its intent and result."""
    then: Sequence[Answer] = ()
    """What other commands answer afterwards."""
    always: bool = False
    """True for a step of every test run; the others are made with `SDE_HISTORY=all`."""


def group(number: int) -> str:
    """Return the object id of a group that the estate does not have yet."""
    return f"0f0e0d0c-1111-4222-8333-{number:012}"


def nothing(_: LivingEstate) -> None:
    """Leave files and cloud as they are."""


def estate(**values: Any) -> Edit:
    """Set keys of `estate.yaml`."""
    return lambda one: one.file(ESTATE, lambda data: data.update(values))


def request(**values: Any) -> Edit:
    """Set keys of the request."""
    return lambda one: one.file(REQUEST, lambda data: data.update(values))


def without(key: str) -> Edit:
    """Take a key out of the request."""
    return lambda one: one.file(REQUEST, lambda data: data.pop(key))


def desk(**values: Any) -> Edit:
    """Set keys of the request's first desk."""
    return lambda one: one.file(REQUEST, lambda data: data["desks"][0].update(values))


def zone(name: str, **values: Any) -> Edit:
    """Set keys of a zone."""
    return lambda one: one.file(ESTATE, lambda data: data["zones"][name].update(values))


def providers(edit: Callable[[list[dict[str, Any]]], object]) -> Edit:
    """Edit the providers of the first integrated care system."""
    return lambda one: one.file(ESTATE, lambda data: edit(data["integrated_care_systems"][0]["providers"]))


def egress(edit: Callable[[list[dict[str, Any]]], object]) -> Edit:
    """Edit the ways out of bespoke tenancies."""
    return lambda one: one.file(ESTATE, lambda data: edit(data["egress"]["bespoke"]))


def in_cloud(type_: str, part: str, edit: Callable[[dict[str, Any]], object] | None) -> Edit:
    """Change a resource in the cloud by hand."""
    return lambda one: one.by_hand(type_, part, edit)


def several(*edits: Edit) -> Edit:
    """Do one after the other."""
    return lambda one: [edit(one) for edit in edits]


OPENS, CLOSES = Meaning.OPENS_WAY, Meaning.CLOSES_WAY
GRANTS, REVOKES, HANDS_OVER = Meaning.GRANTS_RIGHT, Meaning.REVOKES_RIGHT, Meaning.REPLACES_HOLDER
WEAKER, STRONGER = Meaning.WEAKENS_ENCRYPTION, Meaning.STRENGTHENS_ENCRYPTION
LOSES, RELAXES, TIGHTENS = Meaning.LOSES_DATA, Meaning.WEAKENS_CONTROL, Meaning.STRENGTHENS_CONTROL
DISTURBS, EXPIRES, WITHIN = Meaning.DISTURBS_PEOPLE, Meaning.MOVES_EXPIRY, Meaning.CHANGES_CONTROL

RELEASED = "container released of the export airlock, approved, of hcm-progression"
OTHER_WAYS_TO_RESULTS = (
    f"~ checkers of hcm-progression: read, write, delete: {RELEASED}",
    f"~ stewards of hcm-progression: read: {RELEASED}",
)
ASKED = "container asked of the export airlock, waiting for review, of hcm-progression"
PROJECT_STORE = "container project of the hcm-progression store"
UP_TENANCY, REFRESH_TENANCY = f"up {TENANCY} --yes", f"refresh {TENANCY} --yes"
UP_JUNCTION, UP_PLATFORM, UP_HAVEN = "up junction-zone --yes", "up platform --yes", "up safe-haven --yes"
RULE = {"name": "by-hand", "access": "Allow", "direction": "Outbound", "priority": 101, "protocol": "*",
        "sourceAddressPrefix": "*", "sourcePortRange": "*",
        "destinationAddressPrefix": "Internet", "destinationPortRange": "*"}  # fmt: skip
RECIPIENTS = {"group": group(9), "ranges": ["192.0.2.128/29"], "approval": APPROVAL}
EXEMPTION = {
    "id": "short-waits",
    "policy": "ST30",
    "resource": "junction-zone:storage:StorageAccount:junction",
    "owner": APPROVAL["owner"],
    "approver": APPROVAL["approver"],
    "reason": "The providers upload everything again each night until their own archive runs.",
    "compensating_control": "The landing zone takes uploads over within an hour, and an alert tells if not.",
}


def further_provider(found: list[dict[str, Any]]) -> None:
    found.append({**found[0], "code": "ZQ5", "name": "Marsh End Hospital", "group": group(5)})


def rotated(properties: dict[str, Any]) -> None:
    """Give a key, or the disks that follow it, another version."""
    if "activeKey" in properties:
        properties["activeKey"]["keyUrl"] = f"{properties['activeKey']['keyUrl'].rpartition('/')[0]}/{'f' * 32}"
    else:
        properties["keyUriWithVersion"] = f"{properties['keyUri']}/{'f' * 32}"


def exempt(one: LivingEstate) -> None:
    """Accept blobs that wait for three days alone, from today for a month."""
    today = one.now.date()
    dates = {"granted": today.isoformat(), "expires": (today + timedelta(days=30)).isoformat()}
    one.file("exemptions.yaml", lambda data: data["exemptions"].append({**EXEMPTION, **dates}))
    zone("junction", tiers={"delete_after_days": 3})(one)


def needs_permits(one: LivingEstate) -> None:
    """Give the estate the route of the shipped one: from then on a tenancy needs a permit."""
    shutil.copy(ROOT / "estate/route.yaml", one.folder / "estate")


def handed_over(*rights: str) -> tuple[str, ...]:
    """Return the access diff of rights that another group gets, and the group before it loses."""
    return (*(f"+ {right}" for right in rights), *(f"- {right}" for right in rights))


def tenancy_rights(mark: str) -> tuple[str, ...]:
    """Return who can do what in the second tenancy."""
    return (
        f"{mark} checkers of heart: read: container asked of the export airlock",
        f"{mark} checkers of heart: read, write, delete: container released of the export airlock",
        f"{mark} researchers of heart: read, write, delete: container project of the heart store",
        f"{mark} researchers of heart: read: container released of the import airlock",
        f"{mark} researchers of heart: read settings: desk of heart",
        f"{mark} researchers of heart: sign in: desk of heart",
        f"{mark} researchers of heart: start and stop: desk of heart",
        f"{mark} researchers of heart: read settings: microsoft.network/virtualnetworks vnet-wmsde-tre-heart-net",
        f"{mark} stewards of heart: read: container asked of the import airlock",
        f"{mark} stewards of heart: read: container released of the export airlock",
        f"{mark} stewards of heart: read, write, delete: container released of the import airlock",
        f"{mark} the identity desk of tre-heart: read, write, delete: container project of the heart store",
        f"{mark} the identity desk of tre-heart: read: container released of the import airlock",
        f"{mark} the identity keys-encrypts of tre-heart: use keys: key vault keys",
        f"{mark} the identity staging-mover of safe-haven: read, write, delete: container asked of the import airlock",
    )


STEPS = (
    # The junction zone: providers, an exemption, expiries, a failed revocation.
    Step(
        "a further provider uploads",
        providers(further_provider), UP_JUNCTION,
        means={GRANTS: "to the group “provider zq5 (Marsh End Hospital)”"},
        access=(
            "+ provider zq5 (Marsh End Hospital): read, write, delete: container provider-zq5",
            "+ stewards of junction: read, write, delete: container provider-zq5",
            "+ the identity junction-mover of junction-zone: read, write, delete: container provider-zq5",
            "+ the identity landing-mover of safe-haven: read: container provider-zq5",
        ),
        always=True,
    ),
    Step(
        "a provider is renamed, and its group is the same",
        providers(lambda found: found[-1].update(name="Marsh End Trust")), UP_JUNCTION,
        access=("= provider zq5 (Marsh End Hospital): provider zq5 (Marsh End Trust)",),
    ),
    Step(
        "a provider is closed",
        providers(lambda found: found[-1].update(closed=True)), UP_JUNCTION,
        means={REVOKES: "from the group “provider zq5 (Marsh End Trust)”"},
        access=("- provider zq5 (Marsh End Trust): read, write, delete: container provider-zq5",),
    ),
    Step(
        "a provider's entry is removed, and with it the data: refused",
        providers(lambda found: found[-1].update(code="ZQ6")), UP_JUNCTION,
        became="refusal", code=3,
    ),
    Step(
        "the approval of the estate is renewed",
        several(providers(lambda found: found[-1].update(code="ZQ5")),
                lambda one: one.file(ESTATE, lambda data: data["approval"].update(expires="2029-05-31"))),
        UP_JUNCTION,
        means={EXPIRES: "the day on which the approval ends"},
    ),
    Step(
        "uploads are deleted before they are taken over: refused by the policies",
        zone("junction", tiers={"delete_after_days": 3}), UP_JUNCTION,
        means={LOSES: "Does not hold: Blobs are kept and deleted as the estate's schedule says"},
        became="refusal", code=3, always=True,
    ),
    Step(
        "uploads are deleted before they are taken over, by an exemption",
        exempt, UP_JUNCTION,
        means={LOSES: "Breaks ST30, which the exemption short-waits accepts: Blobs are kept"},
        beside=("exemptions-in-use",),
    ),
    Step(
        "uploads are kept for longer again, without an exemption",
        several(zone("junction", tiers={"delete_after_days": 30}),
                lambda one: one.file("exemptions.yaml", lambda data: data["exemptions"].clear())),
        UP_JUNCTION,
        means={TIGHTENS: "Keeps data for a longer time"},
    ),
    Step(
        "other stewards of the junction, whose predecessors' right a lock keeps",
        several(zone("junction", stewards=group(4), tiers={"delete_after_days": 30}),
                lambda one: one.lock_by_hand("junction-zone-junction")),
        UP_JUNCTION,
        means={HANDS_OVER: "no longer to the group “stewards of junction (87f58276"},
        access=handed_over("stewards of junction: read, write, delete: container provider-zq1"),
        became="partial", code=1, beside=("open-finding",),
        then=(
            ("access --stack junction-zone", 3, "1 revocation failed, so the rights are still in force"),
            ("policy check junction-zone", 3, "junction-stewards-writes (waits for deletion: "),
        ),
        always=True,
    ),
    Step(
        "a refresh meanwhile, which revokes nothing",
        nothing, "refresh junction-zone --yes",
        beside=("open-finding",),
        then=(("history --format json", 0, "1 role assignment that should have been revoked"),),
        always=True,
    ),
    Step(
        "the lock is gone, and the former stewards' right too",
        lambda one: one.lock_by_hand("junction-zone-junction", gone=True), UP_JUNCTION,
        means={HANDS_OVER: "no longer to the group “stewards of junction (87f58276"},
        access=handed_over("stewards of junction: read, write, delete: container provider-zq1"),
        then=(("history --format json", 0, '"open_at_the_end": []'), ("access --stack junction-zone", 0, "")),
        always=True,
    ),
    Step(
        "TLS is weakened by hand",
        in_cloud("storage:StorageAccount", "junction", lambda p: p.update(minimumTlsVersion="TLS1_0")),
        "refresh junction-zone --yes",
        means={WEAKER: "Does not hold: Storage accounts require HTTPS with TLS 1.2 or newer"},
        beside=("refresh-drift",),
    ),
    Step(
        "TLS is as the estate has it again",
        nothing, UP_JUNCTION,
        means={STRONGER: "Holds again: Storage accounts require HTTPS with TLS 1.2 or newer"},
    ),
    # A tenancy: drift by hand, each found and undone.
    Step(
        "a way out is opened by hand",
        in_cloud("network:NetworkSecurityGroup", "hcm", lambda p: p["securityRules"].insert(0, RULE)), REFRESH_TENANCY,
        means={OPENS: "Does not hold: Three controls prevent every flow from a tenancy to the Internet"},
        access=("! from a tenancy to the Internet, past the airlock",),
        beside=("refresh-drift",),
    ),
    Step(
        "the way out is closed again",
        nothing, UP_TENANCY,
        means={CLOSES: "No longer allows any protocol on every port from anywhere to Internet"},
    ),
    Step(
        "a right is taken away by hand",
        in_cloud("authorization:RoleAssignment", "nic-wmsde-tre-hcm-progression-desk", None), REFRESH_TENANCY,
        means={REVOKES: "Revokes the role “Reader” from the group “researchers of hcm-progression”"},
        access=(
            f"- researchers of hcm-progression: read, write, delete: {PROJECT_STORE}",
            "- researchers of hcm-progression: read: container released of the import airlock",
            "- researchers of hcm-progression: read settings: microsoft.network/networkinterfaces",
            "~ researchers of hcm-progression: sign in: desk of hcm-progression",
        ),
        beside=("refresh-drift",),
    ),
    Step(
        "the right is given back",
        nothing, UP_TENANCY,
        means={GRANTS: "Grants the role “Reader” to the group “researchers of hcm-progression”"},
        access=(
            f"+ researchers of hcm-progression: read, write, delete: {PROJECT_STORE}",
            "+ researchers of hcm-progression: read: container released of the import airlock",
            "+ researchers of hcm-progression: read settings: microsoft.network/networkinterfaces",
            "~ researchers of hcm-progression: sign in: desk of hcm-progression",
        ),
    ),
    Step(
        "a lock is taken away by hand",
        in_cloud("authorization:ManagementLockByScope", "stwmsdedatahcm", None), REFRESH_TENANCY,
        means={LOSES: "deletion lock"},
        beside=("refresh-drift",),
    ),
    Step(
        "the lock is made again",
        nothing, UP_TENANCY,
        means={TIGHTENS: "Adds a lock"},
    ),
    Step(
        "Azure rotates a key",
        several(lambda one: one.by_hand("keyvault:Key", "hcm", rotated, every=True),
                in_cloud("compute:DiskEncryptionSet", "hcm", rotated)),
        REFRESH_TENANCY,
        means={WITHIN: "Stores and disks use the keys and the identity of their own resource group"},
        beside=("refresh-drift",),
    ),
    Step(
        "a label is changed by hand",
        in_cloud("resources:ResourceGroup", "hcm", lambda p: p["tags"].update({"cost-centre": "X"})), REFRESH_TENANCY,
        means={RELAXES: "Does not hold: Tags are exactly those of the estate"},
        beside=("refresh-drift",),
    ),
    # A tenancy: changes of its request.
    Step(
        "the request runs for longer",
        request(expires="2028-12-31"), UP_TENANCY,
        means={EXPIRES: "the day on which the approval ends"},
    ),
    Step(
        "a larger desk",
        desk(size="Standard_NC48ads_A100_v4"), UP_TENANCY,
        means={DISTURBS: "Another size restarts the machine"},
    ),
    Step(
        "a desk without the graphics card that its template asks for: refused as an invalid estate",
        desk(size="Standard_D8s_v5"), UP_TENANCY,
        became="refusal", code=2,
    ),
    Step(
        "a smaller disk: refused, because disks never shrink",
        desk(size="Standard_NC48ads_A100_v4", data_disk_gib=512), UP_TENANCY,
        means={WITHIN: "Within the rule: Virtual machines have the size, the disks"},
        became="refusal", code=3,
    ),
    Step(
        "a new desk",
        desk(data_disk_gib=1024, rebuilds=1), UP_TENANCY,
        means={
            GRANTS: "Grants the role “Virtual Machine User Login” to the group “researchers of hcm-progression”",
            DISTURBS: "Replaces a virtual machine and its system disk",
            WITHIN: "Within the rule: Desks offer a terminal or a screen only",
        },
    ),
    Step(
        "a larger disk",
        desk(data_disk_gib=2048), UP_TENANCY,
        means={WITHIN: "Within the rule: Virtual machines have the size, the disks"},
    ),
    Step(
        "data is copied to the paired region",
        request(redundancy="Standard_GRS"), UP_TENANCY,
        means={WITHIN: "Stores have the redundancy that the estate states"},
    ),
    Step(
        "recipients fetch results",
        request(recipients=RECIPIENTS), UP_TENANCY,
        means={
            OPENS: "Admits one more entry",
            GRANTS: "to the group “recipients of the results of hcm-progression”",
            WITHIN: "required guardrails",
        },
        access=(f"+ recipients of the results of hcm-progression: read: {RELEASED}", *OTHER_WAYS_TO_RESULTS),
        always=True,
    ),
    Step(
        "recipients come from more addresses",
        request(recipients={**RECIPIENTS, "ranges": ["192.0.2.128/28"]}), UP_TENANCY,
        means={OPENS: "Admits other entries", WITHIN: "required guardrails"},
        access=(f"~ recipients of the results of hcm-progression: read: {RELEASED}", *OTHER_WAYS_TO_RESULTS),
    ),
    Step(
        "no recipients any more",
        without("recipients"), UP_TENANCY,
        means={
            CLOSES: "Admits one entry less",
            REVOKES: "from the group “recipients of the results of hcm-progression”",
            WITHIN: "required guardrails",
        },
        access=(f"- recipients of the results of hcm-progression: read: {RELEASED}", *OTHER_WAYS_TO_RESULTS),
    ),
    Step(
        "other checkers",
        request(checkers=group(6)), UP_TENANCY,
        means={HANDS_OVER: "no longer to the group “checkers of hcm-progression (071dd6ac"},
        access=handed_over(
            f"checkers of hcm-progression: read: {ASKED}",
            f"checkers of hcm-progression: read, write, delete: {RELEASED}",
        ),
    ),
    Step(
        "other researchers, whose predecessors' rights Azure does not let go",
        several(request(researchers=group(7)),
                lambda one: one.azure_refuses("Microsoft.Authorization/roleAssignments/delete")),
        UP_TENANCY,
        means={HANDS_OVER: "no longer to the group “researchers of hcm-progression (db7a"},
        access=handed_over(
            f"researchers of hcm-progression: read, write, delete: {PROJECT_STORE}",
            "researchers of hcm-progression: read: container released of the import airlock",
            "researchers of hcm-progression: read settings: desk of hcm-progression",
            "researchers of hcm-progression: sign in: desk of hcm-progression",
            "researchers of hcm-progression: start and stop: desk of hcm-progression",
            "researchers of hcm-progression: read settings: microsoft.network/networkinterfaces",
        ),
        became="partial", code=1, beside=("open-finding",),
    ),
    Step(
        "the former researchers' rights are gone",
        lambda one: one.azure_refuses(), UP_TENANCY,
        means={REVOKES: "from the group “researchers of hcm-progression (db7a"},
        access=(
            "- researchers of hcm-progression: read settings: desk of hcm-progression",
            "- researchers of hcm-progression: sign in: desk of hcm-progression",
            "- researchers of hcm-progression: start and stop: desk of hcm-progression",
            "- researchers of hcm-progression: read settings: microsoft.network/networkinterfaces",
        ),
    ),
    # The platform and the safe haven.
    Step(
        "a person says that the break-glass key was used",
        nothing, "ledger note --break-glass 'Priya Hollis, desk of hcm-progression, Entra was down' platform",
        became="break-glass", always=True,
    ),
    Step(
        "nobody is there to confirm what is planned",
        estate(log_retention_days=730), "up platform",
        means={TIGHTENS: "keep logs for a year", EXPIRES: "the day on which the approval ends"},
        became="failed", code=2, beside=("asked",),
    ),
    Step(
        "logs are kept for longer",
        nothing, UP_PLATFORM,
        means={TIGHTENS: "keep logs for a year", EXPIRES: "the day on which the approval ends"},
    ),
    Step(
        "a way out is opened",
        egress(lambda found: found.append({"name": "licences", "addresses": ["203.0.113.40"], "approval": APPROVAL})),
        UP_PLATFORM,
        means={OPENS: "Newly allows TCP 443 from 10.65.0.0/16 to 203.0.113.40/32 (rule licences)"},
    ),
    Step(
        "desks may use the way out",
        nothing, UP_TENANCY,
        means={OPENS: "Newly allows TCP 443 from 10.65.0.128/25 to 203.0.113.40/32 (rule licences-egress)"},
    ),
    Step(
        "desks may no longer use the way out",
        egress(lambda found: found.pop()), UP_TENANCY,
        means={CLOSES: "No longer allows TCP 443 from 10.65.0.128/25 to 203.0.113.40/32 (rule licences-egress)"},
    ),
    Step(
        "other platform engineers",
        estate(platform_team=group(8)), UP_PLATFORM,
        means={
            HANDS_OVER: "no longer to the group “platform engineers (aae33021",
            CLOSES: "No longer allows TCP 443 from 10.65.0.0/16 to 203.0.113.40/32 (rule licences)",
        },
        access=handed_over(
            "platform engineers: read settings: log workspace logs",
            "platform engineers: read logs: log workspace logs",
            "platform engineers: read settings: resource group hub",
        ),
    ),
    Step(
        "secrets are renewed later",
        estate(secrets_expire="2027-11-30"), UP_HAVEN,
        means={EXPIRES: "Secrets expire within three years"},
    ),
    Step(
        "other stewards of a zone",
        zone("staging", stewards=group(10)), UP_HAVEN,
        means={HANDS_OVER: "no longer to the group “stewards of staging (5bbb7694"},
        access=handed_over("stewards of staging: read, write, delete: container extracts of the staging store"),
    ),
    # Tenancies begin and end.
    Step(
        "a second tenancy",
        lambda one: add_request(one.folder / "estate", "heart", researchers=group(1), stewards=group(2),
                                checkers=group(3)),
        "up tre-heart --yes",
        means={
            OPENS: "Adds a private endpoint",
            GRANTS: "Grants the role “Virtual Machine User Login” to the group “researchers of heart”",
            CLOSES: "Adds the rules for DNS names of a network",
            TIGHTENS: "Adds a lock",
        },
        access=tenancy_rights("+"),
    ),
    Step(
        "a stack that others need is to be destroyed: refused",
        nothing, "destroy platform --yes",
        became="refusal", code=3,
    ),
    Step(
        "the second tenancy and its store are destroyed",
        nothing, "destroy tre-heart --yes",
        means={
            LOSES: "Deletes a storage account, with what it holds",
            CLOSES: "Takes away a private endpoint",
            REVOKES: "from the group “researchers of heart”",
            DISTURBS: "Deletes a virtual machine and its system disk",
        },
        access=tenancy_rights("-"),
    ),
    # What people decide, and what is in force at the end.
    Step(
        "an exemption, once more",
        exempt, UP_JUNCTION,
        means={LOSES: "Breaks ST30, which the exemption short-waits accepts: Blobs are kept"},
        beside=("exemptions-in-use",), always=True,
    ),
    Step(
        "from now on a tenancy needs a permit, and has none",
        several(needs_permits, request(expires="2029-03-31")), UP_TENANCY,
        means={EXPIRES: "the day on which the approval ends"},
        became="refusal", code=3, always=True,
    ),
    Step(
        "the tenancy's request is approved, and runs for longer",
        lambda one: one.said(f"request approve {REQUEST_NAME} --demo-keys"), UP_TENANCY,
        means={EXPIRES: "the day on which the approval ends"}, always=True,
    ),
    Step(
        "the break-glass key is used with a permit",
        lambda one: one.said(f"request actions ask break-glass {TENANCY} --demo-keys --reason 'Entra was down, 2 May'"),
        f"ledger note --break-glass 'Owen Trevanion, desk of hcm-progression, Entra was down' {TENANCY}",
        became="break-glass", always=True,
    ),
)  # fmt: skip
