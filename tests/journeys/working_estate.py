"""An estate with every way in, and what its people do in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import yaml

from local_azure.data_plane.addresses import Peer
from local_azure.data_plane.answers import Answer, Control, answer
from local_azure.data_plane.blobs import BlobRequest, Operation, request_blob
from local_azure.data_plane.callers import Caller, managed_identity, person
from local_azure.data_plane.conditions import Attributes
from local_azure.data_plane.paths import Target, deliver
from local_azure.data_plane.places import InNetwork, only, place_of
from local_azure.data_plane.reach import addresses_of, endpoints
from local_azure.data_plane.rights import find_right
from local_azure.data_plane.roles import BLOBS
from local_azure.store import Store
from local_azure.types.common import value_at
from local_azure.types.storage_account import ACCOUNT
from local_azure.types.vm_sizes import VM
from tests.journeys.conftest import Workspace
from tests.operations.estates import add_providers

PUT, GET, LIST, DELETE, SET_TAGS = (
    Operation.PUT, Operation.GET, Operation.LIST, Operation.DELETE, Operation.SET_TAGS)  # fmt: skip
HOME = "203.0.113.200"
"""A public address that no way in names."""
ADDRESS = {"ZQ1": "198.51.100.20", "ZQ2": "192.0.2.33"}
"""An address of each provider with public ranges."""
STAFF = {"engineers": ["engineers"], "zone-stewards": ["zone-stewards"], "project-stewards": ["project-stewards"],
         "checkers": ["checkers", "results"]}  # fmt: skip
"""The staff machines, each with its roles."""
ENDPOINT = ("/subscriptions/99999999-2222-4333-8444-0000000000d0/resourceGroups/rg-trust/providers/Microsoft.Network"
            "/privateEndpoints/pep-uploads")  # fmt: skip
"""The private endpoint of ZQ3 in its own network."""
RECIPIENTS, RECIPIENT_ADDRESS = "99999999-2222-4333-8444-0000000000e0", "192.0.2.80"
NO_RIGHT, NO_ADDRESS, NO_WAY = "AuthorizationPermissionMismatch", "AuthorizationFailure", "ConnectionTimedOut"
NO_QUERY, NO_NAME = "InsufficientAccessError", "NameResolutionFailed"
PROJECT = "hcm-progression"
APPROVAL = {
    "owner": "dc29e773-8d51-564c-bca8-9ed1fa7a6277",
    "approver": "a794e3e2-9c27-5843-a475-0f38764e4f33",
    "purpose": "People who work in the estate",
    "expires": "2028-03-31",
}


def every_way_in(data: Any) -> None:
    """Edit the estate: a provider with each way in, one without and one that is closed, and staff."""
    data["data_class"] = "de-identified"
    add_providers(data)
    providers = {one["code"]: one for system in data["integrated_care_systems"] for one in system["providers"]}
    providers["ZQ1"]["way_in"] = {"public_ranges": ["198.51.100.16/28"]}
    providers["ZQ2"]["way_in"] = {"public_ranges": ["192.0.2.33"]}
    providers["ZQ3"]["way_in"] = {"private_endpoint": {"endpoint": ENDPOINT, "connection": "not-made-yet"}}
    providers["ZQ4"]["way_in"] = {"site": "hscn"}
    providers["ZQ6"]["closed"] = True
    site = {"name": "hscn", "gateway": "vpn", "device": "203.0.113.9", "ranges": ["10.200.0.0/28"]}
    data["sites"] = [{**site, "approval": APPROVAL}]
    data["staff"] = [
        {"name": name, "roles": roles, "users": f"99999999-2222-4333-8444-0000000000a{n}", "size": "Standard_D2as_v5",
         "approval": APPROVAL}
        for n, (name, roles) in enumerate(STAFF.items())
    ]  # fmt: skip


class Estate(Workspace):
    """A deployed estate, and what its people do in it."""

    @cached_property
    def store(self) -> Store:
        return Store(self.home / "local/azure.db")

    @cached_property
    def file(self) -> Any:
        return yaml.safe_load((self.estate / "estate.yaml").read_text())

    def approved(self, project: str) -> Any:
        return yaml.safe_load((self.estate / f"requests/{project}.yaml").read_text())

    @cached_property
    def outputs(self) -> Mapping[str, Any]:
        stacks = ("junction-zone", "safe-haven", "platform", "tre-hcm-progression", "tre-other")
        return {one: json.loads(self.sde("outputs", one, "--json").splitlines()[0]) for one in stacks}

    def ask(self, who: Caller, where: str, operation: Operation, target: tuple[str, str], blob: str = "",
            **options: Any) -> Answer:  # fmt: skip
        """Send a request for a blob in a store and container."""
        request = BlobRequest(operation, *target, blob, **options)
        return request_blob(self.store, who, place_of(self.store, where), request)

    def send(self, where: str, target: tuple[str, str]) -> Answer:
        """Connect to the private endpoint of a store by its address, for which a client needs no name."""
        account, place = self.store.get(self.account(target)), place_of(self.store, where)
        assert account
        assert isinstance(place, InNetwork)
        (endpoint,) = endpoints(self.store, account)
        (address,) = addresses_of(endpoint)
        subnet = self.store.get(str(value_at(endpoint.properties, "subnet.id")))
        peer = Target(Peer(address), subnet, is_endpoint=True)
        return answer(self.store, lambda attempt: (200, {"from": deliver(attempt, place, peer).address}))

    def provider(self, code: str) -> Caller:
        systems = self.file["integrated_care_systems"]
        return person(*(one["group"] for system in systems for one in system["providers"] if one["code"] == code))

    def mover(self, zone: str) -> tuple[Caller, str]:
        """Return the mover of a zone and its place: a computer in the zone's compute subnet."""
        stack = "junction-zone" if zone == "junction" else "safe-haven"
        return (managed_identity(self.store, f"id-wmsde-{stack}-{zone}-mover"),
                f"vnet-wmsde-{stack}-{zone}/snet-compute")  # fmt: skip

    def desk(self, project: str) -> tuple[Caller, str]:
        return managed_identity(self.store, f"id-wmsde-tre-{project}-desk"), f"vm-wmsde-tre-{project}-desk"

    def researcher(self, project: str) -> Caller:
        return person(self.approved(project)["researchers"], self.file["desk_users"])

    @cached_property
    def log_workspace(self) -> str:
        return str(self.outputs["platform"]["log_workspace_id"]).rpartition("/")[2]

    def users(self, role: str) -> str:
        """Return the group that signs in to the staff machine of a role."""
        return str(next(one["users"] for one in self.file["staff"] if role in one["roles"]))

    def staff(self, role: str) -> str:
        """Return the name of the staff machine of a role."""
        name = next(one["name"] for one in self.file["staff"] if role in one["roles"])
        return next(one.name for one in self.store.of_type(VM) if one.name.endswith(f"-{name}"))

    def zone_store(self, zone: str) -> str:
        stack = "junction-zone" if zone == "junction" else "safe-haven"
        return str(self.outputs[stack]["zones"][zone]["store_name"])

    def inbox(self, code: str) -> tuple[str, str]:
        return str(self.outputs["junction-zone"]["inboxes"][code.lower()]["store_name"]), "uploads"

    def account(self, target: tuple[str, str]) -> str:
        """Return the id of a store."""
        return only(self.store.of_type(ACCOUNT), target[0], "storage account").id

    def airlock(self, project: str, stage: str) -> tuple[str, str]:
        """Return store and container of a stage, such as `export_asked`."""
        return str(self.outputs[f"tre-{project}"][f"{stage}_store_name"]), stage.partition("_")[2]


def done(answer: Answer) -> Mapping[str, Any]:
    """Require success, and return the result."""
    assert answer.allowed, (answer.code, answer.decided_by)
    return answer.result


def refused(answer: Answer, code: str, control: Control | None = None) -> None:
    """Require a refusal with a code, by a control."""
    assert not answer.allowed, answer.steps
    assert answer.decided_by
    assert (answer.code, answer.decided_by.control) == (code, control or answer.decided_by.control), answer.decided_by


def has_right(estate: Estate, who: Caller, target: tuple[str, str]) -> bool:
    """Return True if a caller could list a container, if it came from the right place."""
    container = f"{estate.account(target)}/blobServices/default/containers/{target[1]}"
    return find_right(estate.store, who, container, Attributes(f"{BLOBS}/read"), is_data=True)[0]
