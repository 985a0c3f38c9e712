"""`sde evidence`: the pack for an assessment, and its verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from formats.errors import InputError, Refused
from operations.cli.estate_requests import EstateRequests, Key
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.targets import STDOUT, refuse_unwritable, write_text
from operations.cli.text import plural

if TYPE_CHECKING:
    from operations.cli.report_facts import EstateFacts
    from operations.cli.stack_catalog import Stack
    from operations.evidence.claims import Claim
    from operations.evidence.facts import Facts, FlowFacts
    from operations.evidence.ledger_extract import LedgerExtract
    from operations.evidence.standards import Control

DEFAULT = "evidence.zip"
_MOST_NAMED = 20


@command("json_", "estate", "cloud", accepts_orphaned=True)
def evidence(
    session: Session,
    *,
    controls: Annotated[
        list[str] | None,
        typer.Option("--control", metavar="STANDARD:NUMBER", help="A control, such as SATRE:2.2.11. Repeatable.",
                     show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every control of every standard.")] = False,
    target: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The zip file to write.")
    ] = DEFAULT,
    key: Key = None,
    pack: Annotated[
        Path | None,
        typer.Option("--verify", metavar="FILE", help="Verify a pack instead of writing one.", show_default=False),
    ] = None,
    signer: Annotated[
        str | None,
        typer.Option("--signer", metavar="ID", help="With --verify: the id of the key that must have signed.",
                     show_default=False),
    ] = None,
) -> None:  # fmt: skip
    """Write the evidence for an assessment as a zip file: for each control a claim, with the resources that were
    judged, exemptions, flows, extracts of the ledger, SATRE's spreadsheet and OSCAL assessment results.

    Exits 3 if a claim is not met; the pack is written all the same. --key signs it. Standards: SATRE, NCSC, CIS,
    ISO27001, FIVE-SAFES, CAF (which the DSPT follows) and CE. Example: sde evidence --control SATRE:2.2.11 -o pack.zip.
    """
    if pack is not None:
        if controls or everything or key or target != DEFAULT:
            raise InputError("A pack is verified or written, not both.", key="--verify", found=str(pack),
                             fix="leave out --control, --all, --key and -o")  # fmt: skip
        _verify(session, pack, signer)
        return
    if signer is not None:
        raise InputError("A new pack has no signature yet to compare.", key="--signer", found=signer,
                         fix="--key signs a pack; --signer goes with --verify")  # fmt: skip
    _write(session, _chosen(controls, everything), target, key)


def _chosen(names: Sequence[str] | None, everything: bool) -> Sequence[Control]:
    """Return the controls that the options name."""
    from operations.evidence.standards import control_named, every_control  # noqa: PLC0415 - imports the policies

    if everything is bool(names):
        raise InputError("Name controls, or use --all.", key="--control", found=" ".join(names or ()) or "nothing",
                         allowed="SATRE:2.2.11, for example; repeatable")  # fmt: skip
    return every_control() if everything else list({one.name: one for one in map(control_named, names or ())}.values())


def _write(session: Session, controls: Sequence[Control], target: str, key: str | None) -> None:
    from operations.evidence.pack import UNSIGNED, Pack  # noqa: PLC0415 - imports the policies

    if target == STDOUT:
        raise InputError("A pack needs a file: stdout is for the report.", key="--output", found=target,
                         fix=f"name a file, such as {DEFAULT}")  # fmt: skip
    refuse_unwritable(target)
    requests = EstateRequests(session)
    signer = requests.signer(key) if key else None
    made = Pack(_facts(session, requests.estate.file.organisation, controls), controls, signer)
    with session.output.err.status("Writing the pack"):
        content = made.to_zip()
    write_text(session, target, "evidence", content)
    left = [one for one in made.claims if _is_open(one)]
    session.output.emit({"event": "evidence", "file": target, "outcomes": dict(made.outcomes),
                         "signed_with": signer.key.id if signer else None,
                         "not_met": {one.control.name: list(one.reasons) for one in left}})  # fmt: skip
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in made.outcomes.items() if count)
    session.output.say(f"wrote {target}: {plural(len(made.claims), 'claim')}: {counts}")
    if signer:
        session.output.say_whole(f"signed with {signer.key.id}")
    else:
        session.output.warn(UNSIGNED, kind="unsigned")
    _refuse(left, target)


def _is_open(claim: Claim) -> bool:
    from operations.evidence.claims import Outcome  # noqa: PLC0415 - imports the policies

    return claim.outcome is Outcome.NOT_MET


def _refuse(claims: Sequence[Claim], target: str) -> None:
    """Raise `Refused` with the claims that are not met, of many the first."""
    if not claims:
        return
    lines = [f"  {one.control.name}: {'; '.join(one.reasons)}" for one in claims[:_MOST_NAMED]]
    more = len(claims) - _MOST_NAMED
    lines += [f"  and {more:,} more, in {target}"] if more > 0 else []
    raise Refused("\n".join([f"{plural(len(claims), 'claim')} not met.", *map(printable, lines)]))


def _facts(session: Session, organisation: str, controls: Sequence[Control]) -> Facts:
    """Gather the facts that some claims rest on. Errors are those of the states, the ledger and the exemptions."""
    from operations.cli.app import version  # noqa: PLC0415 - imports the commands
    from operations.cli.report_facts import EstateFacts  # noqa: PLC0415 - imports the policies
    from operations.evidence.facts import Facts, StackFact  # noqa: PLC0415
    from policies.wording import plain  # noqa: PLC0415

    estate, cloud = EstateFacts(session), session.ledger_cloud
    if not estate.plans:
        raise InputError("Nothing of the estate is deployed: there is no evidence.", fix="scripts/sde up --all")
    with session.output.err.status("Evaluating the policies"):
        report = estate.gate.evaluate(list(estate.plans.values()), is_complete=True)
    with session.output.err.status("Verifying the ledger"):
        ledger, problems = _ledger(session, cloud, [one.name for one in estate.stacks])
    stacks = tuple(
        StackFact(one.name, one.config, one.name in estate.plans, _is_due(session, one)) for one in estate.stacks
    )
    return Facts(
        organisation=plain(organisation),
        made=datetime.now(UTC).replace(microsecond=0),
        version=version(),
        stacks=stacks,
        report=report,
        flows=_flows(session, estate, controls),
        ledger=ledger,
        state_problems=problems,
        notes=tuple(map(plain, report.warnings)),
    )


def _is_due(session: Session, stack: Stack) -> bool:
    """Return True for a stack that the estate must have deployed: with a permit, if it needs one, and not ended."""
    ended = stack.has_ended or any(one.is_past and one.key == "expires" for one in stack.expiries)
    return not stack.is_orphaned and not ended and session.permits.allows(stack)


def _ledger(session: Session, cloud: str, stacks: Sequence[str]) -> tuple[LedgerExtract | None, Mapping[str, str]]:
    """Return what the ledger has of some stacks, and those whose state does not follow from it. `Failed` if the ledger
    itself does not verify: nothing can rest on it."""
    from operations.cli.ledger import refuse_damaged, verified  # noqa: PLC0415 - imports the ledger
    from operations.evidence.ledger_extract import extract  # noqa: PLC0415

    log = session.ledger(cloud).log
    found = verified(session, cloud)
    refuse_damaged(log, found, "evidence")
    return extract(log, stacks), {one.stack: one.text for one in found.problems if one.stack}


def _flows(session: Session, estate: EstateFacts, controls: Sequence[Control]) -> FlowFacts | None:
    """Return the flows with their certificate, if a control rests on them and something holds data."""
    from operations.evidence.claims import FLOW_POLICIES  # noqa: PLC0415 - imports the policies
    from operations.evidence.facts import FlowFacts  # noqa: PLC0415
    from policies.reachability.certificate import certificate  # noqa: PLC0415
    from policies.reachability.forbidden_flows import analyse_flows  # noqa: PLC0415
    from policies.rules import load  # noqa: PLC0415

    rest_on = any(policy.id in FLOW_POLICIES for one in controls for policy in one.policies(load()))
    if not rest_on or not estate.holds_data:
        return None
    with session.output.err.status("Proving the flows"):
        found = analyse_flows(estate.context, exhaustive=True)
        plans = {plan.stack: plan.digest for plan in estate.plans.values()}
        catalogue = estate.gate.catalogue.digest if estate.gate.catalogue else None
        return FlowFacts(found, certificate(found, {
            "plans": plans, "catalogue": catalogue, "doubts": list(found.unknowns),
            "left_out": [one.to_json() for one in found.accepted],
        }))  # fmt: skip


def _verify(session: Session, file: Path, signer: str | None) -> None:
    from operations.evidence.verification import verify_pack  # noqa: PLC0415 - imports cryptography

    found = verify_pack(file, signer)
    head = found.checkpoint
    session.output.emit({
        "event": "verified", "file": str(file), "organisation": found.organisation, "made": found.made,
        "outcomes": dict(found.outcomes), "signed_with": found.signer,
        "ledger": head and {"origin": head.origin, "size": head.size, "root": head.root.hex()},
    })  # fmt: skip
    counts = ", ".join(f"{count:,} {printable(name)}" for name, count in found.outcomes.items() if count)
    session.output.say(f"{printable(found.organisation)}, made {printable(found.made)}: {counts}")
    session.output.say(f"The checksums of {plural(found.files, 'file')} hold.", style="green")
    if head:
        session.output.say_whole(
            f"The ledger entries are in the tree of {printable(head.origin)}, {plural(head.size, 'entry')}, "
            f"root {head.root.hex()}: compare it with your records."
        )
    if found.signer is None:
        session.output.warn("The pack is not signed: anyone may have written it.", kind="unsigned")
    elif signer is None:
        session.output.say_whole(f"Signed with {found.signer}: compare it with your records (--signer).")
    else:
        session.output.say_whole(f"Signed with {found.signer}.")
