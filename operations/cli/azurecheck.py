"""`sde azure check`: check that real Azure is ready for the estate."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from formats.errors import Failed, InputError
from formats.stack_config import DataClass, StackConfig, TenancyConfig, parse
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import plural
from operations.vm_sizes import VmRequirement


def desks_of(configs: Iterable[StackConfig]) -> dict[str, list[VmRequirement]]:
    """Return the sizes of the projects' desks by subscription."""
    found: dict[str, list[VmRequirement]] = {}
    for config in configs:
        if isinstance(config, TenancyConfig):
            confidential = config.data_class is DataClass.IDENTIFIABLE
            wanted = VmRequirement(config.desk.size, confidential, config.desk.zone)
            found.setdefault(str(config.subscription), []).append(wanted)
    return found


@command("json_", "estate")
def check(session: Session) -> None:
    """Check that Azure is ready: access, resource providers, features, permissions and desk sizes. Reads only."""
    configs = [parse(s.name, s.settings.config) for s in session.catalog.stacks if s.cloud == "azure"]
    if not configs:
        raise InputError("This estate has no stack in real Azure.", key="sde:cloud", allowed="azure")
    from operations.preflight import default_credential, findings  # noqa: PLC0415 - imports the Azure SDK

    failed = 0
    subscriptions = sorted({str(config.subscription) for config in configs})
    for finding in findings(subscriptions, default_credential(), region=configs[0].region, desks=desks_of(configs)):
        failed += not finding.holds
        session.output.emit({"event": "finding", **vars(finding)})
        mark = ("✓ ", "green") if finding.holds else ("✗ ", "bold red")
        words = (f"  {finding.what}", "bold"), f" {printable(finding.found)}"
        session.output.say(Text.assemble(mark, (finding.subscription, "dim"), *words))
        if finding.fix:
            session.output.say(f"    fix: {finding.fix}")
    if failed:
        raise Failed(f"Azure is not ready: {plural(failed, 'check')} failed.")
    session.output.say("Azure is ready.", style="green")
