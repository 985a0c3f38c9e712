"""`sde report`: a static site about the deployed estate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import plural

Folder = Annotated[
    Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write it to.", show_default=False)
]


@command("json_", "estate", "cloud", accepts_orphaned=True)
def report(session: Session, *, folder: Folder) -> None:
    """Write a report of the deployed estate: a static site that needs no network and works without scripts.

    It has a map, a page for each stack, the changes with who allowed them, who may do what to which data, the control
    matrix, what ends when, quotas in use and open findings. Example: sde report -o report, then open report/index.html.
    """
    from operations.cli.app import version  # noqa: PLC0415 - imports the commands
    from operations.cli.report_facts import gather  # noqa: PLC0415 - imports the policies
    from operations.site.folder import refuse_other_files  # noqa: PLC0415
    from operations.site.writing import write_site  # noqa: PLC0415 - imports Graphviz

    refuse_other_files(folder)
    facts = gather(session, version())
    written = write_site(facts, folder)
    verdict = facts.policies.verdict if facts.policies else "not evaluated"
    session.output.emit({"event": "report", "folder": str(folder), "files": len(written), "verdict": verdict,
                         "stacks": len(facts.deployed), "changes": len(facts.changes)})  # fmt: skip
    for ledger in (one for one in facts.ledgers if one.problems):
        text = f"The ledger of {ledger.cloud} does not verify: {printable(ledger.problems[0])}"
        session.output.warn(text, kind="ledger", problems=list(ledger.problems))
    session.output.say(
        f"wrote {folder / 'index.html'}: {plural(len(facts.deployed), 'deployed stack')}, "
        f"{plural(len(facts.changes), 'change')}; policies {verdict}"
    )
