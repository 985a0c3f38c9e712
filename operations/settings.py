"""Where things are kept on this machine, and the environment that the official Pulumi CLI is given: said once, here."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from formats.errors import InputError

_NOT_IN_URLS = str.maketrans({mark: f"%{ord(mark):02X}" for mark in "%#?"})
"""What would end a URL's path, or be taken apart in it; the rest stays as people typed it."""
PROJECT = "sde"
"""The Pulumi project's name, as in Pulumi.yaml."""
ROOT = Path(__file__).resolve().parents[1]

LONGEST_PASSPHRASE = 4096
"""Bytes."""


@dataclass(frozen=True)
class Settings:
    """What the environment says. `environ` is a copy: nothing here reads the process's own again."""

    root: Path
    home: Path
    environ: Mapping[str, str]

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
        """The settings of this process: `SDE_HOME` says where all that is local lives, `<project>/.sde` otherwise."""
        environ = dict(os.environ if environ is None else environ)
        given = environ.get("SDE_HOME")
        return cls(root, Path(given).expanduser().absolute() if given else root / ".sde", environ)

    @property
    def local_db(self) -> Path:
        """The local Azure's database."""
        return self.home / "local" / "azure.db"

    @property
    def passphrase_file(self) -> Path:
        """The passphrase of what runs against the local Azure."""
        return self.home / "local" / "passphrase"

    @property
    def log_folder(self) -> Path:
        """Where the details of an unexpected error are written."""
        return self.home / "log"

    @property
    def built_cli(self) -> Path:
        """The Pulumi CLI that `scripts/pulumi-cli` builds."""
        return self.root / ".sde" / "tools" / "pulumi" / "pulumi"

    @property
    def backend_url(self) -> str:
        """Where Pulumi keeps its state: `PULUMI_BACKEND_URL`, or the folder `state` of our home."""
        return self.environ.get("PULUMI_BACKEND_URL") or "file://" + str(self.home / "state").translate(_NOT_IN_URLS)

    @property
    def backend_folder(self) -> Path | None:
        """The folder of a `file://` backend; None for other backends."""
        return folder_of(self.backend_url)

    def passphrase(self, cloud: str) -> str:
        """What the secrets in the state are encrypted with; made on first use for the local cloud alone."""
        if "PULUMI_CONFIG_PASSPHRASE" in self.environ:
            return self.environ["PULUMI_CONFIG_PASSPHRASE"]
        named = self.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
        if named:
            return _read_passphrase(Path(named).expanduser())
        if cloud != "local":
            raise InputError(
                "The state's secrets need a passphrase, and none is set.",
                fix="set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
            )
        self._refuse_to_replace_passphrase()
        _make_passphrase(self.passphrase_file)
        return _read_passphrase(self.passphrase_file)

    def _refuse_to_replace_passphrase(self) -> None:
        """A new passphrase opens no state that an old one closed: it would only hide that the old one is gone."""
        states = self.backend_folder / ".pulumi" / "stacks" / PROJECT if self.backend_folder else None
        if states and not self.passphrase_file.exists() and any(states.glob("*.json")):
            raise InputError(
                "The passphrase of this machine's state is gone.",
                file=str(self.passphrase_file),
                found="no such file, and state that needs it: " + str(states),
                fix="restore the file, or set PULUMI_CONFIG_PASSPHRASE to what the state was made with",
            )

    def local_environment(self) -> dict[str, str]:
        """What the Pulumi CLI must find set to run against the local Azure; makes the folders and the passphrase.

        The CLI gets a `PULUMI_HOME` that holds no provider but the local ones. Real Azure's never answer from there:
        the CLI may download none, and takes none that stands on PATH or that another program offers.
        """
        from local_azure import plugins  # noqa: PLC0415 - most commands need none

        pulumi_home = self.home / "pulumi"
        variables = {
            "SDE_LOCAL_AZURE": str(self.local_db),
            "SDE_HOME": str(self.home),
            "PULUMI_BACKEND_URL": self.backend_url,
            "PULUMI_HOME": str(pulumi_home),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ENABLE_LEGACY_PLUGIN_SEARCH": "true",  # a later version answers for the one that a state names
            "PULUMI_DEBUG_PROVIDERS": "",
        }
        if plugins.on_path(self.environ.get("PATH", os.defpath)):
            # Only then: it also hides a language host that does not stand beside the CLI.
            variables["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
        for folder in (self.local_db.parent, pulumi_home, self.backend_folder):
            if folder:
                make_folder(folder)
        plugins.install(pulumi_home)
        if "PULUMI_CONFIG_PASSPHRASE" not in self.environ:
            named = self.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
            self.passphrase("local")
            file = Path(named).expanduser() if named else self.passphrase_file
            variables["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(file.absolute())
        return variables


def make_folder(folder: Path) -> None:
    """A folder that only its owner can enter; left as it is where it exists."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_whole(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader finds the old text or the new, never a part."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read_passphrase(file: Path) -> str:
    """A variable may name any file, a device without end among them: only a short one is read."""
    try:
        with file.open("rb") as stream:
            content = stream.read(LONGEST_PASSPHRASE + 1)
        text = content.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise InputError("The passphrase file cannot be read.", file=str(file), found=why) from None
    if len(content) > LONGEST_PASSPHRASE:
        raise InputError("The passphrase file is too long.", file=str(file), allowed=f"{LONGEST_PASSPHRASE:,} bytes")
    if not text:
        raise InputError("The passphrase file is empty.", file=str(file), fix="put the passphrase into it")
    return text


def _make_passphrase(file: Path) -> None:
    """A random passphrase, linked into place whole: of two processes at once, one wins and both read the same."""
    if file.exists():
        return
    make_folder(file.parent)
    handle, temporary = tempfile.mkstemp(dir=file.parent, suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(secrets.token_urlsafe(32) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(temporary, file)
    finally:
        Path(temporary).unlink()


def folder_of(url: str) -> Path | None:
    """Return the folder of a `file://` backend URL (absolute, relative to the current folder, or `~`); else None."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    return Path(os.path.normpath(Path(unquote(parts.netloc + parts.path)).expanduser().absolute()))
