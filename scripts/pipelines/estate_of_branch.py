#!/usr/bin/env python3
"""Put the estate of a commit into this checkout of the protected branch, which previews it with its own code.

`estate_of_branch.py COMMIT [FOLDER]` replaces `estate/` by that of the commit, and adds the configuration files of the
stacks that the protected branch does not have. It reads Git's objects: nothing of the commit is checked out, so that no
link, filter or submodule of it acts. It writes `FOLDER/other-files`, where the commit changes more than that.
Needs Python alone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAX_BYTES = 1 << 20
"""Of one file, as in formats/yaml_reader.py."""
MAX_FILES = 5_000
PLAIN_FILES = ("100644", "100755")
"""Git's modes of regular files. A link could show a file of the runner in an error message."""
_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*"
_OF_ESTATE = re.compile(rf"estate/(?:requests/|approvals/(?:{_NAME}/){{1,2}})?{_NAME}", re.ASCII)
_CONFIGURATION = re.compile(r"Pulumi\.[a-z0-9][a-z0-9-]*\.yaml", re.ASCII)
_PROVIDER = re.compile(rb"^secretsprovider:.*$", re.MULTILINE)


class RefusedError(Exception):
    """A commit whose estate cannot be previewed."""


@dataclass(frozen=True)
class File:
    """A file of the commit."""

    mode: str
    blob: str
    size: int
    path: str


def main(arguments: list[str]) -> int:
    """Return 0, or 3 for a commit that is refused."""
    commit, *folder = arguments
    try:
        found = list(files(ROOT, commit))
        write(ROOT, found)
        if folder:
            note(ROOT, commit, Path(folder[0]))
    except RefusedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    return 0


def git(root: Path, *arguments: str) -> bytes:
    """Return the output of a command of Git in a repository."""
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode != 0:
        raise RefusedError(f"git {arguments[0]} failed.\n  found:   {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def files(root: Path, commit: str) -> Iterator[File]:
    """Yield the files of a commit's estate, and its configuration files. `RefusedError` for what is no plain file."""
    if not re.fullmatch(r"[0-9a-f]{40}", commit, re.ASCII):
        raise RefusedError(f"This is no commit.\n  found:   {commit!r}\n  allowed: 40 hexadecimal digits")
    entries = git(root, "ls-tree", "-r", "-l", "-z", "--full-tree", commit).decode(errors="replace").split("\0")
    found = [File(*_fields(entry)) for entry in entries if entry]
    wanted = [one for one in found if one.path.startswith("estate/") or _CONFIGURATION.fullmatch(one.path)]
    if len(wanted) > MAX_FILES:
        raise RefusedError(f"The estate has too many files.\n  found:   {len(wanted):,}\n  allowed: {MAX_FILES:,}")
    for one in wanted:
        if one.mode not in PLAIN_FILES or not (_OF_ESTATE.fullmatch(one.path) or _CONFIGURATION.fullmatch(one.path)):
            allowed = "plain files in estate/, its requests/ and approvals/, with letters, digits, . _ and -"
            raise RefusedError("This is no file of an estate.\n"
                               f"  file:    {one.path!r}\n  found:   mode {one.mode}\n"
                               f"  allowed: {allowed}")  # fmt: skip
        if one.size > MAX_BYTES:
            raise RefusedError(f"The file is too large.\n  file:    {one.path!r}\n  found:   {one.size:,} bytes\n"
                               f"  allowed: {MAX_BYTES:,}")  # fmt: skip
        yield one


def _fields(entry: str) -> tuple[str, str, int, str]:
    head, _, path = entry.partition("\t")
    mode, _, blob, size = head.split()
    return mode, blob, int(size) if size.isdigit() else 0, path


def write(root: Path, found: list[File]) -> None:
    """Replace `estate/`, and add the configuration files of new stacks."""
    provider = _provider((root / "Pulumi.platform.yaml").read_bytes())
    new = [one for one in found if one.path.startswith("estate/") or not (root / one.path).exists()]
    content = {one.path: git(root, "cat-file", "blob", one.blob) for one in new}
    for path, text in content.items():
        if not path.startswith("estate/") and _provider(text) != provider:
            raise RefusedError("The secrets of a new stack must be encrypted as those of the platform.\n"
                               f"  file:    {path}\n  key:     secretsprovider\n"
                               f"  found:   {_provider(text)!r}\n  allowed: {provider!r}")  # fmt: skip
    shutil.rmtree(root / "estate")
    for path, text in content.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text)


def _provider(text: bytes) -> bytes:
    """Return the line of a configuration file with the stack's secrets provider; empty without one."""
    lines = _PROVIDER.findall(text)
    if len(lines) > 1:
        raise RefusedError(f"The key secretsprovider is there {len(lines)} times.")
    return lines[0].strip() if lines else b""


def note(root: Path, commit: str, folder: Path) -> None:
    """Write a sentence into `folder/other-files` if the commit changes files that are not in its preview."""
    changed = git(root, "diff", "--name-only", "-z", f"HEAD...{commit}").decode(errors="replace").split("\0")
    others = [
        path for path in changed if path and not path.startswith("estate/") and not _CONFIGURATION.fullmatch(path)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    text = f"Not in this preview, and reviewed by their owners: changes of {len(others):,} other files."
    (folder / "other-files").write_text(text if others else "")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
