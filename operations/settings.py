"""Local paths, the passphrase, and the environment of the Pulumi CLI."""

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
"""Characters to escape in a URL's path. All others are kept."""
PROJECT = "sde"
"""The Pulumi project's name, as in Pulumi.yaml."""
ROOT = Path(__file__).resolve().parents[1]

MAX_PASSPHRASE_BYTES = 4096


@dataclass(frozen=True)
class Settings:
    """Settings from the environment. `environ` is a copy: later changes of the process's environment do not count."""

    root: Path
    home: Path
    environ: Mapping[str, str]

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
        """Return the settings. `SDE_HOME` is the folder of all local files, by default `<project>/.sde`."""
        environ = dict(os.environ if environ is None else environ)
        given = environ.get("SDE_HOME")
        return cls(root, Path(given).expanduser().absolute() if given else root / ".sde", environ)

    @property
    def local_db(self) -> Path:
        """The local Azure's database."""
        return self.home / "local" / "azure.db"

    @property
    def passphrase_file(self) -> Path:
        """The passphrase of stacks in the local Azure."""
        return self.home / "local" / "passphrase"

    @property
    def log_folder(self) -> Path:
        """The folder for the details of unexpected errors."""
        return self.home / "log"

    @property
    def cache_folder(self) -> Path:
        """The folder of computed results. It can be deleted at any time."""
        return self.home / "cache"

    @property
    def program_seconds(self) -> float:
        """`SDE_PROGRAM_SECONDS`: the limit of a program's duration in a preview, and of its silence in a deployment."""
        given = self.environ.get("SDE_PROGRAM_SECONDS", "600")
        if not (given.isascii() and given.isdigit() and 0 < int(given) <= 86400):
            raise InputError("The program's time limit cannot be used.", key="SDE_PROGRAM_SECONDS", found=given,
                             allowed="whole seconds, 1 to 86400")  # fmt: skip
        return float(given)

    @property
    def built_cli(self) -> Path:
        """The Pulumi CLI that `scripts/pulumi-cli` builds."""
        return self.root / ".sde" / "tools" / "pulumi" / "pulumi"

    @property
    def backend_url(self) -> str:
        """The URL of Pulumi's backend: `PULUMI_BACKEND_URL`, or the folder `state` in `home`."""
        return self.environ.get("PULUMI_BACKEND_URL") or "file://" + str(self.home / "state").translate(_NOT_IN_URLS)

    @property
    def backend_folder(self) -> Path | None:
        """The folder of a `file://` backend; None for other backends."""
        return folder_of(self.backend_url)

    @property
    def states(self) -> list[Path]:
        """The files of the stacks' states in a `file://` backend."""
        folder = self.backend_folder
        return list((folder / ".pulumi" / "stacks" / PROJECT).glob("*.json")) if folder else []

    def passphrase(self, cloud: str) -> str:
        """Return the passphrase of the secrets in the state. Generated on first use, for the local cloud only."""
        if "PULUMI_CONFIG_PASSPHRASE" in self.environ:
            return self.environ["PULUMI_CONFIG_PASSPHRASE"]
        named = self.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
        if named:
            return _read_passphrase(Path(named).expanduser())
        if cloud != "local":
            raise InputError(
                "The state's secrets need a passphrase, and none is set.",
                fix="set PULUMI_CONFIG_PASSPHRASE_FILE to a file that contains it",
            )
        self._refuse_to_replace_passphrase()
        _create_passphrase(self.passphrase_file)
        return _read_passphrase(self.passphrase_file)

    @property
    def ledger_folder(self) -> Path:
        """The ledger of runs in the local Azure."""
        return self.home / "ledger"

    @property
    def ledger_key(self) -> Path:
        """The key of that ledger, encrypted."""
        return self.home / "local" / "ledger-key.pem"

    def ledger_passphrase(self) -> str:
        """Return the passphrase of the ledger's key: `SDE_LEDGER_PASSPHRASE`, or the file, made on first use."""
        given = self.environ.get("SDE_LEDGER_PASSPHRASE")
        if given:
            return given
        file = self.home / "local" / "ledger-passphrase"
        _create_passphrase(file)
        return _read_passphrase(file)

    def _refuse_to_replace_passphrase(self) -> None:
        """Refuse to generate a passphrase if there is state: a new one cannot decrypt it, and would hide the loss."""
        if not self.passphrase_file.exists() and (states := self.states):
            raise InputError(
                "The passphrase of this machine's state is missing.",
                file=str(self.passphrase_file),
                found="no such file, and state that needs it: " + str(states[0].parent),
                fix="restore the file, or set PULUMI_CONFIG_PASSPHRASE to the passphrase of the state",
            )

    def local_environment(self) -> dict[str, str]:
        """Return the variables that the Pulumi CLI needs for the local Azure. Create the folders and the passphrase.

        `PULUMI_HOME` contains only the local providers. The CLI never uses those of real Azure: downloads, providers on
        PATH and those attached by another program are disabled.
        """
        from local_azure import plugins  # noqa: PLC0415 - most commands do not need it

        pulumi_home = self.home / "pulumi"
        variables = {
            "SDE_LOCAL_AZURE": str(self.local_db),
            "SDE_HOME": str(self.home),
            "PULUMI_BACKEND_URL": self.backend_url,
            "PULUMI_HOME": str(pulumi_home),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_ENABLE_LEGACY_PLUGIN_SEARCH": "true",  # use a later version than the state names
            "PULUMI_DEBUG_PROVIDERS": "",
        }
        if plugins.on_path(self.environ.get("PATH", os.defpath)):
            # Only in this case: it also hides a language host outside the CLI's folder.
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
    """Create a folder with access for its owner only. An existing folder is not changed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_whole(file: Path, text: str | bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader finds the old text or the new, never a part. A device or a pipe is not replaced."""
    content = text.encode() if isinstance(text, str) else text
    if file.exists() and not file.is_file():
        file.write_bytes(content)
        return
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(file)
    except BaseException as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(file)  # a full disk has no name, and that of the temporary file says nothing
        raise


def write_new(file: Path, content: bytes) -> None:
    """Write a new file with mode 0600, durable and whole, with an atomic link. `FileExistsError` if there is a file."""
    make_folder(file.parent)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".tmp")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, file)
    finally:
        Path(temporary).unlink()


def _read_passphrase(file: Path) -> str:
    """Read a passphrase file of limited length: the variable may name any file, such as an endless device."""
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_PASSPHRASE_BYTES + 1)
        text = content.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise InputError("The passphrase file cannot be read.", file=str(file), found=reason) from None
    if len(content) > MAX_PASSPHRASE_BYTES:
        raise InputError("The passphrase file is too long.", file=str(file), allowed=f"{MAX_PASSPHRASE_BYTES:,} bytes")
    if not text:
        raise InputError("The passphrase file is empty.", file=str(file), fix="write the passphrase to it")
    return text


def _create_passphrase(file: Path) -> None:
    """Write a random passphrase, if there is no file. Of two processes at once, both then read that of the first."""
    if not file.exists():
        with contextlib.suppress(FileExistsError):
            write_new(file, f"{secrets.token_urlsafe(32)}\n".encode())


def folder_of(url: str) -> Path | None:
    """Return the folder of a `file://` backend URL (absolute, relative to the current folder, or `~`); else None."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    return Path(os.path.normpath(Path(unquote(parts.netloc + parts.path)).expanduser().absolute()))
