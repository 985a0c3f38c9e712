"""`sde azure check`: whether real Azure is ready for the estate."""

from __future__ import annotations

import typer
from rich.text import Text

from operations.cli.options import Estate, Json, session_of
from operations.cli.output import printable
from operations.errors import BadInput, Failed


def check(context: typer.Context, *, json_: Json = False, estate: Estate = None) -> None:
    """Whether the estate's subscriptions can be read, and what they need is registered. Reads only."""
    session = session_of(context, estate=estate, json_=json_, lets_expired_in=True)
    subscriptions = {str(s.settings.config["sde:subscription"]) for s in session.house.stacks if s.cloud == "azure"}
    if not subscriptions:
        raise BadInput("No stack of this estate is for real Azure.", key="sde:cloud", allowed="azure")
    from operations.readiness import default_credential, findings  # noqa: PLC0415 - reads the Azure SDK

    failed = 0
    for finding in findings(sorted(subscriptions), default_credential()):
        failed += not finding.holds
        session.output.emit({"event": "finding", **vars(finding)})
        mark = ("✓ ", "green") if finding.holds else ("✗ ", "bold red")
        words = (f"  {finding.what}", "bold"), f" {printable(finding.found)}"
        session.output.say(Text.assemble(mark, (finding.subscription, "dim"), *words))
        if finding.fix:
            session.output.say(f"    fix: {finding.fix}")
    if failed:
        raise Failed(f"Azure is not ready: {failed} of what was looked at does not hold.")
    session.output.say("Azure is ready.", style="green")
