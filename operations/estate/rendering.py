"""Render each stack's configuration from the estate with the templates in `tre_templates/`.

Templates print every value as JSON, which YAML reads as one scalar or list. A title can therefore never become a key, a
comment or a template.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
from pydantic_core import to_jsonable_python

from approvals.request_files import SERVICES, SUFFIX, TEMPLATES, parts
from formats.addresses import TenancyKind, ZoneName
from formats.errors import InputError
from formats.stack_config import StackConfig, parse
from formats.stack_names import JUNCTION_ZONE, SAFE_HAVEN, SHARED, TENANCY
from formats.yaml_reader import parse_mapping
from operations.estate.kept_rendering import KeptRendering, KeptStack
from operations.estate.loading import Estate
from operations.estate.rendered_values import refuse_other_settings, refuse_other_values
from operations.estate.yaml_templates import json_line, yaml_environment
from operations.result_cache import FileCache

STACKS = "stacks"
SHARED_TEMPLATE = f"{STACKS}/shared-tenancy"
HEADER_PREFIX = "# Made by tre_templates/"
"""The start of a rendered file. The name of its template follows."""
HEADER = "# Made by {file} from the estate's data. Edits here are overwritten: change the estate instead.\n"


@dataclass(frozen=True)
class Rendered:
    """The configuration of a stack: as a model, as settings, and as the text of its file."""

    name: str
    kind: str
    requires: tuple[str, ...]
    cell: str
    config: StackConfig
    settings: Mapping[str, Any]
    """Keys with their namespace, as in the file."""
    text: str


def render(estate: Estate, store: FileCache | None = None) -> tuple[Rendered, ...]:
    """Render every stack in dependency order, and validate the result with the models that the programs use.

    `store`: keeps rendered tenancies.
    """
    kept = KeptRendering(estate, store) if store else None
    found = tuple(_rendered(estate, stack, kept) for stack in estate.stacks())
    if kept:
        kept.save()
    return found


def _rendered(estate: Estate, stack: str, kept: KeptRendering | None) -> Rendered:
    template, values = _template_values(estate, stack)
    if kept and (found := kept.get(stack)):
        with contextlib.suppress(InputError):  # not what was kept: anybody may have written it
            return _checked(estate, stack, template, values, found)
    made = _from_template(estate, stack, template, values)
    if kept:
        kept.put(stack, made)
    return _checked(estate, stack, template, values, made)


def _checked(estate: Estate, stack: str, template: str, values: Mapping[str, Any], made: KeptStack) -> Rendered:
    """Return a rendered stack. `InputError` for settings that no program accepts, or that the estate does not state."""
    settings, file = made["settings"], f"tre_templates/{template}{SUFFIX}"
    config = parse(stack, {key: _wire(value) for key, value in settings.items()})
    refuse_other_settings(config, settings, file)
    refuse_other_values(estate, stack, config, values, file)
    kind = str(estate.allocations.stacks[stack].kind or template.rpartition("/")[2])
    return Rendered(stack, kind, estate.requires(stack), estate.cell_of(stack), config, settings, made["text"])


def _from_template(estate: Estate, stack: str, template: str, values: Mapping[str, Any]) -> KeptStack:
    """Return the text of a stack's file, and the settings in it. `values`: for its template only."""
    file = f"tre_templates/{template}{SUFFIX}"
    shared = {
        "estate": estate.file,
        "stack": stack,
        "allocation": estate.allocations.stacks[stack],
        "first_platform": estate.platform_of(estate.first_cell),
        "junction_zone": JUNCTION_ZONE,
        "safe_haven": SAFE_HAVEN,
    }
    try:
        text = HEADER.format(file=file) + _template(template).render({**shared, **values})
    except jinja2.UndefinedError as error:
        raise InputError("The template uses a value that the estate lacks.", file=file,
                         found=error.message) from None  # fmt: skip
    return {"text": text, "settings": parse_mapping(text, file, is_own=True)["config"]}


