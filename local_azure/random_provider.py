"""The random provider: passwords, strings, bytes, ids, integers and UUIDs, drawn from the system's own source.

It keeps nothing: what it drew lives in the stack's state. A change of any input draws anew.
"""

from __future__ import annotations

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime.proto import provider_pb2

from local_azure.declare import AzureError, AzureType, Name
from local_azure.diffs import Difference, differences
from local_azure.schema import ResourceSchema, Schemas
from local_azure.servicer import Refusal, Servicer, type_of
from local_azure.validation import Failure, Inputs, judge
from local_azure.wire import UNKNOWN, Path, from_struct, shown, to_struct, unwrap, wrap

Values = Mapping[str, Any]
Drawn = tuple[str, dict[str, Any]]
"""An id and the outputs beside the inputs."""

# The provider's own: registry.terraform.io/providers/hashicorp/random, resource password, `special`.
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "numeric": string.digits}
_NOT_DONE = frozenset({"bcryptHash"})
"""Outputs that are left out: they are neither computed here nor promised in a preview."""
_KINDS = provider_pb2.PropertyDiff.Kind


@dataclass(frozen=True)
class Source:
    """One random type: how it draws, how an id is read back on an import, and which outputs are secret."""

    draw: Callable[[Values], Drawn]
    read: Callable[[str], tuple[dict[str, Any], dict[str, Any]]]
    """An imported id's inputs and outputs. Raises `ValueError`."""
    problems: Callable[[Values], list[tuple[str, str]]] = lambda _: []
    secret: tuple[str, ...] = ()


def _text_settings(values: Values) -> dict[str, Any]:
    settings = {name: values.get(name, True) for name in ("lower", "upper", "special")}
    settings["numeric"] = values.get("numeric", values.get("number", True))
    least = {key: values.get(key, 0) for key in ("minLower", "minUpper", "minNumeric", "minSpecial")}
    return {**settings, "number": settings["numeric"], **least}


def _alphabets(values: Values, settings: Values) -> dict[str, str]:
    special = values.get("overrideSpecial") or SPECIAL
    return {name: letters for name, letters in {**_CLASSES, "special": special}.items() if settings[name]}


def _text_problems(values: Values) -> list[tuple[str, str]]:
    if any(value == UNKNOWN for value in values.values()):
        return []
    settings, length = _text_settings(values), values.get("length", 0)
    least = sum(settings[key] for key in ("minLower", "minUpper", "minNumeric", "minSpecial"))
    problems = []
    if length < max(1, least):
        problems.append(("length", f"length must be at least 1 and at least the sum of the minimums ({least})"))
    if not _alphabets(values, settings):
        problems.append(("special", "at least one of lower, upper, numeric and special must be true"))
    return problems


