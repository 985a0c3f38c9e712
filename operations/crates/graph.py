"""The metadata of an RO-Crate as a graph, which knows what of it was read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from formats.errors import InputError
from formats.input_model import Model
from formats.json_reader import parse_json
from formats.validation import validated
from operations.crates.crate_files import MAX_BYTES, METADATA, CrateFile

CONTEXTS = tuple(f"https://w3id.org/ro/crate/{version}/context" for version in ("1.1", "1.2-DRAFT", "1.2", "1.3"))
"""The contexts that are known. None is fetched, and none may be extended: a term could then mean another one."""
MAX_ENTITIES = 1000


class _Document(Model):
    """A metadata file. Its graph is flat: properties are values or references."""

    context: Any = Field(alias="@context")
    graph: Annotated[list[dict[str, Any]], Field(max_length=MAX_ENTITIES)] = Field(alias="@graph")


class Graph:
    """The entities of a crate by id. What is taken from it is read; all else is `left`."""

    def __init__(self, entities: Mapping[str, Mapping[str, Any]], path: str) -> None:
        self.path = path
        self._entities = entities
        self._taken: set[tuple[str, str, str]] = set()

    @classmethod
    def parse(cls, crate: CrateFile) -> Graph:
        """Return the graph of a metadata file. `InputError` for what is no flat RO-Crate with a known context."""
        content = parse_json(crate.metadata, crate.path, max_bytes=MAX_BYTES)
        document = validated(_Document, content, file=crate.path)
        context = document.context
        context = context[0] if isinstance(context, list) and len(context) == 1 else context
        if context not in CONTEXTS:
            raise InputError("The crate's terms are not those of RO-Crate.", file=crate.path, key="@context",
                             found=json.dumps(context)[:200], allowed=" or ".join(CONTEXTS))  # fmt: skip
        entities: dict[str, Mapping[str, Any]] = {}
        for i, entity in enumerate(document.graph):
            name = entity.get("@id")
            if not isinstance(name, str) or not name or name in entities:
                raise InputError("Each entity has an id of its own.", file=crate.path, key=f"@graph[{i}].@id",
                                 found=str(name)[:200])  # fmt: skip
            entities[name] = entity
        return cls(entities, crate.path)

    @property
    def root(self) -> str:
        """The id of the root, which the metadata file is about. `InputError` if it has none."""
        about = self._values(METADATA, "about")
        found = about[0].get("@id") if len(about) == 1 and isinstance(about[0], dict) else None
        if not isinstance(found, str) or not self._is(found, "Dataset"):
            raise InputError("The crate has no root.", file=self.path, key=METADATA, found=str(found)[:200],
                             allowed="`about` with the id of a Dataset")  # fmt: skip
        for name, value in (("about", about[0]), ("@type", "CreativeWork")):
            self._take(METADATA, name, value)
        self._take(found, "@type", "Dataset")
        return found

    def text(self, entity: str, name: str) -> str | None:
        """Take the text of a property; None if it has none."""
        found = self.value(entity, name)
        if found is not None and not isinstance(found, str):
            raise self.error("This is not one text.", entity, name, found)
        return found

    def value(self, entity: str, name: str) -> str | int | float | bool | None:
        """Take the one value of a property; None if it has none. `InputError` for several, and for a reference."""
        found = self._values(entity, name)
        if not found:
            return None
        if len(found) > 1 or isinstance(found[0], dict | list) or found[0] is None:
            raise self.error("This is not one value.", entity, name, found)
        self._take(entity, name, found[0])
        return found[0]  # type: ignore[no-any-return]

    def references(self, entity: str, name: str, type_: str) -> list[str]:
        """Take the references of a property to entities of a type, in their order."""
        found = []
        for value in self._values(entity, name):
            target = value.get("@id") if isinstance(value, dict) else None
            if isinstance(target, str) and self._is(target, type_):
                self._take(entity, name, value)
                self._take(target, "@type", type_)
                found.append(target)
        return found

    def refers(self, entity: str, name: str) -> bool:
        """Return True if a property has a reference."""
        return any(isinstance(value, dict) for value in self._values(entity, name))

    def reference(self, entity: str, name: str, type_: str) -> str | None:
        """Take the only reference of a property to an entity of a type. `InputError` for several."""
        found = self.references(entity, name, type_)
        if len(found) > 1:
            raise self.error(f"There is more than one {type_}.", entity, name, found)
        return found[0] if found else None

    def take_what_is_in(self, entities: Mapping[str, Mapping[str, Any]]) -> None:
        """Take every value that a graph has too, at the same place."""
        for entity, content in entities.items():
            for name, values in content.items():
                for value in _listed(values):
                    self._take(entity, name, value)

    def left(self) -> Iterator[str]:
        """Yield what was not taken: an entity with its type, or a property of one of which something was."""
        touched = {entity for entity, _, _ in self._taken}
        for entity, content in self._entities.items():
            names = [name for name in content if name != "@id" and self._is_left(entity, name)]
            if entity in touched:
                yield from (f"{entity} {name}" for name in names)
            else:
                yield f"{entity} ({', '.join(map(str, _listed(content.get('@type', 'no type'))))})"

    def error(self, problem: str, entity: str, name: str, found: object) -> InputError:
        """Return the error of a property."""
        return InputError(problem, file=self.path, key=f"{entity} {name}", found=json.dumps(found)[:200])

    def _is_left(self, entity: str, name: str) -> bool:
        found = self._values(entity, name)
        return not found or any((entity, name, _key(value)) not in self._taken for value in found)

    def _take(self, entity: str, name: str, value: Any) -> None:
        if entity in self._entities:
            self._taken.add((entity, name, _key(value)))

    def _is(self, entity: str, type_: str) -> bool:
        return type_ in _listed(self._entities.get(entity, {}).get("@type"))

    def _values(self, entity: str, name: str) -> list[Any]:
        return _listed(self._entities.get(entity, {}).get(name, []))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
