"""`sde azure check`: check that Azure is ready for the estate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from formats.errors import Failed, InputError
from formats.plan import Plan
from local_azure.store import SETTINGS, settings_beside
from operations.cli.azure_requests import sending
from operations.cli.options import Stacks, command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack, with_required
from operations.cli.text import plural

if TYPE_CHECKING:
    from operations.preflight import Finding, Needs


@command("json_", "cloud", "estate")
def check(session: Session, *, stacks: Stacks = None) -> None:
    """Check that Azure is ready: access, rights, providers, guardrails, names, sizes and quotas. Reads only.

    The needs are those of the resources that the named stacks declare, or all. Stacks of the local Azure ask that one.

    Example: sde azure check, or sde azure check tre-hcm-progression.
    """
    from operations.preflight import needs_of  # noqa: PLC0415 - imports the Azure SDK

    failed = 0
    chosen = session.chosen(stacks, everything=not stacks)
    if any(stack.cloud == "local" for stack in chosen):
        settings_beside(session.settings.local_db)  # a bad file is reported at once
    plans = _declared(session, chosen)
    for cloud in dict.fromkeys(plan.cloud for plan in plans):
        needs = needs_of(plan for plan in plans if plan.cloud == cloud)
        for finding in _findings(session, cloud, needs):
            failed += not finding.holds
            session.output.emit({"event": "finding", **vars(finding)})
            _show(session, finding)
    for finding in _ledger_findings(session) if any(stack.cloud == "azure" for stack in chosen) else ():
        failed += not finding.holds
        session.output.emit({"event": "finding", **vars(finding)})
        _show(session, finding)
    if failed and any(plan.cloud == "local" for plan in plans):
        session.output.say(
            f"The local Azure has this from {session.settings.local_db.with_name(SETTINGS)}.", style="dim"
        )
    if failed:
        raise Failed(f"Azure is not ready: {plural(failed, 'check')} failed.")
    session.output.say("Azure is ready.", style="green")


def _declared(session: Session, wanted: Sequence[Stack]) -> list[Plan]:
    """Return the resources of stacks, as they would be deployed to empty subscriptions."""
    from operations.engine.scratch import declared  # noqa: PLC0415 - imports the engine

    if not wanted:
        raise InputError("This estate has no stack.")
    names, required = {stack.name for stack in wanted}, with_required(session.catalog.stacks, wanted)
    session.output.say(f"reading what {plural(len(required), 'stack')} declare", style="dim")
    settings = session.settings
    plans = declared([stack.settings for stack in required], settings.root, settings.program_seconds)
    return [plan for plan in plans if plan.stack in names]


def _findings(session: Session, cloud: str, needs: Sequence[Needs]) -> Iterator[Finding]:
    from operations.preflight import findings  # noqa: PLC0415 - imports the Azure SDK

    tenants = (stack.config.home_tenant for stack in session.catalog.stacks if stack.config and stack.cloud == cloud)
    tenant = next((str(one) for one in tenants if one), "")
    sizes = {size for one in needs for size in one.sizes}
    aliases = {alias for one in needs for names in one.aliases.values() for alias in names}
    with sending(session, cloud, sizes=sizes, aliases=aliases) as send:
        yield from findings(needs, send, tenant=tenant)


def _ledger_findings(session: Session) -> Iterator[Finding]:
    """Yield what holds of the ledger that the estate names."""
    from operations.cli.ledgerplace import azure_ledger, credential  # noqa: PLC0415 - imports the Azure SDK
    from operations.preflight import Finding  # noqa: PLC0415

    fix = "docs/platform-team.md#the-ledger"
    if session.catalog.ledger is None:
        yield Finding("", "ledger", False, "the estate names none", fix)
        return
    for what, holds, found in azure_ledger(session.catalog.ledger).check(credential()):
        yield Finding("", what, holds, found, "" if holds else fix)


def _show(session: Session, finding: Finding) -> None:
    mark = ("✓ ", "green") if finding.holds else ("✗ ", "bold red")
    words = (f"  {finding.what}", "bold"), f" {printable(finding.found)}"
    session.output.say(Text.assemble(mark, (finding.subscription, "dim"), *words))
    if finding.fix:
        session.output.say(f"    fix: {finding.fix}")