def _template_values(estate: Estate, stack: str) -> tuple[str, dict[str, Any]]:
    """Return the template of a stack, and the values for that template only."""
    cell, plan = estate.cells[estate.cell_of(stack)]
    if stack.startswith(TENANCY):
        allocation, request = estate.allocations.stacks[stack], estate.requests[stack.removeprefix(TENANCY)]
        assert allocation.kind is not None and allocation.slot is not None and allocation.subscription is not None  # noqa: S101
        template = estate.templates[request.project]
        return f"{SERVICES}/{template.name}", {
            "shared_tenancy": estate.shared_tenancy_of(stack),
            "network_readers": estate.network_readers(stack),
            "request": request,
            "template": template,
            "subscription": cell.subscriptions.tenancies[allocation.subscription],
            "addresses": plan.tenancy(allocation.kind, allocation.slot).network,
            "platform": estate.platform_of(allocation.cell),
            "tags": _tags(estate, project=request.project, request=request.request, controller=request.controller,
                          data_class=request.data_class, expiry=request.expires, cost_centre=request.cost_centre),
        }  # fmt: skip
    if stack.startswith(SHARED):
        return SHARED_TEMPLATE, _shared_tenancy_values(estate, stack)
    approval = estate.file.approval
    tags = _tags(estate, project=stack, request=approval.request, controller=approval.controller,
                 data_class=estate.file.data_class, expiry=approval.expires,
                 cost_centre=estate.file.cost_centre)  # fmt: skip
    if stack in (JUNCTION_ZONE, SAFE_HAVEN):
        zones = {name.value: plan.zone(name).network for name in ZoneName}
        providers = estate.file.providers(estate.inboxes)
        left = {code.lower() for code in estate.inboxes} - {one.code for one in providers}
        return f"{STACKS}/{stack}", {
            "subscription": cell.subscriptions.zones,
            "ranges": zones,
            "tags": tags,
            "providers": providers,
            "former_inboxes": tuple(sorted(left)),
        }
    ranges = {kind.value: plan.tenancies(kind) for kind in TenancyKind}
    return f"{STACKS}/platform", {
        "subscription": cell.subscriptions.platform,
        "subscriptions": cell.subscriptions.every,
        "cell": cell.name,
        "hub": plan.hub.network,
        "zone_range": plan.zone_range,
        "tenancy_ranges": ranges,
        "tags": tags,
        "staff_range": plan.staff.network,
        "staff": estate.staff_of(cell.name),
        "sites": estate.sites_of(cell.name),
    }


def _shared_tenancy_values(estate: Estate, stack: str) -> dict[str, Any]:
    allocation, tenancy = estate.allocations.stacks[stack], estate.file.shared_tenancy(stack)
    cell, plan = estate.cells[allocation.cell]
    assert allocation.block is not None and allocation.subscription is not None  # noqa: S101 - of every shared tenancy
    return {
        "tenancy": tenancy,
        "subscription": cell.subscriptions.tenancies[allocation.subscription],
        "addresses": plan.shared_tenancy(allocation.block),
        "platform": estate.platform_of(allocation.cell),
        "tags": _tags(estate, project=stack, request=tenancy.request, controller=tenancy.controller,
                      data_class=tenancy.data_class, expiry=tenancy.expires, cost_centre=tenancy.cost_centre),
    }  # fmt: skip


def _tags(estate: Estate, **given: Any) -> dict[str, str]:
    """Return the tags of every resource of a stack."""
    ours = {name.replace("_", "-"): str(value) for name, value in given.items()}
    return {**estate.file.tags, **ours, "organisation": estate.file.organisation}


@cache
def _template(name: str) -> jinja2.Template:
    return _environment().get_template(f"{name}{SUFFIX}")


class _Bodies(jinja2.FileSystemLoader):
    """The templates of a folder; of service templates, the body without the front matter."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return the source of a template, its path, and whether it is unchanged."""
        text, path, is_unchanged = super().get_source(environment, template)
        return (parts(text, path)[1] if template.startswith(f"{SERVICES}/") else text), path, is_unchanged


@cache
def _environment() -> jinja2.Environment:
    return yaml_environment(_Bodies(TEMPLATES), _scalar)


def _scalar(value: Any) -> str:
    return json_line(to_jsonable_python(value, exclude_none=True))


def _wire(value: Any) -> str:
    """Return a setting in the form in which the Pulumi CLI passes it to a program."""
    return value if isinstance(value, str) else json.dumps(value)
