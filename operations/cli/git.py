"""Read from git: the revision of the catalogue, and the files of another revision."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

from formats.errors import InputError, short_text

REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@{}^~+-]{0,199}")
SECONDS = 60


def catalogue_revision(root: Path, packages: tuple[str, ...]) -> tuple[str | None, bool]:
    """Return the commit of a folder, and True if files of these packages differ from it. None without git."""
    try:
        status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--", *packages)
    except (OSError, subprocess.SubprocessError):
        return None, False
    lines = status.decode(errors="replace").splitlines()
    oid = next((line.rpartition(" ")[2] for line in lines if line.startswith("# branch.oid ")), "")
    commit = oid if re.fullmatch(r"[0-9a-f]{40,64}", oid) else None
    return commit, commit is not None and any(not line.startswith("#") for line in lines)


def commit_of(root: Path, revision: str) -> str:
    """Return the commit of a revision. Raise `InputError` where there is none."""
    if not REVISION.fullmatch(revision):
        raise InputError("This is not a git revision.", key="--catalogue", found=revision,
                         allowed="a commit, branch or tag, such as origin/main")  # fmt: skip
    try:
        return (
            _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
            .decode()
            .strip()
        )
    except OSError as error:
        raise InputError("git is not installed.", key="--catalogue", found=error.strerror) from None
    except subprocess.SubprocessError:
        raise InputError("The repository has no such revision.", file=str(root), key="--catalogue", found=revision,
                         allowed="a commit, branch or tag of this clone",
                         fix=f"git fetch origin, then git log {revision}") from None  # fmt: skip


def extract(root: Path, commit: str, folder: Path, required: tuple[str, ...]) -> None:
    """Write the files of a commit into a folder. Raise `InputError` if a file of the required folders is missing.

    The working tree is not touched. Attributes of the clone can leave files out of an archive: the names are compared.
    """
    try:
        archive = _git(root, "archive", "--format=tar", commit)
        listed = _git(root, "ls-tree", "-r", "-z", "--name-only", commit, "--", *required).decode().split("\0")
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
    except (OSError, subprocess.SubprocessError, tarfile.TarError) as error:
        raise InputError("The files of the revision cannot be read.", file=str(root), key="--catalogue",
                         found=short_text(str(error)), fix="git fsck") from None  # fmt: skip
    names = [name for name in listed if name]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        raise InputError("The revision lacks files of the catalogue.", key="--catalogue",
                         found=missing[0] if missing else "no files of " + ", ".join(required),
                         allowed="a revision with the catalogue, and a clone whose attributes leave nothing "
                         "out")  # fmt: skip


def _git(root: Path, *arguments: str) -> bytes:
    """Run git in a folder, without the caller's settings for other repositories, and without programs of the clone."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=SECONDS, env=environment).stdout  # noqa: S603
