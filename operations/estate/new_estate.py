"""The files of a new estate, with the comments of the sample's: `tre_templates/estate/`.

They are written to a temporary folder beside the target and loaded there. That folder is renamed if they are valid, so
that an estate is written whole or not at all.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import jinja2

from approvals.request_files import REQUESTS, TEMPLATES
from approvals.route import read_route
from formats.addresses import CELL_PREFIXES, ZoneName
from formats.errors import InputError, moved
from formats.local_cloud import SUBSCRIPTION_PREFIX
from formats.yaml_reader import parse_mapping
from operations.estate.loading import load
from operations.estate.rendering import render
from operations.estate.yaml_templates import json_line, yaml_environment
from operations.settings import write_whole

FILES = ("estate.yaml", "people.yaml", "route.yaml", "exemptions.yaml")
EXEMPTED_DAYS = 90
CELL_PREFIX = 15
"""The size of a cell without stated addresses, where the estate's range has room for it."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,.()'/_+-]*")
"""Text that may need no quotes in YAML."""


@dataclass(frozen=True)
class StaffPlace:
    """One staff machine of a new estate."""

    name: str
    roles: tuple[str, ...]
    purpose: str


STAFF = (
    StaffPlace("zones", ("zone-stewards", "engineers"),
               "Stewards look after the zones' data, and engineers search the logs"),
    StaffPlace("projects", ("project-stewards",), "Stewards approve what goes into projects"),
    StaffPlace("checks", ("checkers", "results"),
               "Checkers review results and release them, and stewards of projects read them"),
)  # fmt: skip
GROUPS: Mapping[str, str] = {
    "platform-team": "the platform engineers",
    "desk-users": "its members: every project's researchers' groups",
    **{f"{zone.value}-stewards": f"the stewards of {zone.value}" for zone in ZoneName},
    **{f"staff-{one.name}": f"its members: the groups that sign in to the staff machine {one.name}" for one in STAFF},
}
"""The groups of every estate, and who is in them. Each provider has one more, by its code."""


@dataclass(frozen=True)
class NewPerson:
    """A person of the roster."""

    id: str
    name: str


@dataclass(frozen=True)
class NewCell:
    """A cell. Its first subscription has the platform and the zones; the others, or else that one, have tenancies."""

    name: str
    addresses: str
    subscriptions: tuple[str, ...]


@dataclass(frozen=True)
class NewProvider:
    """A provider; without `ranges` it has no way in yet."""

    code: str
    name: str
    ranges: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewLedger:
    """Where runs in Azure are recorded."""

    container: str
    key: str
    public_key: str


@dataclass(frozen=True)
class NewEstate:
    """All that the files of a new estate state."""

    code: str
    organisation: str
    region: str
    cloud: str
    data_class: str
    tenant: str
    cost_centre: str
    approval: str
    controller: str
    until: date
    """The end of every approval, and of the people's entries."""
    admin_key: str
    orchestrator: str | None
    addresses: str
    cells: tuple[NewCell, ...]
    groups: Mapping[str, str]
    owner: NewPerson
    approver: NewPerson
    system: str
    providers: tuple[NewProvider, ...]
    staff_size: str
    route: str
    ledger: NewLedger | None

    def texts(self, today: date) -> dict[str, str]:
        """Return the text of each file by its name."""
        values = {**vars(self), "is_local": self.cloud == "local", "staff": STAFF, "today": today,
                  "secrets_until": min(self.until, today + timedelta(days=365)),
                  "exempt_until": today + timedelta(days=EXEMPTED_DAYS)}  # fmt: skip
        return {name: _environment().get_template(f"{name}.j2").render(values) for name in FILES}


def write_new_estate(folder: Path, new: NewEstate, today: date) -> list[Path]:
    """Write the files of a new estate, and return them. `InputError` for an existing one, and for an invalid one.

    Nothing is written then.
    """
    refuse_existing(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        (made / REQUESTS).mkdir()
        (made / REQUESTS / "README.md").write_text(_README, encoding="utf-8")
        for name, text in new.texts(today).items():
            write_whole(made / name, text)
        _load(made, folder, today)
        made.chmod(0o755)
        made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return [folder / name for name in FILES]


_README = "Data access requests, one file for each project: `scripts/sde tenancy add` writes one (docs/estate.md).\n"


def refuse_existing(folder: Path) -> None:
    """Raise `InputError` for a place that has something in it."""
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise InputError("There is something in this place already, which is never overwritten.", key="FOLDER",
                         found=str(folder), allowed="a new folder, or an empty one",
                         fix="Name another folder, or move this one away.")  # fmt: skip


def _load(made: Path, folder: Path, today: date) -> None:
    """Load and render a new estate, and refuse it in the words of its place."""
    try:
        read_route(made)
        render(load(made, today=today))
    except InputError as error:
        raise moved(error, str(made), str(folder)) from None


def made_up_id(code: str, what: str) -> str:
    """Return the id of a group or person that exists nowhere: always the same for one estate's code."""
    return str(uuid5(NAMESPACE_OID, f"made up for {code}: {what}"))


def local_subscription(code: str, cell: int) -> str:
    """Return a subscription of the local Azure for a cell: at most five cells may share one, and two estates none."""
    return f"{SUBSCRIPTION_PREFIX}000-0000-4000-8{cell:03}-{uuid5(NAMESPACE_OID, code).hex[:12]}"


def cell_ranges(addresses: IPv4Network, cells: Mapping[str, IPv4Network | None]) -> dict[str, IPv4Network]:
    """Return the addresses of each cell: the named ones, and for the others the next free ones, all of one size."""
    named = [network for network in cells.values() if network]
    missing = [name for name, network in cells.items() if network is None]
    for prefix in range(max(CELL_PREFIX, addresses.prefixlen), CELL_PREFIXES.stop):
        free = (one for one in addresses.subnets(new_prefix=prefix) if not any(map(one.overlaps, named)))
        found = dict(zip(missing, free, strict=False))
        if len(found) == len(missing):
            return {name: network or found[name] for name, network in cells.items()}
    raise InputError("The estate's range has no room for these cells.", key="--addresses", found=str(addresses),
                     allowed=f"a private range with a /{CELL_PREFIXES[-1]} or more for each of {len(cells)} cells",
                     fix="--addresses 10.64.0.0/10, or fewer cells")  # fmt: skip


@cache
def _environment() -> jinja2.Environment:
    return yaml_environment(jinja2.FileSystemLoader(TEMPLATES / "estate"), _scalar)


def _scalar(value: Any) -> str:
    """Return a value as YAML on one line: plain where that is read as the same text, otherwise as JSON."""
    if isinstance(value, date | UUID | IPv4Network):
        return str(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_in_list(one) for one in value)}]"
    text = str(value)
    return text if _PLAIN.fullmatch(text) and _is_read_as(text) else json_line(text)


def _in_list(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[A-Za-z0-9./-]+", text) and _is_read_as(text) else json_line(text)


def _is_read_as(text: str) -> bool:
    """True if YAML reads the text without quotes as itself. Some is refused without them, such as `no`."""
    try:
        return text == text.strip() and parse_mapping(f"key: {text}\n", "value")["key"] == text
    except InputError:
        return False
