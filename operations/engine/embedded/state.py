"""Read and write a stack's state in Pulumi's deployment format, version 3, as a checkpoint or an export.

Unknown keys are kept in `extra` and written back; empty ones are left out; secrets are encrypted.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from formats.errors import InputError
from formats.property_values import SECRET_SIGNATURE, SIGNATURE, is_secret, secret, unwrap
from operations.engine.clock import now
from operations.engine.embedded import integrity
from operations.engine.embedded.model import PendingOperation, Properties, Resource, Snapshot
from operations.engine.embedded.secrets import Crypter, Place, crypter_for

VERSION = 3
_NEWEST = 4
"""Read only if it uses none of its additional features."""

_KEYS: dict[str, tuple[str, type]] = {
    "urn": ("urn", str),
    "custom": ("custom", bool),
    "delete": ("delete", bool),
    "id": ("id", str),
    "type": ("type", str),
    "inputs": ("inputs", dict),
    "outputs": ("outputs", dict),
    "parent": ("parent", str),
    "protect": ("protect", bool),
    "external": ("external", bool),
    "dependencies": ("dependencies", list),
    "initErrors": ("init_errors", list),
    "provider": ("provider", str),
    "propertyDependencies": ("property_dependencies", dict),
    "pendingReplacement": ("pending_replacement", bool),
    "additionalSecretOutputs": ("additional_secret_outputs", list),
    "importID": ("import_id", str),
    "deletedWith": ("deleted_with", str),
    "created": ("created", str),
    "modified": ("modified", str),
    "ignoreChanges": ("ignore_changes", list),
}
"""The file's keys in Pulumi's order, with our attribute and the required JSON type."""
_KNOWN_SECTIONS = frozenset(
    {"manifest", "secrets_providers", "resources", "pending_operations", "metadata"},
)
_FIX = "restore it from its .bak or from the history; the file was not changed"


def read_checkpoint(content: bytes, stack: str, *, file: str) -> dict[str, Any] | None:
    """Return the deployment in a checkpoint file, or None if never deployed. `stack` is the full name.

    `InputError` if the file is not JSON, truncated, of a newer format, or of another stack.
    """
    document = _json(content, file)
    _check_version(document, file)
    checkpoint = _section(document, "checkpoint", dict, file, "")
    found = checkpoint.get("stack")
    if found not in (stack, stack.rsplit("/", 1)[-1]):
        raise InputError(
            "The state belongs to another stack",
            file=file,
            key="checkpoint.stack",
            found=found,
            allowed=stack,
            fix=_FIX,
        )
    latest = checkpoint.get("latest")
    if latest is not None and not isinstance(latest, dict):
        raise InputError("The state is malformed", file=file, key="checkpoint.latest", found=type(latest).__name__)
    return latest


def crypter(deployment: Mapping[str, Any], phrase: Callable[[], str], *, file: str) -> Crypter:
    """Return the crypter of the deployment's secrets."""
    return crypter_for(deployment.get("secrets_providers"), phrase, file=file)


def read_deployment(deployment: Mapping[str, Any], crypter: Crypter, *, file: str) -> Snapshot:
    """Return a deployment as a Snapshot, secrets decrypted. `InputError` if it is damaged."""
    manifest = _section(deployment, "manifest", dict, file, "latest.")
    source_urns = manifest.get("version", "")
    if manifest.get("magic") and manifest["magic"] != _magic(str(source_urns)):
        raise InputError("The state is damaged: its magic word is wrong", file=file, key="manifest.magic", fix=_FIX)
    resources = [
        read_resource(r, crypter, file=file, key=f"resources[{i}]")
        for i, r in enumerate(_section(deployment, "resources", list, file, "latest."))
    ]
    integrity.verify(resources, file=file)
    pending = [
        _read_pending(p, crypter, file, f"pending_operations[{i}]")
        for i, p in enumerate(_section(deployment, "pending_operations", list, file, "latest."))
    ]
    extra = {k: v for k, v in deployment.items() if k not in _KNOWN_SECTIONS}
    plugins = {k: v for k, v in manifest.items() if k not in ("time", "magic", "version")}
    if plugins:
        extra["manifest"] = plugins
    metadata = _section(deployment, "metadata", dict, file, "latest.")
    return Snapshot(resources, pending, dict(metadata), str(manifest.get("time", "")), extra)


