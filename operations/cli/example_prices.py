"""The idle price of the example of each service template.

The examples are planned in an estate like the one at hand, in a local Azure that is thrown away: the price is that of
what the program would declare. Its result is kept by the digest of all that it follows from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from approvals.request_files import REQUESTS
from formats.local_cloud import TENANT
from formats.people import FILE_NAME as PEOPLE
from formats.stack_config import DataClass
from formats.stack_names import TENANCY
from formats.yaml_reader import read_mapping
from formats.yaml_scalars import CoreDumper
from operations import estate
from operations.cli.session import Session
from operations.cli.text import plural
from operations.engine.port import StackSettings
from operations.engine.scratch import planned
from operations.estate.approvals import ESTATE
from operations.estate.region_sizes import absence_of
from operations.estate.shared_tenancy_schema import example_tenancy
from operations.estate.templates import ServiceTemplate
from operations.prices import book
from operations.prices.estimate import price_of
from operations.result_cache import FileCache, digest_of_files

SOURCES = ("formats/**/*.py", "infra/**/*.py", "operations/estate/*.py", "operations/prices/*",
           "operations/cli/example_prices.py", "tre_templates/**/*.j2", "requirements.txt")  # fmt: skip
"""The files that a price depends on, besides the estate's."""
LEFT_OUT = ("staff", "policies", "ledger")
"""Keys of `estate.yaml` that no tenancy depends on."""


def prices(session: Session, templates: Sequence[ServiceTemplate]) -> Mapping[str, Mapping[str, Any]]:
    """Return the price of each template's example, by name: `currency`, `amount` and `unknown`. Templates whose example
    has a size that the estate's region lacks are left out."""
    region = str(read_mapping(session.estate_folder / ESTATE).get("region"))
    templates = [one for one in templates if not _lacks_its_size(one, region)]
    files = [session.estate_folder / name for name in (ESTATE, PEOPLE)]
    store, key = FileCache(session.settings.cache_folder), f"catalogue-{digest_of_files(SOURCES, files)}"
    kept = store.get(key)
    if isinstance(kept, dict) and set(kept) == {template.name for template in templates}:
        return kept
    with session.output.err.status(f"Planning {plural(len(templates), 'example')}"):
        found = _planned(session, templates)
    store.put(key, found)
    return found


def _lacks_its_size(template: ServiceTemplate, region: str) -> bool:
    return any(absence_of(desk["size"], region) for desk in template.example["desks"])


def _planned(session: Session, templates: Sequence[ServiceTemplate]) -> dict[str, dict[str, Any]]:
    """Plan the examples, and return their prices."""
    settings, price_book = session.settings, book.load()
    with tempfile.TemporaryDirectory(prefix="sde-") as name:
        folder = Path(name)
        examples = _write_estate(session.estate_folder, folder, templates)
        stacks = [
            StackSettings(one.name, one.settings, folder / f"Pulumi.{one.name}.yaml")
            for one in estate.render(estate.load(folder))
        ]
        tenancies = [stack for stack in stacks if stack.name in examples]
        required = [stack for stack in stacks if stack.name not in examples]
        found = {}
        for plan, _ in planned(tenancies, required, settings.root, settings.program_seconds):
            price = price_of(plan, price_book)
            found[examples[plan.stack]] = {
                "currency": price.currency,
                "amount": round(float(price.total.after), 2),
                "unknown": sorted(item for item, change in price.unknown.items() if change.after),
            }
        return found


def _write_estate(source: Path, folder: Path, templates: Sequence[ServiceTemplate]) -> dict[str, str]:
    """Write an estate like the one in a folder, with the examples as its requests. Return the template by stack."""
    content = read_mapping(source / ESTATE)
    limit = {"data_class": DataClass.IDENTIFIABLE.value}
    content = {key: value for key, value in content.items() if key not in LEFT_OUT} | limit
    content.setdefault("confidential_orchestrator", TENANT)  # any id: what the example costs does not depend on it
    requests = {one.name: one.example_request(datetime.now(UTC).date()) for one in templates}
    shared = [one for one in requests.values() if "tenancy" in one]
    content["shared_tenancies"] = [example_tenancy(one["tenancy"], one["expires"]) for one in shared]
    _write(folder / ESTATE, content)
    if (source / PEOPLE).exists():
        _write(folder / PEOPLE, read_mapping(source / PEOPLE))
    (folder / REQUESTS).mkdir()
    for request in requests.values():
        _write(folder / REQUESTS / f"{request['project']}.yaml", request)
    return {f"{TENANCY}{request['project']}": template for template, request in requests.items()}


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(yaml.dump(dict(content), Dumper=CoreDumper), encoding="utf-8")
