"""Outputs are names and identifiers that the policies expect (OU1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from formats.addresses import ZoneName
from formats.computers import STAFF_PREFIX, desk_logical_name
from formats.errors import InputError
from formats.plan import UNKNOWN
from formats.property_paths import parse
from formats.stack_config import StackConfig, config_model, is_kind
from formats.urns import ROOT_TYPE
from policies.azure_semantics import ids
from policies.expected.entitlements import Identity
from policies.expected.outputs import KEY, OUTPUTS, PATTERNS, Form, stated
from policies.model import ComplianceControls, Policy, PolicyContext, Resource, Severity, Violation
from policies.rule_helpers.entitlements import object_ids

READS = "reads"
"""The output with the outputs of other stacks that this one reads, by stack."""
MACHINE = "compute:VirtualMachine"
MOVER = "mover_principal_id"
ZONES = frozenset(zone.value for zone in ZoneName)


def check(root: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Compare each value with the form that its path has, and with the value that the estate's files give it; a value
    that is not known yet, after the deployment."""
    allowed = _allowed(root.stack)
    own = [r for r in context.resources if r.stack == root.stack and r.id]
    names = {ids.name(r.id) for r in own}
    values = {Form.ID: {ids.own(r) for r in own}, Form.NAME: names}
    config = context.configs.get(root.stack)
    decided = stated(config) if config else {}
    yield from _check_keys(root, names, {r.name for r in own if r.type == MACHINE})
    for place, pattern, value in _values(root.inputs):
        form = allowed.get(pattern)
        if form is None:
            yield Violation(place, "is no output that the policies expect")
        elif value != UNKNOWN and not _has_form(value, form, values, root, place):
            yield Violation(place, f"is not {form.value}")
        elif value != UNKNOWN and value not in decided.get(pattern, (value,)):
            yield Violation(place, f"is {value}; the estate's is {' or '.join(sorted(decided[pattern]))}")
    if config:
        yield from _check_movers(root, context)


def _check_movers(root: Resource, context: PolicyContext) -> Iterator[Violation]:
    """Require the object id of each zone's mover, which other stacks give rights, to be that of its identity."""
    zones = root.inputs.get("zones")
    for zone, outputs in zones.items() if isinstance(zones, Mapping) else ():
        if zone not in ZONES:  # a key that is refused
            continue
        found = outputs.get(MOVER) if isinstance(outputs, Mapping) else None
        if found not in (None, UNKNOWN) and object_ids(context).get(str(found).lower()) != Identity(
            root.stack, f"{zone}-mover"
        ):
            yield Violation(f"zones.{zone}.{MOVER}", "is not the object id of the zone's mover")


def _check_keys(root: Resource, names: Collection[str], logical: Collection[str]) -> Iterator[Violation]:
    """Refuse keys of maps that name nothing of the estate: a key is printed as a value is."""
    for output, value in root.inputs.items():
        for key in value if isinstance(value, Mapping) else ():
            if output == READS:
                is_name = is_kind(key, StackConfig)
            else:
                machines = {f"{STAFF_PREFIX}{key}", desk_logical_name(key)}
                known = key in ZONES or key in names or f"provider-{key}" in names or not machines.isdisjoint(logical)
                is_name = _is_field(output, key) or known
            if not is_name:
                yield Violation(
                    f"{output}.{key}", "is the name of no zone, provider, private DNS zone, desk, machine or stack"
                )


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


def _has_form(value: Any, form: Form, values: Mapping[Form, set[str]], root: Resource, place: str) -> bool:
    if not isinstance(value, str):
        return False
    if form in values:
        return ids.plain(value) in values[form]
    if form is Form.SUBSCRIPTION:
        return value == root.subscription
    if form is Form.PROJECT:
        return root.stack == f"tre-{value}"
    if form is Form.PATH:
        return _is_output(value, place)
    return PATTERNS[form].fullmatch(value) is not None


def _is_output(path: str, place: str) -> bool:
    """Return True for the path of an output that the stack in the key of `place` may have."""
    _, stack, *_ = map(str, parse(place))
    if not is_kind(stack, StackConfig):  # a key that is refused
        return True
    outputs = OUTPUTS[config_model(stack)]
    try:
        steps = [str(step) for step in parse(path)]
    except InputError:
        return False
    return any(_fits(steps, [str(step) for step in parse(known)]) for known in outputs)


def _fits(steps: Sequence[str], known: Sequence[str]) -> bool:
    """Return True for the steps of a known path, or of a list or a map as a whole."""
    return len(steps) <= len(known) and all(
        one == other or (other == "*" and KEY.fullmatch(one)) for one, other in zip(steps, known, strict=False)
    )


POLICY = Policy(
    id="OU1",
    title="Outputs are names and identifiers that the policies expect",
    why="Outputs are printed and read by other stacks, so a secret or a record in one is in the clear.",
    resource_types=(ROOT_TYPE,),
    severity=Severity.HIGH,
    controls=ComplianceControls(
        satre=("2.2.09", "2.8.05"),
        ncsc=("2",),
        caf=("B3.c",),
        iso27001=("8.12", "8.24"),
        five_safes=("outputs", "data"),
    ),
    fix="Remove the output, or have policies/expected/outputs.py reviewed with its name and form.",
    check=check,
    check_paths=tuple(
        sorted({path.partition(".")[0].partition("[")[0] for forms in OUTPUTS.values() for path in forms})
    ),
    applies=lambda root, _: bool(_allowed(root.stack)),
    evaluation_scope="stack",
)
