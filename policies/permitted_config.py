"""The configuration that follows from a tenancy's request, as the policy pack computes it.

A permit binds the request and the plan's numbers, and Pulumi deploys `Pulumi.<stack>.yaml`. So the pack requires that
this file has, in every key, what the request and the estate's files state. It does not run the templates: `sde` holds
what they render to the same values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from approvals.request_files import front_matter, json_of, read_request
from formats.addresses import CellRange, TenancyKind
from formats.egress import EgressRule
from formats.errors import InputError
from formats.stack_config import ENGINE_KEYS, NAMESPACE, ProjectSpec, TenancyConfig, provider_settings, read_config
from formats.stack_names import PLATFORM, SAFE_HAVEN, SHARED, TENANCY
from formats.validation import validated
from formats.ways_in import Recipients
from formats.yaml_reader import read_mapping, within

_TAGS = ("project", "request", "controller", "data_class", "cost_centre")


def differences(stack: str, estate: Path, folder: Path) -> tuple[str, ...]:
    """Return what of a tenancy's configuration file is not what its request and the estate state, in a sentence each.

    `folder`: that of the configuration files. `InputError` for files that cannot be read or have no value to compare.
    """
    file = folder / f"Pulumi.{stack}.yaml"
    found = read_config(stack, file)
    try:
        stated = _stated(stack, estate)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise InputError("The estate does not say what the configuration of the stack is.", file=str(estate), found=why,
                         fix="scripts/sde render") from None  # fmt: skip
    values = {key: value for key, value in stated.items() if value is not None}
    wanted = validated(TenancyConfig, values, file=str(estate), prefix=f"{stack}: ")
    others = {
        NAMESPACE + name: (getattr(found, name), getattr(wanted, name))
        for name in TenancyConfig.model_fields
        if getattr(found, name) != getattr(wanted, name)
    }
    return tuple(
        f"{file.name} has another {name} than the request and the estate state: {one} instead of {other}"
        for name, (one, other) in {**_of_the_engine(file, wanted), **others}.items()
    )


def _of_the_engine(file: Path, wanted: TenancyConfig) -> dict[str, tuple[Any, Any]]:
    """Return the keys for Pulumi and the provider that differ, such as another source of tokens or of configuration."""
    content = read_mapping(file)
    found = {key: value for key, value in content["config"].items() if not key.startswith(NAMESPACE)}
    found |= {key: "a value" for key in content if key not in ("config", *ENGINE_KEYS)}
    allowed = provider_settings(wanted)
    return {
        key: (found.get(key, "nothing"), allowed.get(key, "nothing"))
        for key in sorted({*found, *allowed})
        if found.get(key) != allowed.get(key)
    }


def _stated(stack: str, folder: Path) -> dict[str, Any]:
    """Return every field of a tenancy's configuration, as the files of an estate state it; None: it is not stated."""
    request = read_request(folder, stack.removeprefix(TENANCY))
    estate, allocation = _read(folder, "estate.yaml"), _read(folder, "allocations.yaml")["stacks"][stack]
    template = front_matter(str(request["template"]))
    cell = _named(estate["cells"], allocation["cell"])
    shared = _named(estate["shared_tenancies"], request["tenancy"]) if request.get("tenancy") else None
    recipients = request.get("recipients")
    return {
        **{name: request.get(name) for name in ProjectSpec.model_fields},
        "desks": [{**desk, **_computers(estate)} for desk in request["desks"]],
        "recipients": recipients and {name: recipients.get(name) for name in Recipients.model_fields},
        "import_airlock": template.get("import_airlock"),
        "egress": _egress(estate["egress"].get(template["kind"]) or ()),
        "cloud": estate["cloud"],
        "estate": estate["code"],
        "region": estate["region"],
        "tenant": estate.get("tenant"),
        "estate_addresses": estate["addresses"],
        "confidential_orchestrator": estate.get("confidential_orchestrator"),
        "root_certificates": (estate.get("tenant_restrictions") or {}).get("root_certificates"),
        "tags": _tags(estate, request),
        "subscription": cell["subscriptions"]["tenancies"][allocation["subscription"]],
        "generation": allocation.get("generation"),
        "addresses": _addresses(cell, template, allocation),
        "platform": PLATFORM if cell is estate["cells"][0] else f"{PLATFORM}-{cell['name']}",
        "safe_haven": SAFE_HAVEN,
        "shared_tenancy": f"{SHARED}{shared['name']}" if shared else None,
        "network_readers": shared.get("network_readers") if shared else None,
    }


def _read(folder: Path, name: str) -> dict[str, Any]:
    file = folder / name
    found: dict[str, Any] = json_of(read_mapping(within(folder, file, str(file)), str(file)))
    return found


def _named(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return {one["name"]: one for one in entries}[name]


def _computers(estate: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of `ComputerConfig` that are the same for all computers of an estate."""
    return {
        "admin_public_key": estate["admin_public_key"],
        "former_admin_public_keys": [one["key"] for one in estate.get("former_admin_keys") or ()],
        "former_archives": estate.get("former_archives") or (),
    }


def _egress(rules: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{key: value for key, value in rule.items() if key in EgressRule.model_fields} for rule in rules]


def _tags(estate: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, str]:
    own = {name.replace("_", "-"): request[name] for name in _TAGS} | {"expiry": request["expires"]}
    tags = {**(estate.get("tags") or {}), **own, "organisation": estate["organisation"]}
    return {name: str(value) for name, value in tags.items()}


def _addresses(cell: Mapping[str, Any], template: Mapping[str, Any], allocation: Mapping[str, Any]) -> IPv4Network:
    kind = TenancyKind(template["kind"])
    if allocation["kind"] != kind:
        raise ValueError(f"the allocation is of the kind {allocation['kind']}, the template of {kind}")
    return CellRange(IPv4Network(cell["addresses"])).tenancy(kind, allocation["slot"]).network
