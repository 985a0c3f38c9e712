"""`sde request approve`, `reject`, `return` and `withdraw`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from approvals.canonical import time_text
from approvals.decision import Verb
from formats.errors import InputError
from operations.cli.estate_requests import AllRequests, EstateRequests, Key, Project, Projects, add_file
from operations.cli.options import DemoKeys, Yes, command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import plural

if TYPE_CHECKING:
    from approvals.deciding import NewDecision

Step = Annotated[str | None, typer.Option("--step", help="The step of the route.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in one line, such as the minutes.")]


@command("estate", "json_")
def approve(session: Session, *, projects: Projects = None, everything: AllRequests = False, step: Step = None,
            reason: Reason = "", key: Key = None, demo_keys: DemoKeys = False, yes: Yes = False) -> None:  # fmt: skip
    """Approve what a step sees of a request, and sign that with your key. Shows it first.

    Example: sde request approve hcm-progression --step governance --reason "Minutes of 12 May" --key key.pem. With
    --demo-keys, requests are assessed where they are not, and without --step made-up people approve every open step.
    """
    chosen = EstateRequests(session).chosen(projects, everything)
    if demo_keys:
        _approve_with_demo_keys(session, chosen, step, key, reason)
        return
    if len(chosen) > 1:
        raise InputError("A decision is on one request.", key="PROJECT", found=", ".join(chosen), allowed="one project")
    _decide(session, Verb.APPROVE, chosen[0], step=step, reason=reason, key=key, yes=yes)


@command("estate", "json_")
def reject(session: Session, project: Project, *, step: Step = None, reason: Reason = "", key: Key = None,
           yes: Yes = False) -> None:  # fmt: skip
    """Reject a request, which ends it: a further one needs a new number.

    Example: sde request reject hcm-progression --step committee --reason "No public benefit" --key key.pem.
    """
    _decide(session, Verb.REJECT, project, step=step, reason=reason, key=key, yes=yes)


@command("estate", "json_")
def return_(session: Session, project: Project, *, step: Step = None, reason: Reason = "", key: Key = None,
            yes: Yes = False) -> None:  # fmt: skip
    """Return a request for an amendment of what the step sees. Approving it later takes the return back.

    Example: sde request return hcm-progression --step governance --reason "Name the data sets" --key key.pem.
    """
    _decide(session, Verb.RETURN, project, step=step, reason=reason, key=key, yes=yes)


@command("estate", "json_")
def withdraw(session: Session, project: Project, *, step: Step = None, reason: Reason = "", key: Key = None,
             yes: Yes = False) -> None:  # fmt: skip
    """Withdraw a request for its applicant, which ends it.

    Example: sde request withdraw hcm-progression --step contract --reason "Asked by its lead" --key key.pem.
    """
    _decide(session, Verb.WITHDRAW, project, step=step, reason=reason, key=key, yes=yes)


def _decide(session: Session, verb: Verb, project: str, *, step: str | None, reason: str, key: str | None,
            yes: bool) -> None:  # fmt: skip
    from approvals.deciding import decide  # noqa: PLC0415 - beside the library of decisions

    requests = EstateRequests(session)
    submission, context = requests.submission(project), requests.context_of(project)
    if step is None:
        raise InputError("A decision is on one step.", key="--step", found="nothing",
                         allowed=", ".join(context.route.by_name))  # fmt: skip
    if not 3 <= len(reason) <= 500:
        raise InputError("A decision has a reason.", key="--reason", found=reason, allowed="3 to 500 characters")
    made = decide(requests.files.decisions(project), context, submission, step=step, verb=verb, reason=reason,
                  signer=requests.signer(key))  # fmt: skip
    name = context.approvers.people_by_id[made.decision.person].name
    show_view(session, submission.view(context.route.by_name[step]))
    session.output.say(f"{name} ({made.decision.role}) will {verb} this on {time_text(made.decision.time)}.")
    if not (yes or session.agree(f"Sign and {verb}?")):
        session.output.say("Nothing was signed.")
        return
    _add(requests, project, made, name)


def _add(requests: EstateRequests, project: str, made: NewDecision, name: str) -> None:
    file = _add_quietly(requests, project, made)
    text = f"{made.decision.step}: {made.decision.verb} by {printable(name)}"
    requests.session.output.say(Text.assemble((text, "green"), f"  {printable(file.name)}"))


def _add_quietly(requests: EstateRequests, project: str, made: NewDecision) -> Path:
    file = requests.files.decisions_folder(project) / made.file_name
    add_file(file, made.content)
    decision = made.decision
    said = {"step": decision.step, "verb": str(decision.verb), "person": str(decision.person), "file": str(file)}
    complete = made.progress.is_complete
    requests.session.output.emit({"event": "decided", "project": project, **said, "complete": complete})
    return file


def _approve_with_demo_keys(
    session: Session, projects: Sequence[str], step: str | None, key: str | None, reason: str
) -> None:
    from operations.cli.demo_approvers import approve_with_demo_keys, require_local  # noqa: PLC0415 - makes keys
    from operations.cli.request_assessment import assess, is_assessed, write_assessment  # noqa: PLC0415 - the engine

    requests = EstateRequests(session)
    if key is not None:
        raise InputError("A decision has one key.", key="--key", found="a key, and --demo-keys",
                         fix="leave out one of them")  # fmt: skip
    require_local(requests)
    if missing := [one for one in projects if not is_assessed(requests, one)]:
        with session.output.err.status(f"Planning {plural(len(missing), 'tenancy')}"):
            for project, found in assess(requests, missing):
                write_assessment(requests, project, found)
                session.output.say(f"assessed {printable(project)}", style="dim")
    for project in projects:
        count = 0
        for made in approve_with_demo_keys(requests, project, step, reason or "Approved with the demo's keys"):
            _add_quietly(requests, project, made)
            count += 1
        done = f"{plural(count, 'decision')} added" if count else "nothing to decide"
        session.output.say(Text.assemble((f"{printable(project)}: approved", "green"), f"  {done}"))


def show_view(session: Session, view: object) -> None:
    """Print what a step sees."""
    for line in json.dumps(view, indent=2, ensure_ascii=False).splitlines():
        session.output.say("  " + printable(line))
