"""The random provider: passwords, strings, bytes, ids, integers and UUIDs from the system's random source.

It stores nothing: the values are in the stack's state. A change of any input replaces the resource.
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

from formats.property_paths import PropertyPath, join, matches, parse
from formats.property_values import UNKNOWN, to_struct
from local_azure.diffs import Difference, differences
from local_azure.model import AzureError, AzureType, NameRule
from local_azure.schema import ResourceSchema, Schemas
from local_azure.servicer import Servicer, Unsupported, token_of
from local_azure.validation import Failure, Inputs, validate
from local_azure.wire import from_struct, unwrap, wrap

Values = Mapping[str, Any]
Generated = tuple[str, dict[str, Any]]
"""An id, and the outputs that are not inputs."""

# Source: Terraform's random provider, resource random_password, argument special.
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_CLASSES = {"lower": string.ascii_lowercase, "upper": string.ascii_uppercase, "numeric": string.digits}
_OMITTED = frozenset({"bcryptHash"})
"""Outputs that are not computed, and absent from previews."""
_KINDS = provider_pb2.PropertyDiff.Kind


@dataclass(frozen=True)
class RandomType:
    """One random type: its generator, the parser of an imported id, and its secret outputs."""

    generate: Callable[[Values], Generated]
    parse_id: Callable[[str], tuple[dict[str, Any], dict[str, Any]]]
    """Return the inputs and outputs of an imported id. Raises `ValueError`."""
    problems: Callable[[Values], list[tuple[str, str]]] = lambda _: []
    secret: tuple[str, ...] = ()
    own_id: Callable[[str], str] = lambda id_: id_.rpartition(",")[2]
    """The resource's id within an imported id."""


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


def _generate_text(values: Values) -> tuple[str, dict[str, Any]]:
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


def _password(values: Values) -> Generated:
    text, settings = _generate_text(values)
    return "none", {**settings, "result": text}


def _string(values: Values) -> Generated:
    text, settings = _generate_text(values)
    return text, {**settings, "result": text}


