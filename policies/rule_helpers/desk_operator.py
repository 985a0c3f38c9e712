"""Recognise the custom role that starts and stops desks."""

from __future__ import annotations

from formats.desk_operator import PREFIX
from policies.expected.desk_operator import desk_operator
from policies.model import PolicyContext, Resource


def is_desk_operator(resource: Resource, role: str, context: PolicyContext) -> bool:
    """True for the id of the custom role that starts and stops desks, of the resource's cell; IA4 has its actions.
    Without the stack's configuration, as in the policy pack, the cell is not known, nor which of them it is."""
    config = context.configs.get(resource.stack)
    return bool(role) and (role.startswith(PREFIX) if config is None else role == desk_operator(resource.stack, config))
