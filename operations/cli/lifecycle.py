"""`sde preview`, `up`, `refresh`, `drift` and `destroy`."""

from __future__ import annotations

from typing import Annotated

import typer

from formats.errors import InputError
from operations.cli.expiry import changeable, refuse_ended_ways, warn_of_expiry
from operations.cli.options import All, DemoKeys, Quiet, Stacks, Target, Yes, command
from operations.cli.orphaned import refuse_orphaned, warn_of_orphaned
from operations.cli.recorded import Recorder
from operations.cli.session import Session

FoldedSummary = Annotated[
    bool, typer.Option("--summary", help="One page for all stacks: equal changes once, with their resources.")
]
ByResource = Annotated[
    bool, typer.Option("--by-resource", help="Each resource with its changed properties, not the changes by meaning.")
]
Ended = Annotated[
    bool,
    typer.Option("--ended", help="The tenancies that end by themselves and whose end is past, with their data."),
]
ReleaseData = Annotated[
    list[str] | None,
    typer.Option(
        "--release-data",
        metavar="STACK",
        help="Delete the protected resources of this stack in Azure too. Repeatable.",
        show_default=False,
    ),
]

Page = Annotated[
    str | None,
    typer.Option("--page", metavar="FILE", help="Also write one page of Markdown, for the comment on a pull request.",
                 show_default=False),
]  # fmt: skip
Refreshed = Annotated[
    bool, typer.Option("--refresh", help="Plan with the cloud's present properties; the state stays as it is.")
]
Parallel = Annotated[
    int | None,
    typer.Option(
        "--parallel", metavar="N", min=1, help="The most stacks at the same time.", show_default="one for each core"
    ),
]
Continue = Annotated[
    bool, typer.Option("--continue", help="The stacks that the last up of several stacks did not finish.")
]


@command()
def preview(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    target: Target = None,
    summary: FoldedSummary = False,
    by_resource: ByResource = False,
    refreshed: Refreshed = False,
    parallel: Parallel = None,
    page: Page = None,
) -> None:
    """Show the changes that up would make, by their meaning. Changes nothing. Exits 2 if a required stack is not up.

    Example: sde preview tre-hcm-progression, or sde preview --all --summary.
    """
    from operations.cli.change_page import ChangePage  # noqa: PLC0415 - imports much that --help does not need
    from operations.cli.deploy import Deployment  # noqa: PLC0415
    from operations.cli.drift import require_cloud  # noqa: PLC0415
    from operations.cli.run_progress import workers_for  # noqa: PLC0415
    from operations.cli.workers import Work  # noqa: PLC0415

    written = ChangePage(session, page)
    with written.at_the_end():
        chosen = session.selected(stacks, everything)
        warn_of_expiry(session.output, chosen)
        orphaned = warn_of_orphaned(session, everything)
        workers = workers_for(len(chosen), parallel) if not target else 1
        work = Work.PLAN_AFTER_REFRESH if refreshed else Work.PLAN
        if refreshed:
            require_cloud(session, [stack for stack in chosen if session.is_deployed(stack)])
        deployment = written.previewed = Deployment(
            session,
            chosen,
            target or (),
            False,
            everything,
            workers,
            summarised=summary,
            by_resource=by_resource,
            work=work,
        )
        deployment.preview()
        refuse_ended_ways(chosen)
        refuse_orphaned(orphaned)
    deployment.show_verdict()


