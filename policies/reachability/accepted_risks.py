"""Risks that the service accepts: techniques of the control plane that fewer than three controls prevent.

Each names the decision that states the remaining risk (docs/decisions). An accepted technique is shown with its depth
in every report of the flows. It is accepted for these actors only, and only while at least so many controls prevent it.
"""

from __future__ import annotations

from dataclasses import dataclass

from policies.reachability.actor_kinds import ActorKind

BELOW_ADMINISTRATOR = frozenset(ActorKind)
"""Every kind of actor: an administrator is none."""


@dataclass(frozen=True)
class AcceptedRisk:
    """A technique that fewer controls than usual may prevent."""

    technique: str
    """A key of `policies.reachability.control_plane`."""
    decision: str
    """The number of the decision that names the remaining risk."""
    least: int = 2
    """So many controls must still prevent it."""
    actors: frozenset[ActorKind] = BELOW_ADMINISTRATOR


_DECISION = "0022"
ACCEPTED = {
    key: AcceptedRisk(key, _DECISION)
    for key in (
        # Azure Policy restricts no action, so nothing but the missing role and the guardrail on roles prevents these.
        "run-command",
        "serial-console",
        "boot-diagnostics",
        "resource-move",
        "restore-elsewhere",
        "template-secrets",
        # Written in another subscription, which no guardrail of this one sees.
        "disk-copy-out",
        "dns-takeover",
        # The guardrail on logs compares names of the destination: of its resource group, or its tenant.
        "event-topic",
        "log-routing",
        # The guardrail on roles permits the role, since stores' identities for keys have it.
        "event-routing",
        # Whoever has a right to data can sign for others.
        "delegation-sas",
        # A role that makes its holder an administrator.
        "network-change",
        "pim",
        "pim-settings",
        "policy-change",
        "policy-exemption",
        "role-change",
        "role-definition",
    )
}
"""The accepted risks, by technique."""
