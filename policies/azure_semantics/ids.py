"""ARM ids: their subscription, resource group and parent, all in lower case."""

from __future__ import annotations

from policies.model import Resource, Unknown


def plain(id_: object) -> str:
    """Return an id in the form in which ids are compared; empty for anything else."""
    return id_.lower().rstrip("/") if isinstance(id_, str) else ""


def own(resource: Resource) -> str:
    """Return a resource's own id. `Unknown` where it is unknown."""
    if resource.id is None:
        raise Unknown("id")
    return plain(resource.id)


def parent(id_: object) -> str:
    """Return the id of the parent resource: for a subnet, its network's."""
    return plain(id_).rsplit("/", 2)[0]


def name(id_: object) -> str:
    """Return the last name of an id."""
    return plain(id_).rsplit("/", 1)[-1]


def resource_group(id_: object) -> str:
    """Return the id of the resource group that an id is in; empty where there is none."""
    parts = plain(id_).split("/")
    return "/".join(parts[:5]) if len(parts) > 4 and parts[3] == "resourcegroups" else ""


def subscription(id_: object) -> str:
    """Return the id of the subscription that an id is in; empty where there is none."""
    parts = plain(id_).split("/")
    return "/".join(parts[:3]) if len(parts) > 2 and parts[1] == "subscriptions" else ""


def within(id_: object, scope: str) -> bool:
    """True if an id is the scope, or an id below it."""
    return plain(id_) == plain(scope) or plain(id_).startswith(f"{plain(scope)}/")


def kind(id_: object) -> str:
    """Return the resource type of an id: `microsoft.network/virtualnetworks/subnets`; empty for groups and above."""
    _, found, rest = plain(id_).rpartition("/providers/")
    namespace, *steps = rest.split("/")
    return "/".join([namespace, *steps[::2]]) if found else ""
