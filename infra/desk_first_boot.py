"""The cloud-init data of a desk. A desk that exists keeps it until its virtual machine is replaced."""

from __future__ import annotations

from collections.abc import Sequence

from formats.egress import EgressRule
from infra.first_boot import first_boot
from infra.gpu_driver import gpu_driver_settings
from infra.home_disk import home_disk_settings
from infra.host_names import NO_RESOLVER, egress_lines, host_settings
from infra.package_sources import package_settings
from infra.trusted_roots import root_settings


def desk_first_boot(
    size: str, egress: Sequence[EgressRule], hosts: Sequence[str] = (), roots: Sequence[str] = ()
) -> str:
    """Return the cloud-init data of a desk of a size, with the egress rules of its kind of tenancy. `hosts`: the lines
    of /etc/hosts for its private endpoints and sign-in. `roots`: the certificates that it trusts besides Ubuntu's."""
    return first_boot(
        home_disk_settings(),
        gpu_driver_settings(size, egress),
        package_settings(egress),
        host_settings([*hosts, *egress_lines(egress)]),
        root_settings(roots),
        commands=[NO_RESOLVER],
    )
