"""A stack's configuration as Pulumi property values: secure values are decrypted and marked secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from formats import property_values
from formats.errors import InputError
from formats.yaml_reader import read_mapping
from operations.engine.embedded.secrets import Crypter
from operations.engine.port import StackSettings


def read_salt(file: Path) -> str | None:
    """Return the `encryptionsalt` of a stack's `Pulumi.<stack>.yaml`, if it has one."""
    found = read_mapping(file).get("encryptionsalt") if file.exists() else None
    return str(found) if found else None


def decrypted_config(stack: StackSettings, passphrase: Callable[[], str], salt: str | None) -> dict[str, Any]:
    """Return the configuration as property values. A `secure:` value is decrypted with the salt and marked secret."""
    crypter = Crypter(passphrase, salt, file=str(stack.file))
    return {key: _decrypted(value, key, crypter, stack.file) for key, value in stack.config.items()}


def _decrypted(value: Any, key: str, crypter: Crypter, file: Path) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            if not isinstance(value["secure"], str):
                raise InputError("The value of `secure:` must be text.", file=str(file), key=key,
                                 fix="Set it with `pulumi config set --secret`.")  # fmt: skip
            return property_values.secret(crypter.decrypt(value["secure"]))
        return {str(k): _decrypted(v, f"{key}.{k}", crypter, file) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_decrypted(v, f"{key}[{i}]", crypter, file) for i, v in enumerate(value)]
    return value
