"""`sde request actions ask`, `sign` and `show`: permits to destroy, replace, close, break glass and take a version."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from approvals.actions import ActionPermit, ActionRequest, Answer, SignedAction, read_action, sign_action, verify_action
from approvals.canonical import content_of, time_text
from approvals.envelope import Signer
from approvals.rights import Context
from approvals.route import Action
from formats.errors import InputError
from formats.validation import validated
from operations.cli.estate_requests import EstateRequests, Key, add_file
from operations.cli.options import DemoKeys, Yes, command
from operations.cli.output import printable
from operations.cli.request_decisions import show_view
from operations.cli.rows import Rows
from operations.cli.session import Session

Days = Annotated[int, typer.Option("--days", min=1, max=90, help="How many days from now it is valid.")]
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target", metavar="URN|CODE", help="A resource, or a provider's code. Repeatable.", show_default=False
    ),
]
Stack = Annotated[
    str | None, typer.Argument(metavar="STACK", help="The stack; none for take-version.", show_default=False)
]
ActionName = Annotated[Action, typer.Argument(help="What is to be permitted.", show_default=False)]
Digest = Annotated[str, typer.Argument(metavar="DIGEST", help="The request of the action, as show prints it.")]

_DEMO_REASON = "Permitted with the throw-away keys of a local estate"


@command("estate", "json_")
def ask(session: Session, action: ActionName, stack: Stack = None, *,
        reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, in a sentence.")],
        targets: Targets = None, days: Days = 1, key: Key = None, demo_keys: DemoKeys = False,
        yes: Yes = False) -> None:  # fmt: skip
    """Ask for a permit of an action, and sign it as the first of those who must agree.

    Example: sde request actions ask destroy-data tre-x --target URN --reason "The study ended; see the minutes" --key
    key.pem. With --demo-keys, made-up people of a local estate sign it all. After an upgrade, sde request actions ask
    take-version --reason "Release 0.2, reviewed" asks for what keeps the present permits.
    """
    requests = EstateRequests(session)
    if action is Action.TAKE_VERSION:
        from operations.cli.request_versions import links_to_take  # noqa: PLC0415 - imports the policies

        targets = targets or links_to_take(requests)
    elif stack not in requests.estate.allocations.stacks:
        raise InputError("The estate has no such stack.", key="STACK", found=stack,
                         allowed=", ".join(requests.estate.allocations.stacks))  # fmt: skip
    wanted = _wanted(requests, action, stack, targets or (), reason=reason, days=days)
    if demo_keys:
        _sign_with_demo_keys(requests, wanted)
    else:
        _agree_and_sign(requests, wanted, Answer.APPROVE, key, yes)


@command("estate", "json_")
def sign(session: Session, digest: Digest, *, withdraw: Annotated[
    bool, typer.Option("--withdraw", help="End it, whoever has signed.")
] = False, key: Key = None, yes: Yes = False) -> None:  # fmt: skip
    """Sign a permit that somebody asked for, or withdraw it.

    Example: sde request actions sign sha256:1f0c… --key key.pem.
    """
    requests = EstateRequests(session)
    found = requests.files.actions().get(digest)
    if not found:
        raise InputError("Nobody asked for this.", key="DIGEST", found=digest,
                         allowed=", ".join(requests.files.actions()) or "none: sde request actions ask")  # fmt: skip
    name, content = next(iter(found.items()))
    wanted = read_action(content, file=name).decision.request
    _agree_and_sign(requests, wanted, Answer.WITHDRAW if withdraw else Answer.APPROVE, key, yes)


@command("estate", "json_")
def show(session: Session) -> None:
    """List the permits of actions: what, on which stack, until when, and what is missing.

    Example: sde request actions show.
    """
    requests = EstateRequests(session)
    context, rows = (
        requests.context_of_actions(),
        Rows(("digest", "action", "stack", "until", "state"), ("digest", "action")),
    )
    for digest, files in requests.files.actions().items():
        name, content = next(iter(files.items()))
        wanted = read_action(content, file=name).decision.request
        found = verify_action(files, context, requests.files.estate)
        state = "permitted" if isinstance(found, ActionPermit) else "; ".join(found.reasons)
        session.output.emit({"event": "action", "digest": digest, "permitted": isinstance(found, ActionPermit),
                             "state": state, **content_of(wanted)})  # fmt: skip
        rows.add(digest, str(wanted.action), wanted.stack or "all", time_text(wanted.valid_until), printable(state))
    if rows.cells:
        rows.show(session.output.text_console)
    else:
        session.output.say("no permits of actions")


def ask_with_demo_keys(requests: EstateRequests, action: Action, stack: str, targets: Sequence[str]) -> None:
    """Have made-up people of a local estate permit an action for a day. `Refused` as for their decisions."""
    _sign_with_demo_keys(requests, _wanted(requests, action, stack, targets, reason=_DEMO_REASON, days=1))


def _wanted(
    requests: EstateRequests, action: Action, stack: str | None, targets: Sequence[str], *, reason: str, days: int
) -> ActionRequest:
    stated = {"estate": requests.files.estate, "action": action, "stack": stack, "reason": reason,
              "targets": sorted(set(targets)), "valid_from": requests.now,
              "valid_until": requests.now + timedelta(days=days)}  # fmt: skip
    return validated(ActionRequest, stated, file="the permit")


def _sign_with_demo_keys(requests: EstateRequests, wanted: ActionRequest) -> None:
    from operations.cli.demo_approvers import demo_signers  # noqa: PLC0415 - makes keys

    for signer in demo_signers(requests, wanted.action):
        _sign(requests, wanted, requests.context_of_actions(), signer)


def _agree_and_sign(
    requests: EstateRequests, wanted: ActionRequest, answer: Answer, key: str | None, yes: bool
) -> None:
    context, signer, output = requests.context_of_actions(), requests.signer(key), requests.session.output
    show_view(requests.session, content_of(wanted))
    if not (yes or requests.session.agree(f"Sign and {answer}?")):
        output.say("Nothing was signed.")
        return
    _sign(requests, wanted, context, signer, answer)


def _sign(requests: EstateRequests, wanted: ActionRequest, context: Context, signer: Signer,
          answer: Answer = Answer.APPROVE) -> None:  # fmt: skip
    made: SignedAction = sign_action(wanted, context, signer, answer)
    folder = requests.files.action_folder(wanted.digest)
    add_file(folder / made.file, made.signed.to_bytes())
    found = verify_action(requests.files.actions()[wanted.digest], context, requests.files.estate)
    permitted = isinstance(found, ActionPermit)
    name = context.approvers.people_by_id[made.person].name
    requests.session.output.emit({"event": "signed", "digest": wanted.digest, "person": str(made.person),
                                  "answer": str(answer), "permitted": permitted})  # fmt: skip
    state = "permitted" if isinstance(found, ActionPermit) else "; ".join(found.reasons)
    requests.session.output.say(f"{answer} by {printable(name)}: {printable(state)}")
    requests.session.output.say_whole(wanted.digest)
