"""Outputs are names and identifiers that the policies expect (OU1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from formats.addresses import ZoneName
from formats.errors import InputError
from formats.plan import UNKNOWN
from formats.stack_config import StackConfig, config_model, is_kind
from formats.urns import ROOT_TYPE
from policies.azure_semantics import ids
from policies.expected.outputs import KEY, OUTPUTS, PATTERNS, Form
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation

READS = "reads"
"""The output with the outputs of other stacks that this one reads, by stack."""
ZONES = frozenset(zone.value for zone in ZoneName)


def check(root: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare each value with the form that its path has; a value that is not known yet, after the deployment."""
    allowed = _allowed(root.stack)
    own = [r for r in context.resources if r.stack == root.stack and r.id]
    names = {ids.name(r.id) for r in own}
    values = {Form.ID: {ids.own(r) for r in own}, Form.NAME: names}
    yield from _check_keys(root, names)
    for place, pattern, value in _values(root.inputs):
        form = allowed.get(pattern)
        if form is None:
            yield Violation(place, "is no output that the policies expect")
        elif value != UNKNOWN and not _has_form(value, form, values, root):
            yield Violation(place, f"is not {form.value}")


def _check_keys(root: Resource, names: Collection[str]) -> Iterator[Violation]:
    """Refuse keys of maps that name nothing of the estate: a key is printed as a value is."""
    for output, value in root.inputs.items():
        for key in value if isinstance(value, Mapping) else ():
            if output == READS:
                is_name = is_kind(key, StackConfig)
            else:
                is_name = key in ZONES or key in names or f"provider-{key}" in names
            if not is_name:
                yield Violation(f"{output}.{key}", "is the name of no zone, provider, private DNS zone or stack")


def _allowed(stack: str) -> Mapping[str, Form]:
    try:
        return OUTPUTS[config_model(stack)]
    except InputError:
        return {}


def _values(value: Any, place: str = "", pattern: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield each value in the outputs with its path, and the path with `*` for keys below the first."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            below = f"{place}.{key}" if place else key
            known = key if not place or _is_field(pattern, key) else "*" if KEY.fullmatch(key) else key
            yield from _values(inner, below, f"{pattern}.{known}" if pattern else known)
    elif isinstance(value, list | tuple) and value:
        for index, inner in enumerate(value):
            yield from _values(inner, f"{place}[{index}]", f"{pattern}[*]")
    elif value not in ({}, []):
        yield place, pattern, value


def _is_field(pattern: str, key: str) -> bool:
    """Return True for a key that an expected path names below `pattern`."""
    return any(path.startswith(f"{pattern}.{key}") for paths in OUTPUTS.values() for path in paths)


def _has_form(value: Any, form: Form, values: Mapping[Form, set[str]], root: Resource) -> bool:
    if not isinstance(value, str):
        return False
    if form in values:
        return ids.plain(value) in values[form]
    if form is Form.SUBSCRIPTION:
        return value == root.subscription
    if form is Form.PROJECT:
        return root.stack == f"tre-{value}"
    return PATTERNS[form].fullmatch(value) is not None


POLICY = Policy(
    id="OU1",
    title="Outputs are names and identifiers that the policies expect",
    why="Outputs are printed and read by other stacks, so a secret or a record in one is in the clear.",
    resource_types=(ROOT_TYPE,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.8.05"), ncsc=("2",), iso27001=("8.12", "8.24"), five_safes=("outputs", "data")
    ),
    fix="Remove the output, or have policies/expected/outputs.py reviewed with its name and form.",
    check=check,
    check_paths=tuple(
        sorted({path.partition(".")[0].partition("[")[0] for forms in OUTPUTS.values() for path in forms})
    ),
    applies=lambda root, _: bool(_allowed(root.stack)),
    evaluation_scope="stack",
)
