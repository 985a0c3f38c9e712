"""Read and write a stack's state in Pulumi's deployment format, version 3, as a checkpoint or an export.

Unknown keys are kept in `extra` and written back; empty ones are left out. Secrets stay encrypted: `decrypted` and
`encrypted` convert the resources that a run works on.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from formats.errors import InputError
from formats.property_values import SECRET_SIGNATURE, SIGNATURE, is_secret, secret, unwrap
from operations.engine.clock import now
from operations.engine.embedded import integrity
from operations.engine.embedded.model import PendingOperation, Properties, Resource, Snapshot
from operations.engine.embedded.secrets import Crypter

VERSION = 3
_NEWEST = 4
"""Read only if it uses none of its additional features."""
_EMPTY = Resource("", "", custom=False)
_ATTRIBUTES = {
    re.sub("_(id$|[a-z])", lambda match: match[1].upper(), field.name): field.name
    for field in dataclasses.fields(Resource)
    if field.name != "extra"
}
"""The attribute for each key of a resource in the file: `import_id` for `importID`."""
_SECTIONS = frozenset({"manifest", "secrets_providers", "resources", "pending_operations"})
_FIX = "restore it from its .bak or from the history; the file was not changed"


def read_checkpoint(content: bytes, stack: str, *, file: str) -> Snapshot | None:
    """Return the state in a checkpoint file, or None if never deployed. `stack` is the full name.

    `InputError` if the file is damaged, of a newer format, or of another stack.
    """
    document = _json(content, file)
    _check_version(document, file)
    checkpoint = _section(document, "checkpoint", dict, file, "")
    found = checkpoint.get("stack")
    if found not in (stack, stack.rsplit("/", 1)[-1]):
        problem = "The state belongs to another stack"
        raise InputError(problem, file=file, key="checkpoint.stack", found=found, allowed=stack, fix=_FIX)
    if checkpoint.get("latest") is None:
        return None
    return read_deployment(_section(checkpoint, "latest", dict, file, "checkpoint."), file=file)


def read_deployment(deployment: Mapping[str, Any], *, file: str) -> Snapshot:
    """Return a deployment as a Snapshot. `InputError` if it is damaged."""
    manifest = _section(deployment, "manifest", dict, file, "latest.")
    if manifest.get("magic") and manifest["magic"] != _magic(str(manifest.get("version", ""))):
        raise InputError("The state is damaged: its magic word is wrong", file=file, key="manifest.magic", fix=_FIX)
    resources = [
        read_resource(r, file=file, key=f"resources[{i}]")
        for i, r in enumerate(_section(deployment, "resources", list, file, "latest."))
    ]
    integrity.verify(resources, file=file)
    pending = [
        read_pending(p, file=file, key=f"pending_operations[{i}]")
        for i, p in enumerate(_section(deployment, "pending_operations", list, file, "latest."))
    ]
    secrets_providers = _section(deployment, "secrets_providers", dict, file, "latest.")
    extra = {k: v for k, v in deployment.items() if k not in _SECTIONS}
    return Snapshot(resources, pending, secrets_providers, manifest, extra)


def read_resource(content: object, *, file: str, key: str = "") -> Resource:
    """Return one resource of a file. `InputError` if a key has the wrong type."""
    if not isinstance(content, dict):
        raise InputError("The state is malformed: a resource is not an object", file=file, key=key)
    fields: dict[str, Any] = {"urn": "", "type": "", "custom": False}
    for name, attribute in _ATTRIBUTES.items():
        value = content.get(name)
        if value is None:
            continue
        if type(value) is not type(getattr(_EMPTY, attribute)):
            problem, found = "The state is malformed", type(value).__name__
            raise InputError(problem, file=file, key=f"{key}.{name}", found=found, fix=_FIX)
        fields[attribute] = value
    return Resource(**fields, extra={k: v for k, v in content.items() if k not in _ATTRIBUTES})


def read_pending(content: object, *, file: str, key: str = "") -> PendingOperation:
    """Return a pending operation of a file. `InputError` if a key has the wrong type."""
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise InputError("The state is malformed: a pending operation has no type", file=file, key=key, fix=_FIX)
    return PendingOperation(read_resource(content.get("resource"), file=file, key=key), content["type"])


def write_resource(resource: Resource) -> dict[str, Any]:
    """Return a resource in the file's format, without empty keys."""
    values = ((name, getattr(resource, attribute)) for name, attribute in _ATTRIBUTES.items())
    return {**{name: value for name, value in values if value or name == "custom"}, **resource.extra}


def write_pending(operation: PendingOperation) -> dict[str, Any]:
    """Return a pending operation in the file's format."""
    return {"resource": write_resource(operation.resource), "type": operation.type}


