"""Check that Azure is ready for an estate. Signs in with azure-identity, reads, and writes nothing.

It finds the causes of a failing first `up` in each subscription that the stacks write to: no access, resource providers
and features that are not registered, missing rights, aliases of Azure Policy that the tenant lacks, sizes of virtual
machines that a region does not offer, quotas, names that are taken or reserved, Defender for Storage that is on, a
missing Network Watcher, and a missing identity that reads the certificate authority of a firewall. The needs come from
the resources that the stacks declare (`needs`); the actions that a write needs are in `formats/arm`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from operations.preflight import access, capacity, names, services
from operations.preflight.findings import Finding
from operations.preflight.needs import Needs, needs_of
from operations.preflight.reads import Reads, Send, default_credential, send_to_azure

__all__ = ["Finding", "Needs", "Send", "default_credential", "findings", "needs_of", "send_to_azure"]


def findings(estate: Iterable[Needs], send: Send, *, tenant: str = "") -> Iterator[Finding]:
    """Check each subscription in order. No further checks follow for a subscription that cannot be read.

    `tenant`: the estate's Entra tenant, or an empty string if the estate does not state it.
    """
    reads = Reads(send)
    for needs in estate:
        readable = access.readable(reads, needs.subscription)
        yield readable
        if readable.holds:
            listed = reads.list(f"/subscriptions/{needs.subscription}/resources", "2021-04-01")
            if listed.body is None:
                yield Finding(needs.subscription, "resources", False, listed.why, "ask for Reader on the subscription")
            existing = frozenset(str(one.get("id")).lower() for one in listed.values)
            yield from access.tenant(reads, needs.subscription, tenant)
            yield from access.registrations(reads, needs)
            yield from access.features(reads, needs)
            yield from access.rights(reads, needs)
            yield from access.aliases(reads, needs)
            yield from services.watchers(reads, needs)
            yield from services.activity_logs(reads, needs)
            yield from services.defender(reads, needs, existing)
            yield from services.certificate_authorities(needs, existing)
            yield from capacity.sizes(reads, needs)
            yield from capacity.quotas(reads, needs, existing)
            yield from names.names(reads, needs, existing)
