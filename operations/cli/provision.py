"""`sde provision`: bring up every tenancy whose request has a permit, for a pipeline."""

from __future__ import annotations

from typing import Annotated

import typer

from formats.errors import InputError, Refused
from formats.stack_config import TenancyConfig, is_kind
from operations.cli.expiry import changeable, warn_of_expiry
from operations.cli.lifecycle import Parallel
from operations.cli.options import Quiet, command
from operations.cli.other_runs import OtherRuns
from operations.cli.output import printable
from operations.cli.recorded import Recorder
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.text import plural
from operations.cli.waiting_stacks import refuse_waiting, waiting_stacks

Tenancies = Annotated[
    list[str] | None,
    typer.Argument(metavar="STACK", help="Only these tenancies; refused without a permit.", show_default="all"),
]
WithPlatform = Annotated[
    bool,
    typer.Option("--with-platform", help="First what needs no permit: the platform, the zones, shared tenancies."),
]
Queue = Annotated[
    bool, typer.Option("--queue", help="Have workers on several machines bring up the tenancies: sde queue work.")
]


@command()
def provision(
    session: Session,
    *,
    stacks: Tenancies = None,
    with_platform: WithPlatform = False,
    parallel: Parallel = None,
    queue: Queue = False,
    quiet: Quiet = False,
) -> None:
    """Bring up each tenancy whose request has a permit, and say of the others why they wait. Asks nothing.

    A second run changes nothing. One tenancy that fails stops no other. A request that is not approved yet is no
    failure. Without --with-platform, what tenancies require must be up. For a pipeline: scripts/sde provision --json.

    Example: sde provision --with-platform --json.
    """
    _refuse_together(stacks, with_platform, parallel, queue)
    session.output.quiet = quiet
    recorder = Recorder(session, "provision")
    recorder.read_estate(stacks or ())
    chosen = session.chosen(stacks, not stacks)
    tenancies = _tenancies(chosen, named=bool(stacks))
    if not with_platform:
        refuse_waiting(waiting_stacks(session, tenancies))
    waiting = _without_permit(session, tenancies, named=bool(stacks))
    permitted = [stack for stack in tenancies if stack.name not in waiting]
    others = [stack for stack in chosen if stack not in tenancies] if with_platform else []
    here = others if queue else [stack for stack in chosen if stack in (*others, *permitted)]
    if not others and not permitted:
        session.output.say("No request has a permit.")
    if here:
        _bring_up(session, here, recorder, parallel)
    if queue and permitted:
        from operations.cli.queued import provision_by_queue  # noqa: PLC0415 - imports Celery

        provision_by_queue(session, permitted)


def _bring_up(session: Session, stacks: list[Stack], recorder: Recorder, parallel: int | None) -> None:
    """Bring up stacks in worker processes of this machine."""
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - imports much that --help does not need
    from operations.cli.run_progress import width, workers_for  # noqa: PLC0415

    with recorder.recording(stacks):
        found = changeable(session, stacks, everything=True)
        session.bring_up_to_date()
        warn_of_expiry(session.output, stacks)
        workers = workers_for(width(found.stacks), parallel)
        others = OtherRuns(session, recorder.run)
        Deployment(session, found.stacks, (), yes=True, workers=workers, recorded_by=recorder, others=others).up()
        found.refuse_others()


def _refuse_together(names: list[str] | None, with_platform: bool, parallel: int | None, queue: bool) -> None:
    """Raise `InputError` for options that cannot both be done."""
    if queue and parallel and not with_platform:
        raise InputError("--parallel is for worker processes of this machine, --queue for those of others.",
                         key="--parallel", found=parallel, fix="start as many workers as are wanted")  # fmt: skip
    if names and with_platform:
        raise InputError("--with-platform is for all tenancies.", found=" ".join(names),
                         fix="name no tenancy, or leave --with-platform out")  # fmt: skip


def _tenancies(chosen: list[Stack], *, named: bool) -> list[Stack]:
    """Return the tenancies among stacks. `InputError` for another stack that was named."""
    others = [stack.name for stack in chosen if not is_kind(stack.name, TenancyConfig)]
    if named and others:
        raise InputError("Requests are for tenancies.", key="STACK", found=", ".join(others), allowed="tre-<project>",
                         fix=f"scripts/sde up {' '.join(others)}")  # fmt: skip
    return [stack for stack in chosen if stack.name not in others]


def _without_permit(session: Session, tenancies: list[Stack], *, named: bool) -> set[str]:
    """Return the tenancies without a permit, and print why they have none. `Refused` for one that was named."""
    reasons = {stack.name: session.permits.why_not(stack) for stack in tenancies}
    waiting = {name: found for name, found in reasons.items() if found}
    for name, found in waiting.items():
        session.output.emit({"event": "not-permitted", "stack": name, "reasons": list(found)})
        session.output.say(f"{printable(name)} waits for its permit: {printable('; '.join(found))}", style="yellow")
    if named and waiting:
        raise Refused(f"{', '.join(waiting)}: no permit, so nothing was changed.\n"
                      "  fix:     scripts/sde request status PROJECT")  # fmt: skip
    permitted = len(tenancies) - len(waiting)
    session.output.say(f"{plural(permitted, 'request')} with a permit, {len(waiting)} without")
    return set(waiting)