def read_resource(content: object, crypter: Crypter, *, file: str, key: str = "") -> Resource:
    """Return one resource of a file, secrets decrypted. `InputError` if a key has the wrong type."""
    if not isinstance(content, dict):
        raise InputError("The state is malformed: a resource is not an object", file=file, key=key)
    fields: dict[str, Any] = {"urn": "", "type": "", "custom": False}
    for name, (attribute, type_) in _KEYS.items():
        value = content.get(name)
        if value is None:
            continue
        if not isinstance(value, type_):
            raise InputError(
                "The state is malformed", file=file, key=f"{key}.{name}", found=type(value).__name__, fix=_FIX
            )
        fields[attribute] = value
    urn = fields["urn"]
    for side in ("inputs", "outputs"):
        if side in fields and _any_secret(fields[side]):
            fields[side] = _decrypted(fields[side], (urn, side), crypter)
    return Resource(**fields, extra={k: v for k, v in content.items() if k not in _KEYS})


def write_resource(resource: Resource, crypter: Crypter) -> dict[str, Any]:
    """Return a resource in the file's format, secrets encrypted, without empty keys."""
    content: dict[str, Any] = {}
    for name, (attribute, _) in _KEYS.items():
        value = getattr(resource, attribute)
        if value or name == "custom":
            content[name] = value
    for side in ("inputs", "outputs"):
        if side in content:
            content[side] = _encrypted(content[side], (resource.urn, side), crypter)
    return {**content, **resource.extra}


def write_pending(operation: PendingOperation, crypter: Crypter) -> dict[str, Any]:
    """Return a pending operation in the file's format."""
    return {"resource": write_resource(operation.resource, crypter), "type": operation.type}


def write_deployment(snapshot: Snapshot, crypter: Crypter) -> dict[str, Any]:
    """Return the deployment of a Snapshot, as `pulumi stack export` prints it under `deployment`."""
    deployment = frame(snapshot, crypter)
    deployment["resources"] = [write_resource(r, crypter) for r in snapshot.resources]
    deployment["pending_operations"] = [write_pending(p, crypter) for p in snapshot.pending]
    return {k: v for k, v in deployment.items() if v or k == "metadata"}


def frame(snapshot: Snapshot, crypter: Crypter) -> dict[str, Any]:
    """Return a deployment with empty lists of resources and pending operations."""
    maker = _maker()
    extra = dict(snapshot.extra)
    manifest = {"time": snapshot.time or now(), "magic": _magic(maker), "version": maker, **extra.pop("manifest", {})}
    return {
        "manifest": manifest,
        "secrets_providers": crypter.provider(),
        "resources": [],
        "pending_operations": [],
        "metadata": snapshot.metadata,
        **extra,
    }


