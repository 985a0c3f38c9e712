"""A rendered configuration has the estate's values.

The policies compare a stack with its configuration. So a template may not put another group, key, class, schedule,
subscription, tenant, address range or stack into it than the estate's files state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from formats.addresses import ZoneName
from formats.errors import InputError
from formats.stack_config import NAMESPACE, ProjectSpec, StackConfig, provider_settings
from formats.stack_names import JUNCTION_ZONE, SAFE_HAVEN, SHARED, TENANCY
from operations.estate.loading import Estate


def refuse_other_settings(config: StackConfig, settings: Mapping[str, Any], template: str) -> None:
    """Raise `InputError` for a setting of a provider that the estate's files do not decide, such as the host that the
    provider gets its tokens from."""
    allowed = provider_settings(config)
    found = {key: value for key, value in settings.items() if not key.startswith(NAMESPACE)}
    for key in sorted({*found, *allowed}):
        if found.get(key) != allowed.get(key):
            raise InputError(
                "The template configures the provider in another way than the estate.", file=template, key=key,
                found=str(found.get(key, "not set")), allowed=str(allowed.get(key, "not set")),
                fix="Restore the template.",
            )  # fmt: skip


def refuse_other_values(
    estate: Estate, stack: str, config: StackConfig, values: Mapping[str, Any], template: str
) -> None:
    """Raise `InputError` for the first value of a configuration that differs from the estate's.

    `values`: those of the template that the estate's files do not have as such, as its tags.
    """
    stated = {
        "data_class": estate.file.data_class,
        "estate": estate.file.code,
        "region": estate.file.region,
        "cloud": estate.file.cloud,
        "tenant": estate.file.tenant,
        "estate_addresses": estate.file.addresses,
        "subscription": values["subscription"],
        "tags": values["tags"],
        "generation": estate.allocations.stacks[stack].generation,
        **_stated(estate, stack, values),
    }
    for key, wanted in stated.items():
        found = _comparable(getattr(config, key), wanted)
        if found != _comparable(wanted, wanted):
            raise InputError(
                "The template sets another value than the estate's files.", file=template, key=f"sde:{key}",
                found=str(found), allowed=str(_comparable(wanted, wanted)), fix="Restore the template.",
            )  # fmt: skip


def _stated(estate: Estate, stack: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of one stack by the field of its configuration."""
    file, first = estate.file, estate.platform_of(estate.first_cell)

    def zone(name: ZoneName) -> Mapping[str, Any]:
        return {**dict(getattr(file.zones, name)), "addresses": values["ranges"][name]}

    if stack.startswith(TENANCY):
        request = estate.requests[stack.removeprefix(TENANCY)]
        return {
            **{name: getattr(request, name) for name in ProjectSpec.model_fields},
            "desks": tuple({**dict(desk), **file.computer_settings} for desk in request.desks),
            "recipients": request.recipients and request.recipients.configured,
            "import_airlock": estate.templates[request.project].import_airlock,
            "egress": file.egress_of(estate.templates[request.project].kind),
            "confidential_orchestrator": file.confidential_orchestrator,
            "root_certificates": file.tenant_restrictions.root_certificates if file.tenant_restrictions else (),
            "addresses": values["addresses"],
            "platform": values["platform"],
            "safe_haven": SAFE_HAVEN,
            "shared_tenancy": estate.shared_tenancy_of(stack),
            "network_readers": estate.network_readers(stack),
        }
    if stack.startswith(SHARED):
        tenancy = file.shared_tenancy(stack)
        stated = {name: getattr(tenancy, name) for name in ("name", "title", "data_class")}
        return {**stated, "addresses": values["addresses"], "platform": values["platform"]}
    if stack == JUNCTION_ZONE:
        keys = ("providers", "former_inboxes")
        return {"platform": first, "zone": zone(ZoneName.JUNCTION), **{key: values[key] for key in keys}}
    if stack == SAFE_HAVEN:
        zones = {name.value: zone(name) for name in ZoneName if name is not ZoneName.JUNCTION}
        stacks = {"platform": first, "junction_zone": JUNCTION_ZONE}
        return {**stacks, **zones, "secrets_expire": file.secrets_expire}
    cell, _ = estate.cells[estate.cell_of(stack)]
    return {
        "platform_team": file.platform_team,
        "desk_users": file.desk_users,
        "log_retention_days": file.log_retention_days,
        "subscriptions": cell.subscriptions.every,
        "cell": cell.name,
        "addresses": values["hub"],
        "zone_range": values["zone_range"],
        "tenancy_ranges": values["tenancy_ranges"],
        "egress": {kind: file.egress_of(kind) for kind in values["tenancy_ranges"]},
        "staff_range": values["staff_range"] if values["staff"] else None,
        "staff": values["staff"],
        "sites": values["sites"],
        "confidential_orchestrator": file.confidential_orchestrator if values["staff"] else None,
        "tenant_restrictions": file.tenant_restrictions,
        "windows_desks": file.windows_desks is not None,
    }


def _comparable(value: Any, wanted: Any) -> Any:
    """Return a value for comparison: of a model, also in a list, the fields that the estate states."""
    if isinstance(value, tuple) and isinstance(wanted, tuple) and len(value) == len(wanted):
        return tuple(map(_comparable, value, wanted))
    if isinstance(value, BaseModel):
        names = type(wanted).model_fields if isinstance(wanted, BaseModel) else wanted
        return {name: getattr(value, name) for name in names}
    return value
