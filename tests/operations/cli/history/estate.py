"""An estate whose history is made through the real commands, and what its ledger says of each change."""

from __future__ import annotations

import io
import json
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from local_azure.model import StoredResource
from local_azure.store import Store
from operations.diffs.meaning import Meaning
from operations.ledger.entry import Entry, Kind
from operations.ledger.ledger import Ledger, open_local
from operations.settings import Settings
from tests.clock import at
from tests.kept_hosts import main
from tests.made_once import deployed_estate
from tests.operations.estates import change

SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001"
PART_OF_A_CHANGE = (Kind.ASKED, Kind.EXEMPTIONS, Kind.DRIFT, Kind.OPEN_FINDING)
"""The entries that belong to a change, and are none themselves."""
_MARKS = {"gained": "+", "lost": "-", "changed": "~"}


@dataclass(frozen=True)
class Recorded:
    """What the ledger has of one command, but for the questions."""

    stacks: str
    became: str
    """What became of it; for what is no change, its kind."""
    beside: tuple[str, ...]
    """The kinds of the entries that belong to it."""
    means: Mapping[Meaning, Sequence[str]]
    """The sentences of each meaning."""
    access: Sequence[str]
    """Who can newly (+), no longer (-) or otherwise (~) do what with what; `=`: a new name; `!`: fewer controls."""
    number: int


@dataclass
class LivingEstate:
    """A deployed copy of the sample estate, in a folder of its own."""

    folder: Path
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The time of the next command."""
    user: str = "priya.hollis"
    """Who runs it."""
    source: Path | None = None
    """The folder that it is a copy of: by default the deployed estate."""
    _seen: int = 0
    _ledger: Ledger = field(init=False)
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        shutil.copytree(self.source or deployed_estate(), self.folder, dirs_exist_ok=True)
        self.settings = Settings.load({"SDE_HOME": str(self.folder / "home"), "PATH": "/nowhere"})
        self._ledger = open_local(self.settings)
        self._seen = self._ledger.log.head().size

    # What people do

    def file(self, name: str, edit: Callable[[Any], object]) -> None:
        """Edit a file of the estate."""
        change(self.folder / "estate" / name, edit)

    def by_hand(
        self, type_: str, part: str, edit: Callable[[dict[str, Any]], object] | None, *, every: bool = False
    ) -> None:
        """Change or (None) delete the first resource of a type whose id has a part, or every one, as in the portal."""
        store = Store(self.settings.local_db)
        found = [one for one in store.of_type(f"azure-native:{type_}") if part in one.id]
        assert found, (type_, part)
        for one in found if every else found[:1]:
            properties = json.loads(json.dumps(one.properties))
            if edit is None:
                store.remove(one.id)
            else:
                edit(properties)
                store.put(replace(one, properties=properties), one.id.split("/")[2], store.secrets(one.id))
        store.close()

    def lock_by_hand(self, part: str, *, gone: bool = False) -> None:
        """Make, or take away, a lock that no state has, on the first resource group whose id has a part."""
        store = Store(self.settings.local_db)
        group = next(one for one in store.of_type("azure-native:resources:ResourceGroup") if part in one.id)
        id_ = f"{group.id}/providers/Microsoft.Authorization/locks/by-hand"
        if gone:
            store.remove(id_)
        else:
            like = next(iter(store.of_type("azure-native:authorization:ManagementLockByScope")))
            store.put(StoredResource(id_, like.token, "by-hand", like.properties), SUBSCRIPTION)
        store.close()

    def azure_refuses(self, *actions: str) -> None:
        """Take permissions from the identity that deploys, or give all back."""
        file = self.settings.local_db.with_name("subscriptions.yaml")
        permissions = [{"actions": ["*"], "not_actions": list(actions)}]
        file.write_text(yaml.safe_dump({"subscriptions": {SUBSCRIPTION: {"permissions": permissions}}}))

    # What the commands do

    def sde(self, command: str) -> tuple[int, str]:
        """Run a command, and return its exit code and output."""
        out, err = io.StringIO(), io.StringIO()
        with at(self.now, user=self.user), redirect_stdout(out), redirect_stderr(err):
            code = main(["--estate", str(self.folder / "estate"), *shlex.split(command)], settings=self.settings)
        self.now += timedelta(minutes=10)
        return code, f"{out.getvalue()}\n{err.getvalue()}"

    def said(self, command: str) -> str:
        """Run a command that must succeed, and return its output."""
        code, said = self.sde(command)
        assert code == 0, said
        return said

    def lines(self, command: str) -> list[dict[str, Any]]:
        """Run a command with `--json`, and return its lines."""
        return [json.loads(line) for line in self.sde(f"{command} --json")[1].splitlines() if line]

    # What the ledger has

    def recorded(self) -> list[Recorded]:
        """Return what the ledger has of the changes since the last call."""
        entries = list(self._ledger.entries(self._seen))
        self._seen += len(entries)
        results = {entry.of: entry for _, entry in entries if entry.kind is Kind.RESULT}
        return [
            self._recorded(number, entry, results.get(number), entries)
            for number, entry in entries
            if entry.kind is not Kind.RESULT and entry.kind not in PART_OF_A_CHANGE
        ]

    def _recorded(
        self, number: int, entry: Entry, result: Entry | None, entries: Sequence[tuple[int, Entry]]
    ) -> Recorded:
        beside = [e.kind.value for _, e in entries if e.stacks == entry.stacks and e.kind in PART_OF_A_CHANGE]
        diff, access = (self._kept(entry, name) for name in ("diff", "access"))
        means: dict[Meaning, list[str]] = {}
        for one in diff.get("changes", ()):
            means.setdefault(Meaning(one["meaning"]), []).append(one["sentence"])
        became = str(result.result) if result else entry.kind.value
        return Recorded(" ".join(entry.stacks), became, tuple(beside), means, list(_lines(access)), number)

    def _kept(self, entry: Entry, name: str) -> dict[str, Any]:
        return self._ledger.kept(entry.objects[name]) if name in entry.objects else {}


def _lines(access: Mapping[str, Any]) -> list[str]:
    changes = [
        f"{_MARKS[one['effect']]} {one['who']['name']}: {', '.join(one['may'])}: {_things(one['on'])}"
        for one in access.get("changes", ())
    ]
    names = [f"= {one['before']}: {one['after']}" for one in access.get("renames", ())]
    flows = [f"! {one['flow']}" for one in access.get("flows", ()) if one["weakens"]]
    return [*changes, *names, *flows]


def _things(found: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(one["label"] for one in found)
