"""Rights that a change grants or revokes: role assignments and the definitions of roles, in words."""

from __future__ import annotations

from collections.abc import Mapping

from formats.arm.role_names import BUILT_IN_ROLES
from formats.desk_operator import PREFIX, TITLE
from formats.plan import SECRET, UNKNOWN, Operation
from formats.property_changes import ChangeKind, PropertyChange
from formats.stack_reads import REFERENCE
from formats.urns import name_of, plain_type, type_of
from operations.diffs.meaning import Meaning
from operations.diffs.model import Sense, Step
from operations.diffs.text import kind_of, shortened
from policies.azure_semantics.role_assignments import ASSIGNMENTS
from policies.concerns import Concern, concern_of
from policies.expected.entitlements import NO_ACCESS, condition_text
from policies.model import Policy

DEFINITION = "authorization:RoleDefinition"
_CONDITION = ("condition", "conditionVersion")
_MAX = 90


def right_of_resource(step: Step, names: Mapping[str, str]) -> Sense | None:
    """Return the meaning of a created, replaced or deleted role assignment. `names`: of groups, by object id."""
    resource = step.resource
    if plain_type(resource.type) not in ASSIGNMENTS:
        return None
    gone = resource.operation is Operation.DELETE
    after = "" if gone else _grant(step, resource.inputs, names)
    before = _grant(step, resource.inputs if gone else resource.old_inputs or {}, names, "from" if gone else "to")
    if gone:
        waits = ", which exists until its delete succeeds" if resource.pending_delete else ""
        return Sense(Meaning.REVOKES_RIGHT, f"Revokes {before}{waits}")
    if resource.operation is Operation.REPLACE and before != after:
        return _of_other_holder(step, names) or Sense(Meaning.GRANTS_RIGHT, f"Grants {after}, instead of {before}")
    if resource.operation is Operation.REPLACE:
        return Sense(Meaning.GRANTS_RIGHT, f"Grants {after} again")
    return Sense(Meaning.GRANTS_RIGHT, f"Grants {after}")


def _of_other_holder(step: Step, names: Mapping[str, str]) -> Sense | None:
    """Return the meaning of a replaced assignment that differs in its holder alone; None for another one."""
    inputs, old = step.resource.inputs, step.resource.old_inputs or {}
    role, on = _role(inputs), _scope(step, inputs)
    if (role, on, inputs.get("condition")) != (_role(old), _scope(step, old), old.get("condition")):
        return None
    after, before = _holder(step, inputs, names), _holder(step, old, names)
    if after == before:
        return None
    text = f"Gives the role “{role}” on {on} to {after}, and no longer to {before}"
    return Sense(Meaning.REPLACES_HOLDER, shortened(text, _MAX * 4))


def right_of_property(
    step: Step, change: PropertyChange, readers: tuple[Policy, ...], names: Mapping[str, str]
) -> Sense | None:
    """Return the meaning of a changed property of a role assignment or of a role."""
    type_ = plain_type(step.resource.type)
    about_rights = any(concern_of(policy.id) is Concern.RIGHT for policy in readers)
    if type_ in ASSIGNMENTS and about_rights:
        return _of_condition(step, change, names) or Sense(
            Meaning.GRANTS_RIGHT, f"Changes {_grant(step, step.resource.inputs, names)}"
        )
    if type_ == DEFINITION and about_rights:
        fewer = change.kind is ChangeKind.REMOVED and "not" not in change.text.lower()
        if fewer:
            return Sense(Meaning.REVOKES_RIGHT, "Takes operations out of a role")
        return Sense(Meaning.GRANTS_RIGHT, "Changes the operations of a role")
    return None


def _of_condition(step: Step, change: PropertyChange, names: Mapping[str, str]) -> Sense | None:
    """Return the meaning of a condition that an assignment gets, loses or has no effect with; None for another change.

    A condition only restricts what a role permits (docs/azure-facts.md#conditions-of-role-assignments).
    """
    if str(change.path[0]) not in _CONDITION:
        return None
    before, after = (condition_text(str(inputs.get("condition") or ""))
                     for inputs in (step.resource.old_inputs or {}, step.resource.inputs))  # fmt: skip
    if after == condition_text(NO_ACCESS):
        text = _grant(step, step.resource.inputs, names, "from")
        return Sense(Meaning.REVOKES_RIGHT, f"Revokes {text}, by a condition under which it permits nothing")
    if after and not before:
        return Sense(Meaning.REVOKES_RIGHT, f"Restricts {_grant(step, step.resource.inputs, names)} by a condition")
    return None


def _grant(step: Step, inputs: Mapping[str, object], names: Mapping[str, str], preposition: str = "to") -> str:
    """Return a right in words: `the role “Reader” to group 3f2a… on storage account stdata`."""
    to, on = _holder(step, inputs, names), _scope(step, inputs)
    return shortened(f"the role “{_role(inputs)}” {preposition} {to} on {on}", _MAX * 3)


def _role(inputs: Mapping[str, object]) -> str:
    role = str(inputs.get("roleDefinitionId", "")).rsplit("/", 1)[-1].lower()
    known = TITLE if role.startswith(PREFIX) else BUILT_IN_ROLES.get(role)
    return known or (f"with the id {role}" if role and role != UNKNOWN else "that is not known yet")


def _holder(step: Step, inputs: Mapping[str, object], names: Mapping[str, str]) -> str:
    kind = "group" if inputs.get("principalType") == "Group" else "identity"
    named = names.get(str(inputs.get("principalId")).lower())
    return f"the {kind} “{named}”" if named else _named(step, "principalId", inputs.get("principalId"), kind)


def _scope(step: Step, inputs: Mapping[str, object]) -> str:
    return _named(step, "scope", inputs.get("scope"), "")


def _named(step: Step, property_: str, value: object, kind: str) -> str:
    """Return a principal or a scope by its resource in the program, or else by its id."""
    urns = step.resource.property_dependencies.get(property_, ())
    if len(urns) == 1 and type_of(urns[0]) == REFERENCE:
        return (
            f"{'an' if kind == 'identity' else 'a'} {kind or 'resource'} of stack {name_of(urns[0]).rsplit('/', 1)[-1]}"
        )
    if len(urns) == 1:
        return f"{kind_of(type_of(urns[0]))} {shortened(name_of(urns[0]), _MAX)}"
    if value in (None, UNKNOWN, SECRET):
        return f"a {kind or 'resource'} that is not known yet"
    text = str(value).rstrip("/")
    return f"{kind} {shortened(text if kind else '/'.join(text.split('/')[-2:]), _MAX)}".strip()