def write_deployment(snapshot: Snapshot) -> dict[str, Any]:
    """Return the deployment of a Snapshot, as `pulumi stack export` prints it under `deployment`."""
    deployment = {
        "manifest": snapshot.manifest,
        "secrets_providers": snapshot.secrets_providers,
        "resources": [write_resource(r) for r in snapshot.resources],
        "pending_operations": [write_pending(p) for p in snapshot.pending],
    }
    return {**{k: v for k, v in deployment.items() if v}, "metadata": {}, **snapshot.extra}


def write_checkpoint(stack: str, snapshot: Snapshot) -> bytes:
    """Return a checkpoint file, with this time and this version in its manifest."""
    maker = f"v{_sdk_version()}"
    manifest = {**snapshot.manifest, "time": now(), "magic": _magic(maker), "version": maker}
    latest = write_deployment(dataclasses.replace(snapshot, manifest=manifest))
    return dumps({"version": VERSION, "checkpoint": {"stack": stack, "latest": latest}}).encode()


def dumps(value: Any) -> str:
    """Return compact JSON. `InputError` for a number that JSON cannot express."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise InputError("A property cannot be written to the state: a number is not finite") from error


def encrypted(resource: Resource, crypter: Crypter) -> Resource:
    """Return the resource with encrypted secrets, as in the file."""

    def encrypt(mark: Mapping[str, Any]) -> Any:
        text = dumps(unwrap(mark["value"]))  # secrets inside a secret need no mark
        return {SIGNATURE: SECRET_SIGNATURE, "ciphertext": crypter.encrypt(text)}

    return _with_secrets(resource, encrypt)


def decrypted(resource: Resource, crypter: Crypter) -> Resource:
    """Return a resource of the file with decrypted secrets. Pulumi encrypts their JSON, and also reads plain text."""

    def decrypt(mark: Mapping[str, Any]) -> Any:
        ciphertext, text = mark.get("ciphertext"), mark.get("plaintext")
        if isinstance(ciphertext, str) and ciphertext:
            text = crypter.decrypt(ciphertext)
        try:
            return secret(json.loads(text) if isinstance(text, str) else None)
        except ValueError:
            raise InputError("A secret in the state is malformed", key=resource.urn, fix=_FIX) from None

    return _with_secrets(resource, decrypt)


def _with_secrets(resource: Resource, convert: Callable[[Mapping[str, Any]], Any]) -> Resource:
    """Return the resource with each of its secrets converted."""

    def converted(value: Any) -> Any:
        if is_secret(value):
            return convert(value)
        if isinstance(value, dict):
            return {k: converted(v) for k, v in value.items()}
        return [converted(v) for v in value] if isinstance(value, list) else value

    def side(properties: Properties) -> Any:
        # Searched in the JSON text, which is fast: the encoder is written in C, and most properties have no secret.
        return converted(properties) if SECRET_SIGNATURE in dumps(properties) else properties

    return dataclasses.replace(resource, inputs=side(resource.inputs), outputs=side(resource.outputs))


@functools.cache
def _sdk_version() -> str:
    return version("pulumi")


def _magic(maker: str) -> str:
    return hashlib.sha256(maker.encode()).hexdigest()


def _json(content: bytes, file: str) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError("The state is damaged: it is not JSON, or is truncated", file=file, fix=_FIX) from None
    if not isinstance(document, dict):
        found = type(document).__name__
        raise InputError("The state is malformed", file=file, found=found, allowed="an object", fix=_FIX)
    return document


def _check_version(document: Mapping[str, Any], file: str) -> None:
    found, features = document.get("version"), document.get("features")
    if isinstance(found, bool) or not isinstance(found, int):
        raise InputError("The state has no version", file=file, key="version", found=found, fix=_FIX)
    if found < VERSION:
        fix = "run `pulumi up` once with the Pulumi command line, which converts it"
        raise InputError("The state is of an older format", file=file, key="version", found=found, allowed="3", fix=fix)
    if found > _NEWEST or (found == _NEWEST and features):
        raise InputError(
            "The state is of a newer format than the embedded engine writes; it was not changed",
            file=file,
            key="version" if found > _NEWEST else "features",
            found=found if found > _NEWEST else features,
            allowed=f"version {VERSION}",
            fix="run this stack with the Pulumi command line (--engine pulumi)",
        )


def _section(holder: Mapping[str, Any], name: str, type_: type, file: str, prefix: str) -> Any:
    value = holder.get(name)
    if value is None:
        return type_()
    if not isinstance(value, type_):
        raise InputError("The state is malformed", file=file, key=prefix + name, found=type(value).__name__, fix=_FIX)
    return value
