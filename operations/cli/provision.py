"""`sde provision`: bring up every tenancy whose request has a permit, for a pipeline."""

from __future__ import annotations

from typing import Annotated

import typer

from formats.stack_config import TenancyConfig, is_kind
from operations.cli.expiry import changeable, warn_of_expiry
from operations.cli.lifecycle import Parallel
from operations.cli.options import Quiet, command
from operations.cli.output import printable
from operations.cli.recorded import Recorder
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack
from operations.cli.text import plural
from operations.cli.waiting_stacks import refuse_waiting, waiting_stacks

WithPlatform = Annotated[
    bool,
    typer.Option("--with-platform", help="First what needs no permit: the platform, the zones, shared tenancies."),
]


@command()
def provision(session: Session, *, with_platform: WithPlatform = False, parallel: Parallel = None,
              quiet: Quiet = False) -> None:  # fmt: skip
    """Bring up each tenancy whose request has a permit, and say of the others why they wait. Asks nothing.

    A second run changes nothing. One tenancy that fails stops no other. A request that is not approved yet is no
    failure. Without --with-platform, what tenancies require must be up. For a pipeline: scripts/sde provision --json.
    """
    from operations.cli.deploy import Deployment  # noqa: PLC0415 - imports much that --help does not need
    from operations.cli.run_progress import width, workers_for  # noqa: PLC0415

    session.output.quiet = quiet
    recorder = Recorder(session, "provision")
    recorder.read_estate(())
    chosen = session.chosen(None, True)
    tenancies = [stack for stack in chosen if is_kind(stack.name, TenancyConfig)]
    if not with_platform:
        refuse_waiting(waiting_stacks(session, tenancies))
    waiting = _without_permit(session, tenancies)
    candidates = chosen if with_platform else tenancies
    permitted = [stack for stack in candidates if stack.name not in waiting]
    if not permitted:
        session.output.say("No request has a permit.")
        return
    with recorder.recording(permitted):
        found = changeable(session, permitted, everything=True)
        session.bring_up_to_date()
        warn_of_expiry(session.output, permitted)
        workers = workers_for(width(found.stacks), parallel)
        Deployment(session, found.stacks, (), yes=True, workers=workers, recorded_by=recorder).up()
        found.refuse_others()


def _without_permit(session: Session, tenancies: list[Stack]) -> set[str]:
    """Return the tenancies without a permit, and print why they have none."""
    reasons = {stack.name: session.permits.why_not(stack) for stack in tenancies}
    waiting = {name: found for name, found in reasons.items() if found}
    for name, found in waiting.items():
        session.output.emit({"event": "not-permitted", "stack": name, "reasons": list(found)})
        session.output.say(f"{printable(name)} waits for its permit: {printable('; '.join(found))}", style="yellow")
    permitted = len(tenancies) - len(waiting)
    session.output.say(f"{plural(permitted, 'request')} with a permit, {len(waiting)} without")
    return set(waiting)
