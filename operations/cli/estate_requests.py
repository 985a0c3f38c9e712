"""What the commands on requests have in common: the estate, its approvals, and the keys to sign with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from approvals.approvers import Anchor
from approvals.envelope import Signed, Signer
from approvals.estate_files import ANCHOR, EstateFiles
from approvals.request_files import REQUESTS, read_request
from approvals.rights import Context
from approvals.signers import VaultSigner, read_key_file
from approvals.submission import Submission
from formats.errors import InputError
from operations.cli.session import Session
from operations.settings import write_new, write_whole

if TYPE_CHECKING:
    from operations.cli.taken_versions import RecordedPermits, TakenVersions
    from operations.estate import Estate
    from operations.ledger.ledger import Ledger

PASSPHRASE = "SDE_APPROVER_PASSPHRASE"  # noqa: S105 - the name of a variable
Project = Annotated[str, typer.Argument(metavar="PROJECT", help="The project of the request.", show_default=False)]
Projects = Annotated[
    list[str] | None, typer.Argument(metavar="PROJECT", help="The projects of the requests.", show_default=False)
]
AllRequests = Annotated[bool, typer.Option("--all", help="Every request of the estate.")]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="FILE|URL", help="Your key: a file, or the id of a key in Key Vault.",
                 show_default=False),
]  # fmt: skip


@dataclass(frozen=True)
class EstateRequests:
    """The requests of the estate of a command."""

    session: Session

    @cached_property
    def estate(self) -> Estate:
        """The estate, loaded and validated."""
        from operations import estate  # noqa: PLC0415 - imports templates, which --help does not need

        return estate.load(self.session.estate_folder)

    @cached_property
    def files(self) -> EstateFiles:
        """The approvals in the estate's folder."""
        return EstateFiles(self.session.estate_folder, self.estate.file.code)

    @property
    def is_local(self) -> bool:
        """True for an estate in the local Azure."""
        return str(self.estate.file.cloud) == "local"

    @property
    def now(self) -> datetime:
        """The time in whole seconds."""
        return datetime.now(UTC).replace(microsecond=0)

    @property
    def anchor_file(self) -> Path:
        """The file of the anchor of a local estate."""
        return self.local_folder / "anchor"

    @property
    def local_folder(self) -> Path:
        """The folder on this machine of what belongs to a local estate's approvals."""
        name = hashlib.sha256(str(self.session.estate_folder.resolve()).encode()).hexdigest()[:16]
        return self.session.settings.home / "local" / "approvers" / name

    def anchor(self) -> Anchor:
        """Return the anchor: of the environment, or of a local estate whose first version this machine made."""
        given = self.session.settings.environ.get(ANCHOR)
        if given is None and self.is_local and self.anchor_file.exists():
            given = self.anchor_file.read_text(encoding="utf-8").strip()
        if given is None:
            raise InputError("Nothing says which approvers are the right ones.", key=ANCHOR, found="nothing",
                             allowed="the digest of their first version, from your own records",
                             fix="sde request approvers show prints it; or --demo-keys in a local estate")  # fmt: skip
        return Anchor(given)

    def context(self) -> Context:
        """Return the context that decisions are verified with, without the ledger."""
        return self.files.context(self.anchor(), self.now)

    def context_of(self, project: str) -> Context:
        """Return the context of the decisions on a project, with the ledger where it can be reached.

        `Refused` for a clock that is behind the ledger.
        """
        from operations.cli.recorded_decisions import time_after, with_record  # noqa: PLC0415 - beside the ledger

        if self._ledger is None:
            return self.context()
        ledger, recorded = self._ledger
        now = time_after(ledger, "The decisions were not verified")
        return with_record(self.context(), now, recorded, project, self.files.decisions(project))

    def context_of_actions(self) -> Context:
        """Return the context of the permits of actions, with the ledger where it can be reached.

        `Refused` as for decisions.
        """
        from operations.cli.recorded_decisions import time_after, with_used  # noqa: PLC0415 - beside the ledger

        if self._ledger is None:
            return self.context()
        ledger, _ = self._ledger
        return with_used(self.context(), time_after(ledger, "The permits of actions were not verified"), ledger)

    @cached_property
    def versions(self) -> TakenVersions:
        """The versions that permits hold under, with the ledger where it can be reached. `Refused` as for decisions."""
        from operations.cli.recorded_decisions import time_after  # noqa: PLC0415 - beside the ledger
        from operations.cli.taken_versions import RecordedPermits, TakenVersions  # noqa: PLC0415

        if self._ledger is None:
            return TakenVersions(self, RecordedPermits(), self.now)
        ledger, recorded = self._ledger
        return TakenVersions(self, recorded, time_after(ledger, "The versions were not verified"))

    @cached_property
    def _ledger(self) -> tuple[Ledger, RecordedPermits] | None:
        from operations.cli.recorded_decisions import reachable_ledger  # noqa: PLC0415 - beside the ledger
        from operations.cli.taken_versions import RecordedPermits  # noqa: PLC0415

        ledger = reachable_ledger(self.session, str(self.estate.file.cloud), self.estate.file.ledger)
        return (ledger, RecordedPermits.of(ledger)) if ledger else None

    def request_file(self, project: str) -> Path:
        """Return the file of a request. `InputError` if the estate has no such project."""
        if project not in self.estate.requests:
            raise InputError("The estate has no such request.", key="PROJECT", found=project,
                             allowed=", ".join(self.estate.requests) or "none: sde request new")  # fmt: skip
        return self.session.estate_folder / REQUESTS / f"{project}.yaml"

    def chosen(self, projects: Sequence[str] | None, everything: bool) -> list[str]:
        """Return the named projects, or all. `InputError` for neither, both, or a project that the estate lacks."""
        if everything is bool(projects):
            raise InputError("Name requests, or use --all.", key="PROJECT", found=" ".join(projects or ()) or "nothing",
                             allowed=", ".join(self.estate.requests) or "none: sde request new")  # fmt: skip
        found = list(dict.fromkeys(projects or self.estate.requests))
        for project in found:
            self.request_file(project)
        return found

    def request(self, project: str) -> dict[str, Any]:
        """Return a request as JSON: what its file states, after the estate was validated with it."""
        self.request_file(project)
        return read_request(self.session.estate_folder, project)

    def submission(self, project: str) -> Submission:
        """Return a request with its assessment."""
        return self.files.submission(self.request(project), str(self.request_file(project)))

    def signer(self, key: str | None) -> Signer:
        """Return the key that an option names."""
        if key is None:
            raise InputError("A decision is signed.", key="--key", found="nothing",
                             allowed="a key file, or https://<vault>.vault.azure.net/keys/<name>/<version>",
                             fix="sde request keys new makes one; local estates have --demo-keys")  # fmt: skip
        if key.startswith("https://"):
            from operations.preflight.reads import default_credential  # noqa: PLC0415 - imports the Azure SDK

            return VaultSigner.open(key, default_credential())
        return read_key_file(Path(key), self.passphrase())

    def passphrase(self) -> str:
        """Return the passphrase of key files."""
        if not (found := self.session.settings.environ.get(PASSPHRASE)):
            raise InputError("A key file needs its passphrase.", key=PASSPHRASE, found="nothing",
                             fix=f"set {PASSPHRASE}, from a prompt or a password manager")  # fmt: skip
        return found

    def keep_anchor(self, first: Signed) -> None:
        """Record a first version that this machine has just made as the right one of a local estate."""
        self.anchor_file.unlink(missing_ok=True)  # of a chain that is gone
        write_new(self.anchor_file, f"{first.digest}\n".encode())


def add_file(file: Path, content: bytes) -> None:
    """Write a signed document, of which none is changed. `InputError` if there is another one."""
    if file.exists():
        raise InputError("There is such a document already.", file=str(file), fix="signed documents are only added")
    make_shared_folder(file.parent)
    write_whole(file, content.decode())


def make_shared_folder(folder: Path) -> None:
    """Create a folder of the estate, which its users share."""
    folder.mkdir(parents=True, exist_ok=True)
