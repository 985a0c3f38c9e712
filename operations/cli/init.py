"""`sde init`: a new estate from flags, and at a terminal from questions."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from formats.stack_config import ORCHESTRATOR_COMMAND, Cloud
from operations.cli.init_answers import CONFIDENTIAL_SIZE, OTHER_SIZE, Answers, Given, keeping, new_estate, with_flags
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.estate.new_estate import GROUPS, NewEstate, refuse_existing, write_new_estate
from operations.settings import Settings


def _flag(flag: str, help_: str, metavar: str = "TEXT") -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(flag, metavar=metavar, help=help_, show_default=False)
    return option


One = str | None
Many = list[str] | None


@command("json_")
def init(
    session: Session,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder, or an empty one.")],
    *,
    cloud: Annotated[One, _flag("--cloud", "local: the local Azure of this machine; azure: the real one.")] = None,
    code: Annotated[One, _flag("--code", "2-8 lower-case letters and digits that begin every name.")] = None,
    organisation: Annotated[One, _flag("--organisation", "The SDE's name.")] = None,
    region: Annotated[One, _flag("--region", "uksouth or ukwest.")] = None,
    data_class: Annotated[One, _flag("--data-class", "synthetic, de-identified or identifiable: the most "
                                                     "sensitive data.")] = None,
    route: Annotated[One, _flag("--route", "Who approves requests: west-midlands or trust-committee.")] = None,
    addresses: Annotated[One, _flag("--addresses", "The range of all networks, such as 10.64.0.0/10.", "RANGE")] = None,
    cell: Annotated[Many, _flag("--cell", "A cell; its addresses are chosen if left out. Repeatable.",
                                "NAME[=RANGE]")] = None,
    subscription: Annotated[Many, _flag("--subscription", "A subscription of a cell; the first has the platform and "
                                        "the zones, the others have the tenancies. Repeatable.", "CELL=ID")] = None,
    tenant: Annotated[One, _flag("--tenant", "The Entra tenant: az account show --query tenantId.", "ID")] = None,
    cost_centre: Annotated[One, _flag("--cost-centre", "Who pays for what all projects share.")] = None,
    approval: Annotated[One, _flag("--approval", "The number of the SDE's own approval, such as its DPIA.")] = None,
    controller: Annotated[One, _flag("--controller", "The data controller of the SDE.")] = None,
    until: Annotated[One, _flag("--until", "The end of the first approvals, at most three years away.", "DAY")] = None,
    group: Annotated[Many, _flag("--group", f"The object id of an Entra group: {', '.join(GROUPS)}, and each "
                                 "provider's by its code. Repeatable.", "NAME=ID")] = None,
    owner: Annotated[One, _flag("--owner", "Who owns the first ways in and out.", "ID=FULL NAME")] = None,
    approver: Annotated[One, _flag("--approver", "Who approves them: another person.", "ID=FULL NAME")] = None,
    system: Annotated[One, _flag("--system", "The integrated care system of the providers.")] = None,
    provider: Annotated[Many, _flag("--provider", "Who uploads data, by ODS code. Repeatable.", "CODE=NAME")] = None,
    way_in: Annotated[Many, _flag("--way-in", "The public addresses of a provider's computers. Repeatable.",
                                  "CODE=RANGE")] = None,
    admin_key: Annotated[One, _flag("--admin-key", "The public half of the break-glass key, or its file.",
                                    "KEY|FILE")] = None,
    orchestrator: Annotated[One, _flag("--orchestrator", f"For identifiable data: {ORCHESTRATOR_COMMAND}.",
                                       "ID")] = None,
    staff_size: Annotated[One, _flag("--staff-size", f"Of staff machines: {OTHER_SIZE}, or for identifiable data "
                                     f"{CONFIDENTIAL_SIZE}, if left out.", "SIZE")] = None,
    ledger_container: Annotated[One, _flag("--ledger-container", "Where runs in Azure are recorded. The three of the "
                                           "ledger can be added to estate.yaml later.", "URL")] = None,
    ledger_key: Annotated[One, _flag("--ledger-key", "The secret with the ledger's key.", "URL")] = None,
    ledger_public_key: Annotated[One, _flag("--ledger-public-key", "As sde ledger key prints it.", "KEY")] = None,
) -> None:  # fmt: skip
    """Write a new estate: estate.yaml, people.yaml, route.yaml and exemptions.yaml, with comments. Overwrites nothing.

    At a terminal it asks for what no flag states. For the local Azure, groups, people and providers that no flag names
    are made up; for real Azure all are yours.

    Example: sde init my-estate --cloud local --code mysde --organisation "My SDE" --region uksouth
    --data-class de-identified --route west-midlands --cell one --cell two.
    """
    given = Given(**{key: value for key, value in locals().items() if key in Given.__dataclass_fields__})
    refuse_existing(folder)
    today = datetime.now(UTC).date()
    answers = Answers(given, session.output, sys.stdin.isatty())
    with keeping(answers, folder), with_flags():
        new = new_estate(answers, today)
        files = write_new_estate(folder, new, today)
    session.output.emit({"event": "new-estate", "folder": str(folder), "files": [str(file) for file in files]})
    for file in files:
        session.output.say(Text.assemble(("wrote ", "green"), printable(file)))
    for line in _next(session.settings, folder, new):
        session.output.say_whole(line)


def _next(settings: Settings, folder: Path, new: NewEstate) -> list[str]:
    """Return what to do with a new estate."""
    is_own = folder.resolve() == (settings.root / "estate").resolve()
    sde = "scripts/sde" if is_own else f"scripts/sde --estate {printable(folder)}"
    if new.cloud == Cloud.LOCAL:
        home = shlex.quote(str(settings.home / new.code))
        used = [f"  export SDE_HOME={home}   (the present one has stacks, whose names are the same in each estate)"]
        return ["", "Next:", *(used if settings.states else ()),
                f"  {sde} up --all             deploys it in the local Azure",
                f"  {sde} tenancy add --help   writes a project's request"]  # fmt: skip
    ledger = [] if new.ledger else ["  name the ledger in estate.yaml: docs/platform-team.md, The ledger"]
    return ["", "Next:", "  read each file, and have its approver review it: docs/estate.md, People", *ledger,
            f"  {sde} validate      after each change",
            f"  {sde} azure check   what a first deployment would fail on"]  # fmt: skip
