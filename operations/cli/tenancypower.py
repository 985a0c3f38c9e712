"""`sde tenancy sleep` and `sde tenancy wake`: deallocate all desks of a tenancy, and start them again.

No engine runs: power is no property of a resource. The stack's lock is held, so that no `up` runs at the same time, and
the ledger has who did it and the result.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from formats.errors import InputError
from formats.stack_config import TenancyConfig, is_kind
from operations.cli.azure_requests import sending
from operations.cli.expiry import changeable
from operations.cli.options import OneStack, command
from operations.cli.output import printable
from operations.cli.recorded import Recorder
from operations.cli.session import Session
from operations.cli.stack_catalog import Stack

if TYPE_CHECKING:
    from operations.desk_power import PowerState


@command("json_", "cloud", "estate", "engine")
def sleep(session: Session, *, stack: OneStack) -> None:
    """Stop and deallocate every desk of a tenancy. Its data, rights and addresses stay; nobody can sign in.

    Example: sde tenancy sleep tre-hcm-progression.
    """
    from operations.desk_power import PowerState  # noqa: PLC0415 - imports the Azure SDK

    _set_power(session, "sleep", session.named(stack), PowerState.DEALLOCATED)


@command("json_", "cloud", "estate", "engine")
def wake(session: Session, *, stack: OneStack) -> None:
    """Start every desk of a tenancy. Not of an expired one.

    Example: sde tenancy wake tre-hcm-progression.
    """
    from operations.desk_power import PowerState  # noqa: PLC0415 - imports the Azure SDK

    chosen = session.named(stack)
    changeable(session, [chosen], everything=False)
    _set_power(session, "wake", chosen, PowerState.RUNNING)


def _set_power(session: Session, word: str, stack: Stack, to: PowerState) -> None:
    if not is_kind(stack.name, TenancyConfig):
        raise InputError("Only tenancies sleep and wake.", key="STACK", found=stack.name, allowed="tre-<project>")
    recorder = Recorder(session, f"tenancy {word}")
    with recorder.recording([stack]):
        desks = _desks(session, stack)
        with session.engine(stack).hold(stack.name), sending(session, stack.cloud) as send:
            from operations.desk_power import DeskPower  # noqa: PLC0415 - imports the Azure SDK

            recorder.intent(stack, f"The desks {', '.join(desks)} are to be {to}.")
            changed = DeskPower(send).set_state(desks, to)
            recorder.finished(stack)
    session.output.emit({"event": f"tenancy-{word}", "stack": stack.name, "desks": list(desks),
                         "changed": list(changed)})  # fmt: skip
    already = "" if changed else ", as before"
    session.output.say(f"{stack.name}: the desks {', '.join(desks)} are {to}{already}.", style="green")
    _show_prices(session, stack)


def _desks(session: Session, stack: Stack) -> Mapping[str, str]:
    """Return the ids of the virtual machines of a tenancy's desks, by name, from its outputs."""
    found = session.engine(stack).outputs(stack.name).get("desk_ids")
    if not isinstance(found, Mapping) or not found:
        raise InputError("The tenancy has no deployed desk.", key="STACK", found=stack.name,
                         fix=f"scripts/sde up {stack.name}")  # fmt: skip
    return {str(name): str(id_) for name, id_ in found.items()}


def _show_prices(session: Session, stack: Stack) -> None:
    """Show what a tenancy costs a month, awake and asleep: of the virtual machines, only the disks are billed."""
    from operations.prices.book import load  # noqa: PLC0415
    from operations.prices.charges import vm_item  # noqa: PLC0415
    from operations.prices.estimate import price_of  # noqa: PLC0415

    plan = session.engine(stack).current_state([stack.settings]).get(stack.name)
    if plan is None:
        return
    price = price_of(plan, load())
    awake = price.total.after
    asleep = awake - sum(
        (change.after for item, change in price.items.items() if item.startswith(vm_item(""))), Decimal(0)
    )
    unknown = sorted(price.unknown)
    also_asleep = [item for item in unknown if not item.startswith(vm_item(""))]
    session.output.emit({"event": "prices-of-power", "stack": stack.name, "currency": price.currency,
                         "awake": f"{awake:.2f}", "asleep": f"{asleep:.2f}", "unknown": unknown})  # fmt: skip
    least, asleep_least = ("at least " if items else "" for items in (unknown, also_asleep))
    session.output.say(
        f"idle price a month: {least}{price.currency} {awake:,.2f} awake, {asleep_least}{price.currency} {asleep:,.2f} "
        "asleep, for disks, endpoints, stores and keys"
    )
    if unknown:
        session.output.say(f"  price unknown: {printable(', '.join(unknown))}", style="dim")
