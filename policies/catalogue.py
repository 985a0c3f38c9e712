"""The catalogue of policies as one value: its digest, and the revision of the repository that it is from.

The digest covers the rules, their helper code and their tables of data: every file of `policies/` and `formats/`. It
follows from names and content alone, so it is the same on every machine. It is computed, and the catalogue is loaded,
before any program runs: a program could rewrite the files, and nothing of them is read again afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from formats.errors import Refused
from formats.pinned_policies import PinnedPolicies
from formats.validation import validated
from formats.yaml_reader import read_mapping, within

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("formats", "policies")
JUDGE = (*PACKAGES, "approvals", "local_azure", "operations")
"""The packages whose code runs in the process that evaluates."""
ESTATE = "estate.yaml"
COMPILED = "__pycache__"


@dataclass(frozen=True)
class Catalogue:
    """The identity of the rules that a verdict is from."""

    digest: str
    revision: str | None = None
    """The commit of the repository; None where it is not known."""
    is_modified: bool = False
    """True if files of the evaluating code differ from those of the revision."""

    def to_json(self) -> dict[str, str | bool | None]:
        """Return it as plain JSON."""
        return {"digest": self.digest, "revision": self.revision, "modified": self.is_modified}

    def __str__(self) -> str:
        changed = ", with local changes" if self.is_modified else ""
        revision = f", revision {self.revision}{changed}" if self.revision else ""
        return f"catalogue {self.digest}{revision}"


@cache
def catalogue_digest(root: Path = ROOT) -> str:
    """Return the digest of the catalogue's files, as they are at the first call."""
    found = hashlib.sha256()
    for file in catalogue_files(root):
        name, content = file.relative_to(root).as_posix().encode(), file.read_bytes()
        found.update(b"%d %d\0" % (len(name), len(content)) + name + content)
    return f"sha256:{found.hexdigest()}"


def catalogue_files(root: Path = ROOT) -> Iterator[Path]:
    """Yield every file of the catalogue in the order of names, without hidden files and what Python compiled."""
    for package in PACKAGES:
        found = {path.relative_to(root).as_posix(): path for path in (root / package).rglob("*") if path.is_file()}
        for name in sorted(found):
            parts = name.split("/")
            if COMPILED not in parts and not any(part.startswith(".") for part in parts):
                yield found[name]


def require_pinned(digest: str, estate: Path) -> None:
    """Raise `Refused` if an estate's folder pins another catalogue, and `InputError` if the pin cannot be read."""
    file, path = estate / ESTATE, str(estate / ESTATE)
    found = read_mapping(within(estate, file, path), path).get("policies") if file.exists() else None
    pinned = validated(PinnedPolicies, found, file=path, prefix="policies.").catalogue if found is not None else digest
    if pinned != digest:
        raise Refused(
            "The catalogue of policies is not the one that the estate pins.\n"
            f"  file:    {path}\n  key:     policies.catalogue\n  found:   {digest}\n  allowed: {pinned}\n"
            "  fix:     review what changed in policies/ and formats/, then pin the digest that was found; or check "
            "out the reviewed revision"
        )


def load_catalogue() -> str:
    """Load all that an evaluation reads, and return the digest of its files before that."""
    digest = catalogue_digest()
    from formats.arm.references import references  # noqa: PLC0415 - loads the catalogue
    from policies.reachability import forbidden_flows  # noqa: F401, PLC0415
    from policies.rules import load  # noqa: PLC0415

    load()
    references()
    return digest
