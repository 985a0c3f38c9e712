"""Connected sites: the gateway by which packets of a network outside Azure enter."""

from __future__ import annotations

from ipaddress import IPv4Address

from local_azure.data_plane.answers import Attempt, Control
from local_azure.data_plane.places import AtSite, InNetwork


def gateway_place(attempt: Attempt, place: AtSite, destination: IPv4Address) -> InNetwork:
    """Return where packets of a site's computer enter: the subnet of the gateway that is connected with the site."""
    attempt.drop(Control.SITE, f"no gateway connects {place.address} with {destination}")
