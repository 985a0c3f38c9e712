"""The answers from which `sde init` makes an estate: flags first, then questions at a terminal, then made-up ones."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from ipaddress import IPv4Network
from pathlib import Path

import typer
from rich.text import Text

from approvals.route import shipped_routes
from formats.addresses import private_range, space_for_cells
from formats.errors import NOT_SHOWN, InputError, joined, without_private_key
from formats.local_cloud import TENANT
from formats.stack_config import ORCHESTRATOR_COMMAND, Cloud, DataClass, Region
from operations.cli.output import Output
from operations.estate.new_estate import (
    GROUPS,
    NewCell,
    NewEstate,
    NewLedger,
    NewPerson,
    NewProvider,
    cell_ranges,
    local_subscription,
    made_up_id,
)

CONFIDENTIAL_SIZE, OTHER_SIZE = "Standard_DC2as_v5", "Standard_D2s_v5"
"""The sizes of staff machines, with identifiable data and without."""
_ADDRESSES = "10.64.0.0/10"
_PROVIDERS = ("ZQ1=Aldergate University Hospitals", "ZQ2=Solway Green Community Health")
_WAYS_IN = ("ZQ1=198.51.100.16/28", "ZQ2=198.51.100.40")
_PEOPLE = {"owner": "Rowan Alder", "approver": "Hazel Linden"}
_LOCAL_DAYS = 730
_FLAGS = {
    "code": "--code", "organisation": "--organisation", "region": "--region", "cloud": "--cloud", "tenant": "--tenant",
    "data_class": "--data-class", "cost_centre": "--cost-centre", "approval.request": "--approval",
    "approval.controller": "--controller", "approval.expires": "--until", "admin_public_key": "--admin-key",
    "admin_key_approval": "--owner, --approver, --until", "confidential_orchestrator": "--orchestrator",
    "platform_team": "--group platform-team", "desk_users": "--group desk-users", "addresses": "--addresses",
    "cells": "--cell, --subscription", "zones": "--group", "staff": "--group, --staff-size",
    "integrated_care_systems": "--system, --provider, --group, --way-in", "ledger": "--ledger-...",
    "people[0]": "--owner, --until", "people[1]": "--approver, --until", "route": "--route",
}  # fmt: skip
"""The flags of the keys in the new files, by the beginning of a key."""


@dataclass(frozen=True)
class Given:
    """What flags state."""

    cloud: str | None = None
    code: str | None = None
    organisation: str | None = None
    region: str | None = None
    data_class: str | None = None
    route: str | None = None
    addresses: str | None = None
    cell: Sequence[str] | None = None
    subscription: Sequence[str] | None = None
    tenant: str | None = None
    cost_centre: str | None = None
    approval: str | None = None
    controller: str | None = None
    until: str | None = None
    group: Sequence[str] | None = None
    owner: str | None = None
    approver: str | None = None
    system: str | None = None
    provider: Sequence[str] | None = None
    way_in: Sequence[str] | None = None
    admin_key: str | None = None
    orchestrator: str | None = None
    staff_size: str | None = None
    ledger_container: str | None = None
    ledger_key: str | None = None
    ledger_public_key: str | None = None


@dataclass
class Answers:
    """The flags, and what is asked for: at a terminal by a question each, otherwise by one message for all."""

    given: Given
    output: Output
    at_terminal: bool
    missing: dict[str, str] = field(default_factory=dict)
    """The question of each missing flag."""
    answered: list[str] = field(default_factory=list)
    """The answers to questions, as flags."""

    def one(self, key: str, question: str, *, default: str | None = None, allowed: Sequence[str] = (),
            made_up: str | None = None) -> str:  # fmt: skip
        """Return the value of a flag, the answer to its question, or the default. Empty if it is missing.

        `made_up`: the value in the local Azure, where no question is asked.
        """
        found = getattr(self.given, key)
        if found is None:
            found = made_up if made_up is not None else self.asked(_flag(key), question,
                                                                   default=default, allowed=allowed)  # fmt: skip
        if allowed and found and found not in allowed:
            raise InputError("There is no such choice.", key=_flag(key), found=found, allowed=", ".join(allowed))
        return str(found)

    def many(self, key: str, question: str, *, default: Sequence[str] = (), made_up: Sequence[str] = ()) -> list[str]:
        """Return the values of a flag that can be repeated. At a terminal they are one line, apart by semicolons."""
        found = getattr(self.given, key)
        if found or made_up:
            return list(found or made_up)
        text = self.asked(_flag(key), question, default="; ".join(default) or None, several=True)
        return _split(text)

    def asked(self, flag: str, question: str, *, of: str = "", default: str | None = None,
              allowed: Sequence[str] = (), several: bool = False) -> str:  # fmt: skip
        """Return the answer to a question, or the default. Empty if there is neither.

        `of`: the name of which the flag states a value, as `NAME=`. `several`: the answer is for one flag each.
        """
        choices = f" ({', '.join(allowed)})" if allowed else ""
        hint = "; several with ; between them" if several else ""
        while self.at_terminal:
            shown = f" [{default}]" if default else ""
            self.output.err.print(Text(f"{question}{choices}{hint}{shown}: "), end="", soft_wrap=True)
            line = sys.stdin.readline()
            if not line:
                raise typer.Abort
            found = line.strip() or default
            _refuse_private_key(flag, line)
            if found is not None and (not allowed or found in allowed):
                for one in _split(found) if several else (found,):
                    self.answered += [flag, of + one]
                return found
        if default is None:
            self.missing[f"{flag} {of}ID" if of else flag] = question + choices
        return default or ""

    def refuse_missing(self) -> None:
        """Raise `InputError` with every flag that is missing."""
        if self.missing:
            lines = "".join(f"\n  {flag}: {question}" for flag, question in self.missing.items())
            raise InputError(f"A new estate needs these flags, or a terminal at which it can ask:{lines}",
                             found="no terminal", fix="add the flags")  # fmt: skip


def _flag(key: str) -> str:
    """Return the flag that states a value of `Given`."""
    return f"--{key.replace('_', '-')}"


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(";") if one.strip()]


def new_estate(answers: Answers, today: date) -> NewEstate:
    """Return the estate of the answers. `InputError` for missing ones, and for those that cannot be read."""
    given = answers.given
    cloud = answers.one("cloud", "Which Azure: that of this machine, or the real one", allowed=list(Cloud))
    code = answers.one("code", "A code that begins every name, 2-8 lower-case letters and digits")
    organisation = answers.one("organisation", "The name of the SDE")
    region = answers.one("region", "The region", allowed=list(Region))
    data_class = answers.one("data_class", "The most sensitive data", allowed=list(DataClass))
    route = answers.one("route", "Who approves requests (docs/approvals.md)", allowed=shipped_routes())
    cells = _pairs("--cell", answers.many("cell", "The cells, each NAME or NAME=RANGE", default=["one"]), lone=True)
    answers.refuse_missing()  # what else is needed depends on these
    local = cloud == Cloud.LOCAL
    secret = data_class == DataClass.IDENTIFIABLE
    addresses = answers.one("addresses", "The range of all networks, used by nothing that it will ever connect to",
                            made_up=_ADDRESSES if local else None)  # fmt: skip
    providers = _pairs("--provider", answers.many("provider", "Who uploads data, each CODE=NAME with the ODS code",
                                                  made_up=_PROVIDERS if local else ()))  # fmt: skip
    default_ways = [one for one in _WAYS_IN if local and given.provider is None]
    ways = _pairs("--way-in", given.way_in or default_ways, known=providers)
    found = NewEstate(
        code=code, organisation=organisation, region=region, cloud=cloud, data_class=data_class, route=route,
        tenant=answers.one("tenant", "The Entra tenant: az account show --query tenantId",
                           made_up=TENANT if local else None),
        cost_centre=answers.one("cost_centre", "Who pays for what all projects share",
                                made_up="SDE-0001" if local else None),
        approval=answers.one("approval", "The number of the SDE's own approval, such as its DPIA",
                             made_up="DPIA-0001" if local else None),
        controller=answers.one("controller", "The data controller of the SDE", made_up=organisation if local else None),
        until=_day(answers.one("until", "The end of the first approvals, YYYY-MM-DD, at most three years away",
                               made_up=str(today + timedelta(days=_LOCAL_DAYS)) if local else None)),
        admin_key=_key(answers.one("admin_key", "The public half of the break-glass key, or its file",
                                   made_up="" if local else None), made_up=local),
        orchestrator=answers.one("orchestrator", f"The Confidential VM Orchestrator: {ORCHESTRATOR_COMMAND}",
                                 made_up=made_up_id(code, "orchestrator") if local else None) if secret else None,
        addresses=addresses, cells=_cells(answers, code, addresses, cells, local=local),
        groups=_groups(answers, code, providers, local=local),
        owner=_person(answers, "owner", "Who owns the first ways in and out, as ID=FULL NAME", code, local=local),
        approver=_person(answers, "approver", "Who approves them, another person, as ID=FULL NAME", code, local=local),
        system=answers.one("system", "The integrated care system of the providers",
                           made_up="North" if local else None),
        providers=tuple(NewProvider(key, names[-1], tuple(ways.get(key, ()))) for key, names in providers.items()),
        staff_size=given.staff_size or (CONFIDENTIAL_SIZE if secret else OTHER_SIZE), ledger=_ledger(given),
    )  # fmt: skip
    answers.refuse_missing()
    _refuse_unused(given, local=local, secret=secret)
    return found


def _refuse_unused(given: Given, *, local: bool, secret: bool) -> None:
    """Refuse flags that this estate has no use for, which would otherwise be ignored."""
    if given.orchestrator and not secret:
        raise InputError("Only an estate with identifiable data has an orchestrator.", key="--orchestrator",
                         found=given.orchestrator, fix="leave it out, or --data-class identifiable")  # fmt: skip
    if local and _ledger(given):
        raise InputError("Runs in the local Azure are recorded in the home folder.", key="--ledger-container",
                         found=given.ledger_container, fix="leave the flags of the ledger out")  # fmt: skip


def _pairs(
    flag: str, values: Sequence[str], *, lone: bool = False, known: Mapping[str, object] | None = None
) -> dict[str, list[str]]:
    """Return the values of `KEY=VALUE` by key. `lone`: a key may have none. `known`: the keys that there are."""
    found: dict[str, list[str]] = {}
    for one in values:
        key, sign, value = (part.strip() for part in one.partition("="))
        if not key or (not value if sign else not lone):
            raise InputError("This is not a pair.", key=flag, found=one, allowed="NAME=VALUE")
        if known is not None and key not in known:
            raise InputError("There is no such name.", key=flag, found=key, allowed=", ".join(known) or "none")
        if known is None and key in found:
            raise InputError("This is named twice.", key=flag, found=key, fix="leave one out")
        found.setdefault(key, []).extend([value] if sign else [])
    return found


def _cells(answers: Answers, code: str, addresses: str, cells: Mapping[str, Sequence[str]], *,
           local: bool) -> tuple[NewCell, ...]:  # fmt: skip
    stated = _pairs("--subscription", answers.given.subscription or (), known=cells)
    subscriptions = {}
    for index, name in enumerate(cells):
        made_up = [local_subscription(code, index)] if local else []
        text = "" if name in stated or local else answers.asked(
            "--subscription", f"The subscriptions of cell {name}", of=f"{name}=",
            several=True)  # fmt: skip
        subscriptions[name] = tuple(stated.get(name) or made_up or _split(text))
    ranges = cell_ranges(_network("--addresses", addresses), {
        name: _network("--cell", values[0]) if values else None for name, values in cells.items()
    }) if addresses else {}  # fmt: skip
    return tuple(NewCell(name, str(ranges.get(name)), subscriptions[name]) for name in cells)


def _network(flag: str, text: str) -> IPv4Network:
    try:
        network = private_range(text)
        return space_for_cells(network) if flag == "--addresses" else network
    except ValueError as error:
        raise InputError("This range cannot be used.", key=flag, found=text, allowed=str(error) or None) from None


def _groups(answers: Answers, code: str, providers: Mapping[str, object], *, local: bool) -> dict[str, str]:
    wanted = {**GROUPS, **dict.fromkeys(providers, "the people who upload for this provider")}
    stated = _pairs("--group", answers.given.group or (), known=wanted)
    if twice := next((name for name, ids in stated.items() if len(ids) > 1), None):
        raise InputError("A group has one id.", key="--group", found=twice, fix="leave one out")
    return {name: stated[name][0] if name in stated
            else made_up_id(code, name) if local
            else answers.asked("--group", f"The object id of the Entra group {name}: {who}", of=f"{name}=")
            for name, who in wanted.items()}  # fmt: skip


def _person(answers: Answers, key: str, question: str, code: str, *, local: bool) -> NewPerson:
    made_up = f"{made_up_id(code, key)}={_PEOPLE[key]}" if local else None
    text = answers.one(key, question, made_up=made_up)
    ((id_, names),) = _pairs(f"--{key}", [text]).items() if text else [("", [""])]
    return NewPerson(id_, names[0])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.min
    except ValueError:
        raise InputError("This is not a day.", key="--until", found=text, allowed="a date, YYYY-MM-DD") from None


def _key(text: str, *, made_up: bool) -> str:
    """Return a public key, or that in a file. In the local Azure a new one, whose private half is not kept."""
    _refuse_private_key("--admin-key", text)
    if not text and made_up:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - once
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

        public = Ed25519PrivateKey.generate().public_key()
        return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode() + " nobody"
    if not text or text.startswith(("ssh-", "ecdsa-")):
        return text
    from formats.yaml_reader import read_text  # noqa: PLC0415 - refuses what is no text

    content = read_text(Path(text), text).strip()
    _refuse_private_key("--admin-key", content, text)
    return content


def _refuse_private_key(flag: str, content: str, file: str | None = None) -> None:
    """Refuse the private half of a key, and never print it."""
    if without_private_key(content) != content:
        raise InputError("This is the private half of a key, which must stay in its safe.", key=flag, file=file,
                         found=NOT_SHOWN, allowed="the public half: ssh-ed25519 AAAA...",
                         fix=f"{flag} {file or 'FILE'}.pub")  # fmt: skip


def _ledger(given: Given) -> NewLedger | None:
    parts = (given.ledger_container, given.ledger_key, given.ledger_public_key)
    if not any(parts):
        return None
    container, key, public_key = parts
    if container is None or key is None or public_key is None:
        raise InputError("The ledger is named whole.", key="--ledger-container, --ledger-key, --ledger-public-key",
                         found="a part of it", fix="give all three, or none: they can be added later")  # fmt: skip
    return NewLedger(container, key, public_key)


@contextmanager
def keeping(answers: Answers, folder: Path) -> Iterator[None]:
    """Print the answers to questions as flags if the block fails, so that no question has to be answered twice."""
    try:
        yield
    except (InputError, typer.Abort, KeyboardInterrupt):
        if answers.answered:
            given = [str(one) for key, value in vars(answers.given).items() if value and key != "admin_key"
                     for each in ([value] if isinstance(value, str) else value)
                     for one in (_flag(key), each)]  # fmt: skip
            line = shlex.join(["scripts/sde", "init", str(folder), *given, *answers.answered])
            answers.output.err.print(
                Text(f"\nNothing was written. With your answers so far:\n{line}\n"), soft_wrap=True
            )
        raise


@contextmanager
def with_flags() -> Iterator[None]:
    """Name the flags behind a refused key of the new files."""
    try:
        yield
    except InputError as error:
        raise joined([_from_flag(one) for one in error.each]) from None


def _from_flag(error: InputError) -> InputError:
    found = next((flag for key, flag in _FLAGS.items() if error.key and error.key.startswith(key)), None)
    if found is None:
        return error
    fix = error.fix or f"correct {found}: nothing was written"
    return error.with_parts(key=f"{error.key}, from {found}", fix=fix)
