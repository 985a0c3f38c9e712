"""The report of a mutation run: as tables and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from policies.mutations.model import AddedKind, Mutant, Outcome, Refusal
from policies.mutations.proof import GATE, Proof

MAX_LINES = 20
"""At most this many mutants or findings are printed for each problem."""


def as_json(proof: Proof) -> dict[str, Any]:
    """Return the result as JSON, with an entry for each mutant."""
    return {
        "holds": proof.holds,
        "today": proof.today.isoformat(),
        "stacks": {stack: proof.plans.get(stack) for stack in proof.stacks},
        "mutants": len(proof.outcomes),
        "doors": {name: {"refused": refused, "of": checked} for name, (refused, checked) in proof.counts.items()},
        "refused_before": [{"policy": f.policy, "urn": f.urn, "message": f.message} for f in proof.before],
        "disagreements": [m.id for m in proof.disagreements],
        "outcomes": [_outcome(o) for o in proof.outcomes],
        "added": {
            "mutants": len(proof.added),
            "kinds": {kind.value: _counts(of_kind) for kind, of_kind in _by_kind(proof).items()},
            "not_refused": [m.id for m in proof.missed_additions],
            "harmless": _harmless(proof),
        },
    }


def _by_kind(proof: Proof) -> dict[AddedKind, list[Outcome]]:
    return {kind: [o for o in proof.added if o.mutant.added is kind] for kind in AddedKind}


def _counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    harmless = sum(bool(o.mutant.harmless) for o in outcomes)
    return {"of": len(outcomes), "refused": sum(o.refused_by(GATE) for o in outcomes), "harmless": harmless}


def _harmless(proof: Proof) -> list[dict[str, str]]:
    """Return the harmless additions by name, each change to a type once."""
    mutants = [o.mutant for o in proof.added if o.mutant.harmless]
    named = {(m.type, m.label): m for m in mutants}
    return [{"type": m.type, "added": m.label, "because": m.harmless} for m in named.values()]


def _outcome(outcome: Outcome) -> dict[str, Any]:
    mutant = outcome.mutant
    return {
        "stack": mutant.stack,
        "type": mutant.type,
        "name": mutant.name,
        "urn": mutant.urn,
        "weakened": mutant.label,
        "harm": mutant.harm,
        "doors": {detector: _refusal(refusal) for detector, refusal in outcome.refusals.items()},
    }


def _refusal(refusal: Refusal | None) -> dict[str, Any]:
    if refusal is None:
        return {"refused": False}
    resource = {"on": refusal.resource} if refusal.resource else {}
    return {"refused": True, "by": refusal.by, "why": refusal.why, **resource}


def table(proof: Proof) -> RenderableType:
    """Return a table of the mutants that were not refused, with a row for each type and a column for each detector.
    The problems follow."""
    rows = Table(box=None, pad_edge=False, header_style="bold")
    rows.add_column("type")
    rows.add_column("mutants", justify="right")
    for detector in proof.detectors:
        rows.add_column(f"missed by {detector}", justify="right")
    types = Counter(o.mutant.type for o in proof.outcomes)
    for type_, count in sorted(types.items()):
        rows.add_row(type_, f"{count:,}", *(_missed(proof, detector, type_) for detector in proof.detectors))
    rows.add_row(
        "all", f"{len(proof.outcomes):,}", *(_missed(proof, detector) for detector in proof.detectors), style="bold"
    )
    added: list[RenderableType] = [_added(proof), Text("")] if proof.added else []
    return Group(rows, Text(""), *added, *_lines(proof))


def _added(proof: Proof) -> Table:
    """Return the counts of the additions that the SDK offers, with a row for each kind."""
    rows = Table(box=None, pad_edge=False, header_style="bold")
    rows.add_column("added")
    for column in ("mutants", "refused by gate", "harmless", "missed by gate"):
        rows.add_column(column, justify="right")
    for kind, outcomes in [*_by_kind(proof).items(), ("all", list(proof.added))]:
        found = _counts(outcomes)
        missed = found["of"] - found["refused"] - found["harmless"]
        counts = (f"{n:,}" for n in (found["of"], found["refused"], found["harmless"]))
        rows.add_row(str(kind), *counts, Text(f"{missed:,}", style="red" if missed else ""))
    return rows


def _missed(proof: Proof, detector: str, type_: str | None = None) -> Text:
    """Return the number of mutants that a detector did not refuse: a dash if it checked none, `n of m` if not all."""
    of_type = [o for o in proof.outcomes if type_ in (None, o.mutant.type)]
    checked = [o for o in of_type if detector in o.refusals]
    missed = sum(not o.refused_by(detector) for o in checked)
    if not checked:
        return Text("–", style="dim")
    of = "" if len(checked) == len(of_type) else f" of {len(checked):,}"
    return Text(f"{missed:,}{of}", style="red" if missed and detector == GATE else "")


def _lines(proof: Proof) -> Iterator[Text]:
    for detector, (refused, checked) in proof.counts.items():
        yield Text(f"{detector} refused {refused:,} of {checked:,} ({refused / max(checked, 1):.1%})")
    for finding in proof.before[:MAX_LINES]:
        yield Text(
            f"refused without mutants: {finding.policy} {finding.stack} {finding.name}: {finding.message}", style="red"
        )
    missed = (*proof.missed(GATE), *proof.missed_additions)
    for heading, mutants in (("not refused", missed), ("gate and pack differ", proof.disagreements)):
        yield from (Text(f"{heading}: {describe(m)}", style="red") for m in mutants[:MAX_LINES])
        if len(mutants) > MAX_LINES:
            yield Text(f"… and {len(mutants) - MAX_LINES:,} more; --json and -o list all", style="red")


def describe(mutant: Mutant) -> str:
    """Return a description of a mutant."""
    return f"{mutant.stack}: {mutant.type} {mutant.name}: {mutant.label} ({mutant.harm})"