def _read_text(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if not id_:
        raise ValueError("the id is the text itself")
    inputs = {"length": len(id_)}
    return inputs, {**_text_settings({}), "result": id_}


def _uuid(values: Values) -> Generated:
    text = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
    return text, {"result": text}


def _integer(values: Values) -> Generated:
    number = values["min"] + secrets.randbelow(values["max"] - values["min"] + 1)
    return str(number), {"result": number}


def _integer_problems(values: Values) -> list[tuple[str, str]]:
    problems = []
    if "seed" in values:
        problems.append(("seed", "the local random provider does not support seeds"))
    least, most = values.get("min"), values.get("max")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        problems.append(("min", "min must not be greater than max"))
    return problems


def _read_integer(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    result, least, most = (int(part) for part in id_.split(","))
    return {"min": least, "max": most}, {"result": result}


def _bytes(values: Values) -> Generated:
    return "none", _bytes_outputs(secrets.token_bytes(values["length"]))


def _bytes_outputs(generated: bytes) -> dict[str, Any]:
    return {"base64": base64.b64encode(generated).decode(), "hex": generated.hex()}


def _read_bytes(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    generated = base64.b64decode(id_, validate=True)
    return {"length": len(generated)}, _bytes_outputs(generated)


def _id(values: Values) -> Generated:
    return _id_outputs(secrets.token_bytes(values["byteLength"]), values.get("prefix", ""))


def _id_outputs(generated: bytes, prefix: str) -> Generated:
    url = base64.urlsafe_b64encode(generated).decode().rstrip("=")
    outputs = {
        "b64Url": prefix + url,
        "b64Std": prefix + base64.b64encode(generated).decode(),
        "hex": prefix + generated.hex(),
        "dec": prefix + str(int.from_bytes(generated, "big")),
    }
    return url, outputs


def _read_id(id_: str) -> tuple[dict[str, Any], dict[str, Any]]:
    prefix, _, url = id_.rpartition(",")
    generated = base64.b64decode(url + "=" * (-len(url) % 4), altchars=b"-_", validate=True)
    inputs: dict[str, Any] = {"byteLength": len(generated)}
    if prefix:
        inputs["prefix"] = prefix
    return inputs, _id_outputs(generated, prefix)[1]


def _length_problems(key: str) -> Callable[[Values], list[tuple[str, str]]]:
    def problems(values: Values) -> list[tuple[str, str]]:
        length = values.get(key)
        return [(key, f"{key} must be at least 1")] if isinstance(length, int) and length < 1 else []

    return problems


RANDOM_TYPES: Mapping[str, RandomType] = {
    "random:index/randomPassword:RandomPassword": RandomType(_password, _read_text, _text_problems, secret=("result",)),
    "random:index/randomString:RandomString": RandomType(_string, _read_text, _text_problems),
    "random:index/randomUuid:RandomUuid": RandomType(_uuid, lambda id_: ({}, {"result": str(uuid.UUID(id_))})),
    "random:index/randomInteger:RandomInteger": RandomType(
        _integer, _read_integer, _integer_problems, own_id=lambda id_: id_.split(",")[0]
    ),
    "random:index/randomBytes:RandomBytes": RandomType(
        _bytes, _read_bytes, _length_problems("length"), secret=("base64", "hex")
    ),
    "random:index/randomId:RandomId": RandomType(_id, _read_id, _length_problems("byteLength")),
}
"""The supported types, by token."""


class RandomProvider(Servicer):
    """Serve the types of pulumi-random in `RANDOM_TYPES`."""

    package = "random"

    def __init__(self, schemas: Schemas) -> None:
        self.version, self._schemas = schemas.version, schemas

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            token = token_of(request)
            if token not in RANDOM_TYPES:
                failures = [Failure((), str(_unknown(token)))]
                return _checked(request.news, failures)
            news = unwrap(from_struct(request.news))
            schema = self._schemas.resource(token)
            failures = validate(Inputs(_declared(token), schema, news.values, news.secrets))
            if not failures:
                found = RANDOM_TYPES[token].problems(news.values)
                failures = [Failure((key,), f"{token}: {reason}") for key, reason in found]
            return _checked(request.news, failures)

    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            self._source(request)
            old, new = unwrap(from_struct(request.old_inputs)).values, unwrap(from_struct(request.news)).values
            ignored = [parse(path) for path in request.ignoreChanges]
            found = [d for d in differences(old, new) if not any(matches(path, d.path) for path in ignored)]
            return _diffed(found)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            source, schema = self._source(request)
            inputs = unwrap(from_struct(request.properties))
            if request.preview:
                unknown = {key: UNKNOWN for key in schema.outputs if key not in inputs.values and key not in _OMITTED}
                properties = wrap({**unknown, **inputs.values}, inputs.secrets | _secret(source, schema.outputs))
                return provider_pb2.CreateResponse(properties=to_struct(properties))
            id_, generated = source.generate(inputs.values)
            return provider_pb2.CreateResponse(
                id=id_, properties=_answer(source, schema, {**generated, **inputs.values}, inputs.secrets)
            )

    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.unsupported(context, "updates: every change forces a replacement")

    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            source, schema = self._source(request)
            if request.properties.fields:
                return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
            try:
                inputs, outputs = source.parse_id(request.id)
            except ValueError as error:
                # The id of an imported password is the password, so the message omits it.
                raise AzureError("InvalidImportId", f"{schema.token}: the id to import is not of its form") from error
            properties = _answer(source, schema, {**outputs, **inputs}, frozenset())
            id_ = "none" if source.secret else source.own_id(request.id)
            return provider_pb2.ReadResponse(id=id_, properties=properties, inputs=to_struct(inputs))

    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802
        with self.translate_errors(context):
            self._source(request)
            return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.unsupported(context, f"the function {request.tok}")

    def _source(self, request: Any) -> tuple[RandomType, ResourceSchema]:
        token = token_of(request)
        if token not in RANDOM_TYPES:
            raise _unknown(token)
        return RANDOM_TYPES[token], self._schemas.resource(token)


def _unknown(token: str) -> Unsupported:
    return Unsupported(f"the local random provider does not support the type {token}")


def _declared(token: str) -> AzureType:
    return AzureType(token, NameRule(".*", "anything"), location="none")


def _secret(source: RandomType, outputs: Mapping[str, Any]) -> frozenset[PropertyPath]:
    return frozenset((key,) for key in source.secret if key in outputs)


def _answer(source: RandomType, schema: ResourceSchema, values: Values, given: frozenset[PropertyPath]) -> Any:
    kept = {key: value for key, value in values.items() if key in schema.outputs}
    return to_struct(wrap(kept, given | _secret(source, kept)))


def _checked(news: Any, failures: list[Failure]) -> Any:
    found = [provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in failures]
    return provider_pb2.CheckResponse(inputs=news, failures=found)


def _diffed(found: list[Difference]) -> Any:
    detailed = {
        join(d.path): provider_pb2.PropertyDiff(kind=_KINDS.Value(f"{d.kind}_REPLACE"), inputDiff=True) for d in found
    }
    keys = sorted({str(d.path[0]) for d in found})
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if found else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=keys,
        replaces=keys,
        detailedDiff=detailed,
        hasDetailedDiff=bool(found),
    )
