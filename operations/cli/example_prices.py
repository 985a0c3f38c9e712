"""The idle price of the example of each service template.

The examples are planned in an estate like the one at hand, in a local Azure that is thrown away: the price is that of
what the program would declare. Its result is kept by the digest of all that it follows from.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from formats.local_cloud import TENANT
from formats.yaml_reader import read_mapping
from operations import estate
from operations.cli.session import Session
from operations.cli.text import plural
from operations.engine.port import StackSettings
from operations.engine.scratch import planned
from operations.estate.shared_tenancy_schema import example_tenancy
from operations.estate.templates import ServiceTemplate
from operations.prices import book
from operations.prices.estimate import price_of
from operations.result_cache import FileCache
from operations.settings import ROOT

SOURCES = ("formats/**/*.py", "infra/**/*.py", "operations/estate/*.py", "operations/prices/*", "tre_templates/**/*.j2",
           "requirements.txt")  # fmt: skip
"""What a price follows from, besides the estate's file."""
ROSTER = "people.yaml"
IDENTIFIABLE = "identifiable"
LEFT_OUT = ("staff", "policies", "ledger")
"""Keys of `estate.yaml` that no tenancy depends on."""


def prices(session: Session, templates: Sequence[ServiceTemplate]) -> Mapping[str, Mapping[str, Any]]:
    """Return the price of each template's example, by name: `currency`, `amount` and `unknown`."""
    files = {name: session.estate_folder / name for name in ("estate.yaml", ROSTER)}
    store, key = FileCache(session.settings.cache_folder), _digest(files.values())
    kept = store.get(key)
    if isinstance(kept, dict) and set(kept) == {template.name for template in templates}:
        return kept
    with session.output.err.status(f"Planning {plural(len(templates), 'example')}"):
        found = _planned(session, templates)
    store.put(key, found)
    return found


def _planned(session: Session, templates: Sequence[ServiceTemplate]) -> dict[str, dict[str, Any]]:
    """Plan the examples, and return their prices."""
    settings, price_book = session.settings, book.load()
    with tempfile.TemporaryDirectory(prefix="sde-") as name:
        folder = Path(name)
        projects = _write_estate(session.estate_folder, folder, templates)
        loaded = estate.load(folder)
        stacks = {one.name: one for one in estate.render(loaded)}
        tenancies = [f"tre-{project}" for project in projects]
        required = [stack for stack in stacks if stack not in tenancies]

        def of(names: Sequence[str]) -> list[StackSettings]:
            return [StackSettings(one, stacks[one].settings, folder / f"Pulumi.{one}.yaml") for one in names]

        plans = planned(of(tenancies), of(required), settings.root, settings.program_seconds)
        found = {}
        for plan in plans:
            price = price_of(plan, price_book)
            found[projects[plan.stack.removeprefix("tre-")]] = {
                "currency": price.currency,
                "amount": round(float(price.total.after), 2),
                "unknown": sorted(item for item, change in price.unknown.items() if change.after),
            }
        return found


def _write_estate(source: Path, folder: Path, templates: Sequence[ServiceTemplate]) -> dict[str, str]:
    """Write an estate like the one in a folder, with the examples as its requests. Return the template by project."""
    content = read_mapping(source / "estate.yaml")
    content = {key: value for key, value in content.items() if key not in LEFT_OUT} | {"data_class": IDENTIFIABLE}
    content.setdefault("confidential_orchestrator", TENANT)  # any id: what the example costs does not depend on it
    requests = {one.name: one.example_request(datetime.now(UTC).date()) for one in templates}
    shared = [one for one in requests.values() if "tenancy" in one]
    content["shared_tenancies"] = [example_tenancy(one["tenancy"], one["expires"]) for one in shared]
    _write(folder / "estate.yaml", content)
    if (source / ROSTER).exists():
        _write(folder / ROSTER, read_mapping(source / ROSTER))
    (folder / "requests").mkdir()
    projects = {}
    for template, request in requests.items():
        _write(folder / "requests" / f"{request['project']}.yaml", request)
        projects[request["project"]] = template
    return projects


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(yaml.safe_dump(dict(content)), encoding="utf-8")


def _digest(files: Iterable[Path]) -> str:
    sources = sorted(file for pattern in SOURCES for file in ROOT.glob(pattern) if file.is_file())
    parts = [(str(file), file.read_bytes().hex()) for file in (*sources, *files) if file.exists()]
    return "catalogue-" + hashlib.sha256(json.dumps(parts).encode()).hexdigest()
