"""ARM ids: whose subscription and resource group they name, and what they lie in. All in lower case."""

from __future__ import annotations

from policies.model import Resource, Unknown


def plain(id_: object) -> str:
    """An id in the form in which ids compare; empty for what is no id."""
    return id_.lower().rstrip("/") if isinstance(id_, str) else ""


def own(resource: Resource) -> str:
    """A resource's own id. `Unknown` where it cannot be told."""
    if resource.id is None:
        raise Unknown("id")
    return plain(resource.id)


def parent(id_: object) -> str:
    """The id that a child's lies in: of a subnet, its network's."""
    return plain(id_).rsplit("/", 2)[0]


def name(id_: object) -> str:
    """The last name of an id."""
    return plain(id_).rsplit("/", 1)[-1]


def resource_group(id_: object) -> str:
    """The id of the resource group that an id lies in; empty where it lies in none."""
    parts = plain(id_).split("/")
    return "/".join(parts[:5]) if len(parts) > 4 and parts[3] == "resourcegroups" else ""


def subscription(id_: object) -> str:
    """The id of the subscription that an id lies in; empty where it lies in none."""
    parts = plain(id_).split("/")
    return "/".join(parts[:3]) if len(parts) > 2 and parts[1] == "subscriptions" else ""


def kind(id_: object) -> str:
    """The resource type that an id is of: `microsoft.network/virtualnetworks/subnets`; empty for groups and above."""
    _, found, rest = plain(id_).rpartition("/providers/")
    namespace, *steps = rest.split("/")
    return "/".join([namespace, *steps[::2]]) if found else ""
