"""A DNS query from a place: which server it reaches, and whether that answers.

Facts: docs/azure-facts.md#rules-and-azures-dns-server, #dns-security-policies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_azure.data_plane.addresses import not_known
from local_azure.data_plane.answers import Answer, Attempt, answer
from local_azure.data_plane.dns_policies import require_answer
from local_azure.data_plane.names import answering_network, own_address, server_of
from local_azure.data_plane.places import InNetwork, Place
from local_azure.model import Cloud


def lookup(cloud: Cloud, place: Place, name: str, server: str = "") -> Answer:
    """Return whether a name gets an answer. Without a server: as the place's own resolver asks."""

    def act(attempt: Attempt) -> tuple[int, Mapping[str, Any]]:
        if not isinstance(place, InNetwork):
            not_known("DNS servers outside of Azure")
        known = own_address(attempt, place, name) if not server else None
        if known:
            return 200, {"name": name, "address": str(known)}
        network = answering_network(attempt, place, server or server_of(cloud, place))
        require_answer(attempt, network, [name])
        return 200, {"name": name, "answered_in": network.name}

    return answer(cloud, act)
