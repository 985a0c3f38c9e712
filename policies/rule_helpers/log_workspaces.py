"""Log workspaces as destinations: only those of the estate."""

from __future__ import annotations

from collections.abc import Callable

from policies.azure_semantics import ids
from policies.azure_semantics.diagnostics import WORKSPACE
from policies.model import PolicyContext, Resource


def fault_of(id_: object, source: Resource, context: PolicyContext, named: Callable[[], set[str]]) -> str:
    """Return why a workspace is not one of the estate; empty if it is. In a stack without a workspace, all resources
    must name the same one. `named`: the workspaces that the stack names."""
    workspace = ids.plain(id_)
    target = context.get(workspace)
    if target is not None:
        return "" if target.type == WORKSPACE else "is not a log workspace"
    if context.is_complete or context.same_stack(source, WORKSPACE):
        return "is a log workspace outside the estate"
    return "the stack's logs go to several workspaces; there must be one" if len(named() | {workspace}) > 1 else ""