def _draw_text(values: Values) -> tuple[str, dict[str, Any]]:
    settings = _text_settings(values)
    alphabets = _alphabets(values, settings)
    letters = [
        secrets.choice(alphabets.get(name, default))
        for name, default in {**_CLASSES, "special": values.get("overrideSpecial") or SPECIAL}.items()
        for _ in range(settings[f"min{name.capitalize()}"])
    ]
    everything = "".join(alphabets.values())
    letters += [secrets.choice(everything) for _ in range(values["length"] - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters), settings


def _password(values: Values) -> Drawn:
    text, settings = _draw_text(values)
    return "none", {**settings, "result": text}


def _string(values: Values) -> Drawn:
    text, settings = _draw_text(values)
    return text, {**settings, "result": text}


def _read_text(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if not id_:
        raise ValueError("the id is the text itself")
    inputs = {"length": len(id_)}
    return inputs, {**_text_settings({}), "result": id_}


def _uuid(values: Values) -> Drawn:
    text = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    return text, {"result": text}


def _integer(values: Values) -> Drawn:
    number = values["min"] + secrets.randbelow(values["max"] - values["min"] + 1)
    return str(number), {"result": number}


def _integer_problems(values: Values) -> list[tuple[str, str]]:
    problems = []
    if "seed" in values:
        problems.append(("seed", "the local random provider does not do seeds"))
    least, most = values.get("min"), values.get("max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        problems.append(("min", "min must not be greater than max"))
    return problems


def _read_integer(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    result, least, most = (int(part) for part in id_.split(","))
    return {"min": least, "max": most}, {"result": result}


def _bytes(values: Values) -> Drawn:
    return "none", _bytes_outputs(secrets.token_bytes(values["length"]))


def _bytes_outputs(drawn: bytes) -> dict[str, Any]:
    return {"base64": base64.b64encode(drawn).decode(), "hex": drawn.hex()}


def _read_bytes(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    drawn = base64.b64decode(id_, validate=True)
    return {"length": len(drawn)}, _bytes_outputs(drawn)


def _id(values: Values) -> Drawn:
    return _id_outputs(secrets.token_bytes(values["byteLength"]), values.get("prefix", ""))


def _id_outputs(drawn: bytes, prefix: str) -> Drawn:
    url = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    outputs = {
        "b64Url": prefix + url,
        "b64Std": prefix + base64.b64encode(drawn).decode(),
        "hex": prefix + drawn.hex(),
        "dec": prefix + str(int.from_bytes(drawn, "big")),
    }
    return url, outputs


def _read_id(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    prefix, _, url = id_.rpartition(",")
    drawn = base64.b64decode(url + "=" * (-len(url) % 4), altchars=b"-_", validate=True)
    inputs: dict[str, Any] = {"byteLength": len(drawn)} | ({"prefix": prefix} if prefix else {})
    return inputs, _id_outputs(drawn, prefix)[1]


def _length_problems(key: str) -> Callable[[Values], list[tuple[str, str]]]:
    def problems(values: Values) -> list[tuple[str, str]]:
        length = values.get(key)
        return [(key, f"{key} must be at least 1")] if isinstance(length, int) and length < 1 else []

    return problems


SOURCES: Mapping[str, Source] = {
    "random:index/randomPassword:RandomPassword": Source(_password, _read_text, _text_problems, secret=("result",)),
    "random:index/randomString:RandomString": Source(_string, _read_text, _text_problems),
    "random:index/randomUuid:RandomUuid": Source(_uuid, lambda id_: ({}, {"result": str(uuid.UUID(id_))}), secret=()),
    "random:index/randomInteger:RandomInteger": Source(_integer, _read_integer, _integer_problems),
    "random:index/randomBytes:RandomBytes": Source(
        _bytes, _read_bytes, _length_problems("length"), secret=("base64", "hex")
    ),
    "random:index/randomId:RandomId": Source(_id, _read_id, _length_problems("byteLength")),
}
"""The types that are done."""


class RandomProvider(Servicer):
    """Speaks for pulumi-random's types that `SOURCES` lists; the others are refused by name."""

    package = "random"

    def __init__(self, schemas: Schemas) -> None:
        self.version, self._schemas = schemas.version, schemas

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.answering(context):
            token = type_of(request)
            if token not in SOURCES:
                failures = [Failure((), str(_unknown(token)))]
                return _checked(request.news, failures)
            news = unwrap(from_struct(request.news))
            schema = self._schemas.resource(token)
            failures = judge(Inputs(_declared(token), schema, news.values, news.secrets))
            if not failures:
                found = SOURCES[token].problems(news.values)
                failures = [Failure((key,), f"{token}: {reason}") for key, reason in found]
            return _checked(request.news, failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.answering(context):
            self._source(request)
            old, new = unwrap(from_struct(request.old_inputs)).values, unwrap(from_struct(request.news)).values
            ignored = frozenset(request.ignoreChanges)
            found = [d for d in differences(old, new) if not {shown(d.path), str(d.path[0])} & ignored]
            return _diffed(found)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.answering(context):
            source, schema = self._source(request)
            inputs = unwrap(from_struct(request.properties))
            if request.preview:
                unknown = {key: UNKNOWN for key in schema.outputs if key not in inputs.values and key not in _NOT_DONE}
                properties = wrap({**unknown, **inputs.values}, inputs.secrets | _secret(source, schema.outputs))
                return provider_pb2.CreateResponse(properties=to_struct(properties))
            id_, drawn = source.draw(inputs.values)
            return provider_pb2.CreateResponse(
                id=id_, properties=_answer(source, schema, {**drawn, **inputs.values}, inputs.secrets)
            )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.refuse(context, "updates: every change draws anew")

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.answering(context):
            source, schema = self._source(request)
            if request.properties.fields:
                return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
            try:
                inputs, outputs = source.read(request.id)
            except ValueError as error:
                # The id of a password is the password: it stays out of the message.
                raise AzureError("InvalidImportId", f"{schema.token}: the id to import is not of its form") from error
            properties = _answer(source, schema, {**outputs, **inputs}, frozenset())
            id_ = "none" if source.secret else request.id.split(",")[0 if "Integer" in schema.token else -1]
            return provider_pb2.ReadResponse(id=id_, properties=properties, inputs=to_struct(inputs))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.answering(context):
            self._source(request)
            return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.refuse(context, f"the function {request.tok}")

    def _source(self, request: Any) -> tuple[Source, ResourceSchema]:
        token = type_of(request)
        if token not in SOURCES:
            raise _unknown(token)
        return SOURCES[token], self._schemas.resource(token)


def _unknown(token: str) -> Refusal:
    return Refusal(f"the local random provider does not know the type {token}")


def _declared(token: str) -> AzureType:
    return AzureType(token, Name(".*", "anything"), location="none")


def _secret(source: Source, outputs: Mapping[str, Any]) -> frozenset[Path]:
    return frozenset((key,) for key in source.secret if key in outputs)


def _answer(source: Source, schema: ResourceSchema, values: Values, given: frozenset[Path]) -> Any:
    kept = {key: value for key, value in values.items() if key in schema.outputs}
    return to_struct(wrap(kept, given | _secret(source, kept)))


def _checked(news: Any, failures: list[Failure]) -> Any:
    found = [provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in failures]
    return provider_pb2.CheckResponse(inputs=news, failures=found)


def _diffed(found: list[Difference]) -> Any:
    detailed = {
        shown(d.path): provider_pb2.PropertyDiff(kind=_KINDS.Value(f"{d.kind}_REPLACE"), inputDiff=True) for d in found
    }
    keys = sorted({str(d.path[0]) for d in found})
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=keys,
        replaces=keys,
        detailedDiff=detailed,
        hasDetailedDiff=bool(found),
    )