def export_form(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deployment in the format that `pulumi stack export` writes and `import` reads."""
    return {"version": VERSION, "deployment": deployment}


def write_checkpoint(
    stack: str, snapshot: Snapshot, crypter: Crypter, *, resources: Sequence[str], pending: Sequence[str]
) -> bytes:
    """Return a checkpoint file from resources and pending operations that are JSON texts already (`dumps`)."""
    pieces = []
    for key, value in frame(snapshot, crypter).items():
        ready = {"resources": resources, "pending_operations": pending}.get(key)
        if ready is None:
            pieces.append(f"{json.dumps(key)}:{dumps(value)}")
        elif ready:
            pieces.append(f"{json.dumps(key)}:[{','.join(ready)}]")
    latest = "{" + ",".join(pieces) + "}"
    return f'{{"version":{VERSION},"checkpoint":{{"stack":{dumps(stack)},"latest":{latest}}}}}'.encode()


def dumps(value: Any) -> str:
    """Return compact JSON. `InputError` for a number that JSON cannot express."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise InputError("A property cannot be written to the state: a number is not finite") from error


@functools.cache
def _maker() -> str:
    """Return the version for the state's manifest: that of the SDK."""
    return f"v{version('pulumi')}"


def _magic(maker: str) -> str:
    return hashlib.sha256(maker.encode()).hexdigest()


def _json(content: bytes, file: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError("The state is damaged: it is not JSON, or is truncated", file=file, fix=_FIX) from None
    if not isinstance(document, dict):
        raise InputError(
            "The state is malformed", file=file, found=type(document).__name__, allowed="an object", fix=_FIX
        )
    return document


def _check_version(document: Mapping[str, Any], file: str) -> None:
    found, features = document.get("version"), document.get("features")
    if isinstance(found, bool) or not isinstance(found, int):
        raise InputError("The state has no version", file=file, key="version", found=found, fix=_FIX)
    if found > _NEWEST or (found == _NEWEST and features):
        raise InputError(
            "The state is of a newer format than the embedded engine writes; it was not changed",
            file=file,
            key="version" if found > _NEWEST else "features",
            found=found if found > _NEWEST else features,
            allowed=f"version {VERSION}",
            fix="run this stack with the Pulumi command line (--engine pulumi)",
        )
    if found < VERSION:
        fix = "run `pulumi up` once with the Pulumi command line, which converts it"
        raise InputError("The state is of an older format", file=file, key="version", found=found, allowed="3", fix=fix)


def _section(holder: Mapping[str, Any], name: str, type_: type, file: str, prefix: str) -> Any:
    value = holder.get(name)
    if value is None:
        return type_()
    if not isinstance(value, type_):
        raise InputError("The state is malformed", file=file, key=prefix + name, found=type(value).__name__, fix=_FIX)
    return value


def _read_pending(content: object, crypter: Crypter, file: str, key: str) -> PendingOperation:
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise InputError("The state is malformed: a pending operation has no type", file=file, key=key, fix=_FIX)
    return PendingOperation(read_resource(content.get("resource"), crypter, file=file, key=key), content["type"])


def _decrypted(value: Any, place: Place, crypter: Crypter) -> Any:
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return secret(_opened(value, place, crypter))
        return {k: _decrypted(v, (*place, k), crypter) for k, v in value.items()}
    if isinstance(value, list):
        return [_decrypted(v, (*place, i), crypter) for i, v in enumerate(value)]
    return value


def _opened(value: Mapping[str, Any], place: Place, crypter: Crypter) -> Any:
    """Return the value of a secret in a file: Pulumi encrypts its JSON, and also reads plain text."""
    ciphertext, plaintext = value.get("ciphertext"), value.get("plaintext")
    text = crypter.decrypt(ciphertext, place) if isinstance(ciphertext, str) and ciphertext else plaintext
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        raise InputError("A secret in the state is malformed", key=".".join(map(str, place[1:])), fix=_FIX) from None


def _encrypted(properties: Properties, place: Place, crypter: Crypter) -> Any:
    return _sealed(properties, place, crypter) if _any_secret(properties) else properties


def _any_secret(properties: Properties) -> bool:
    # Searched in the JSON text, which is fast: the encoder is written in C, and most properties have no secret.
    return SECRET_SIGNATURE in dumps(properties)


def _sealed(value: Any, place: Place, crypter: Crypter) -> Any:
    if isinstance(value, Mapping):
        if is_secret(value):
            text = dumps(unwrap(value["value"]))  # secrets inside a secret need no mark
            return {SIGNATURE: SECRET_SIGNATURE, "ciphertext": crypter.encrypt(text, place)}
        return {k: _sealed(v, (*place, k), crypter) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_sealed(v, (*place, i), crypter) for i, v in enumerate(value)]
    return value
