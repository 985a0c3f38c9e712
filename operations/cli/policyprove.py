"""`sde policy prove`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from formats.errors import InputError, Refused
from formats.plan import Plan
from operations.cli.deploy import Deployment
from operations.cli.options import All, Stacks, command
from operations.cli.session import Session
from operations.cli.targets import refuse_unwritable, write_json
from operations.mutation.report import as_json, table
from policies.exemptions import Exemptions
from policies.mutations.proof import Detector, GateDetector, Proof, ready
from policies.mutations.proof import prove as weaken
from policies.plan_evaluation import exemptions_of, today
from policies.rules import load


class DetectorChoice(StrEnum):
    """The detectors that can be tested."""

    GATE = "gate"
    PACK = "pack"
    PACK_ALONE = "pack-alone"
    CHECKOV = "checkov"
    FLOWS = "flows"


DetectorChoices = Annotated[
    list[DetectorChoice] | None,
    typer.Option(
        "--door",
        help="Repeatable. pack-alone: the pack without neighbours. checkov and flows take minutes.",
        show_default="gate and pack",
    ),
]
ReportFile = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write JSON there; - is stdout.", show_default=False),
]
ExemptionsFile = Annotated[
    Path | None,
    typer.Option("--exemptions", metavar="FILE", help="Instead of the estate's exemptions.yaml.", show_default=False),
]


@command()
def prove(
    session: Session,
    *,
    stack: Stacks = None,
    everything: All = False,
    detector: DetectorChoices = None,
    target: ReportFile = None,
    exemptions: ExemptionsFile = None,
) -> None:
    """Weaken the plans one property at a time, add what the SDK offers one at a time, and check that each change is
    refused or harmless. Nothing is deployed. Exits 3 if a change passes.

    Some weaknesses show only between stacks, so the whole estate is evaluated; named stacks are those weakened.

    Example: sde policy prove safe-haven.
    """
    refuse_unwritable(target)
    granted = exemptions_of(exemptions, session.estate_folder)
    chosen = list(dict.fromkeys(detector or (DetectorChoice.GATE, DetectorChoice.PACK)))
    wanted = [one.name for one in session.selected(stack, everything)]
    stacks = session.selected(None, True)
    deployment = Deployment(session, stacks)
    plans = [deployment.plan(one) for one in stacks]
    proof = _proof(session, plans, chosen, wanted, granted)
    content = as_json(proof)
    if target is None:
        session.output.emit({"event": "proof", **content})
    else:
        write_json(session, target, "proof", content)
    if not session.output.json and target != "-":
        session.output.text_console.print(table(proof))
    _refuse(proof)


def _proof(
    session: Session,
    plans: Sequence[Plan],
    chosen: Sequence[DetectorChoice],
    wanted: Sequence[str],
    granted: Exemptions,
) -> Proof:
    known = ready(plans)
    is_complete = len(plans) == len(session.catalog.stacks)
    configs = session.configs([plan.stack for plan in plans])
    gate = GateDetector(known, load(), today=today(), is_complete=is_complete, exemptions=granted, configs=configs)
    with session.output.err.status("Weakening") as status:
        others = [_detector(one, gate, known) for one in chosen if one is not DetectorChoice.GATE]
        return weaken(gate, others, known, stacks=wanted, ask_gate=DetectorChoice.GATE in chosen,
                     progress=lambda name, count: status.update(f"{count:,} mutants: {name}"))  # fmt: skip


def _detector(choice: DetectorChoice, gate: GateDetector, plans: Sequence[Plan]) -> Detector:
    """Return a detector. `InputError` for Checkov where it is not installed."""
    if choice in (DetectorChoice.PACK, DetectorChoice.PACK_ALONE):
        from policies.mutations.pack_detector import PackDetector  # noqa: PLC0415

        alone = choice is DetectorChoice.PACK_ALONE
        return PackDetector(plans, gate.estate, gate.exemptions, alone=alone)
    if choice is DetectorChoice.FLOWS:
        from policies.mutations.flow_detector import FlowDetector  # noqa: PLC0415

        return FlowDetector(gate.estate)
    from operations.mutation.checkov import CheckovDetector, installed  # noqa: PLC0415

    if not installed():
        raise InputError(
            "Checkov is not installed.", found="no .venv-checkov", fix="scripts/checkov --version installs it"
        )
    return CheckovDetector(plans, gate.related)


def _refuse(proof: Proof) -> None:
    if proof.before:
        raise Refused("The unchanged plans are refused, so refusing their mutants proves nothing.\n"
                      "  fix:     scripts/sde policy check lists the violations")  # fmt: skip
    if not proof.outcomes:
        raise Refused("There was nothing to weaken, so nothing is proven.")
    missed = len(proof.missed("gate")) + len(proof.missed_additions)
    if missed or proof.disagreements:
        made = len(proof.outcomes) + len(proof.added)
        raise Refused(f"The gate let {missed:,} of {made:,} mutants through; it and the pack differ on "
                      f"{len(proof.disagreements):,}.\n  fix:     see above: a rule is missing, or wrong")  # fmt: skip