@command()
def up(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    target: Target = None,
    parallel: Parallel = None,
    continue_: Continue = False,
    quiet: Quiet = False,
) -> None:
    """Deploy stacks: show the plan, ask for confirmation, apply it. Never deletes protected resources.

    A stack that fails stops only those that require it. An expired stack is not changed: exit 3, with --all after the
    other stacks. With --yes and --all, stacks that do not require each other are deployed side by side.

    Example: sde up tre-hcm-progression, or sde up --all --yes in a pipeline.
    """
    from operations.cli.deploy import Deployment  # noqa: PLC0415
    from operations.cli.run_progress import width, workers_for  # noqa: PLC0415

    session.output.quiet = quiet
    recorder = Recorder(session, "up")
    recorder.read_estate(stacks or ())
    if continue_:
        stacks, everything = _unfinished(session, stacks, everything)
        chosen = session.chosen(stacks, False)
    else:
        chosen = session.chosen(stacks, everything)
    with recorder.recording(chosen):
        found = changeable(session, chosen, everything=everything)
        session.bring_up_to_date()
        warn_of_expiry(session.output, chosen)
        orphaned = warn_of_orphaned(session, everything)
        workers = workers_for(width(found.stacks), parallel) if yes and not target else 1
        deployment = Deployment(session, found.stacks, target or (), yes, everything, workers, recorder)
        deployment.up()
        found.refuse_others()
        refuse_orphaned(orphaned)
    deployment.show_verdict()


def _unfinished(session: Session, names: list[str] | None, everything: bool) -> tuple[list[str], bool]:
    """Return the stacks that an earlier run has left, and True if it was a run of all stacks."""
    if names or everything:
        raise InputError("--continue takes the stacks of the last run.", found=" ".join(names or ["--all"]),
                         fix="name stacks, or use --continue")  # fmt: skip
    run = session.run_file.read()
    known = {stack.name for stack in session.catalog.stacks}
    left = [name for name in run.left if name in known]
    if not left:
        raise InputError("The estate no longer has the stacks that the last run left.", key="--continue",
                         found=", ".join(run.left), fix="scripts/sde up --all")  # fmt: skip
    return left, run.everything


@command(accepts_orphaned=True)
def refresh(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    quiet: Quiet = False,
) -> None:
    """Show what differs in the cloud, and update the state with it. The next preview shows how up would undo it.

    Example: sde refresh tre-hcm-progression.
    """
    from operations.cli.drift import refresh as refresh_states  # noqa: PLC0415

    session.output.quiet = quiet
    chosen = session.chosen(stacks, everything)
    recorder = Recorder(session, "refresh")
    with recorder.recording(chosen):
        session.bring_up_to_date()
        refresh_states(session, chosen, recorder, yes=yes)


@command(accepts_orphaned=True)
def drift(session: Session, *, stacks: Stacks = None, everything: All = False, parallel: Parallel = None) -> None:
    """Compare the cloud with the state, and the state with the estate. Changes nothing. Exits 3 if anything differs.

    Shows only what differs, and the policy findings that the drift causes. Resources that the state does not have are
    not seen.

    Example: sde drift --all, each night.
    """
    from operations.cli.drift import Drift  # noqa: PLC0415
    from operations.cli.run_progress import workers_for  # noqa: PLC0415

    chosen = session.selected(stacks, everything)
    Drift(session, chosen, workers_for(len(chosen), parallel)).run()


@command(accepts_orphaned=True)
def destroy(
    session: Session,
    *,
    stacks: Stacks = None,
    everything: All = False,
    yes: Yes = False,
    target: Target = None,
    release_data: ReleaseData = None,
    ended: Ended = False,
    demo_keys: DemoKeys = False,
    quiet: Quiet = False,
) -> None:
    """Delete stacks, dependents first. In Azure, stacks with protected data need --release-data, unless --ended chose
    them. In an estate with a route, tenancies and protected data need a permit: scripts/sde request actions ask.

    Example: sde destroy tre-hcm-progression --release-data tre-hcm-progression.
    """
    from operations.cli.destroy import Destruction, destroy_ended  # noqa: PLC0415

    session.output.quiet = quiet
    recorder = Recorder(session, "destroy")
    recorder.read_estate(stacks or ())
    if ended:
        if stacks or everything or target or release_data or demo_keys:
            raise InputError("--ended chooses the stacks, and destroys each whole, without a permit.",
                             fix="leave out the names and the other options")  # fmt: skip
        destroy_ended(session, recorder, yes=yes)
        return
    chosen = session.chosen(stacks, everything)
    with recorder.recording(chosen):
        session.bring_up_to_date()
        Destruction(session, chosen, recorder, target or (), yes, release_data or (), demo_keys=demo_keys).run()
