"""The request in the metadata of an RO-Crate, which may be one of `writing.py`, or of another tool such as cr8tor.

Sign-offs in a crate are never read: the profile has readers remove them, and decisions are signed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from formats.errors import InputError
from formats.json_reader import parse_json
from operations.crates.crate_files import MAX_BYTES, CrateFile
from operations.crates.graph import Graph
from operations.crates.writing import ENTRA_ID, JSON_TYPE, NUMBER, entities_of, metadata_of

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REQUIRED = ("title", "project", "request", "approved_on", "expires", "template")
"""The keys without which a request has no metadata of its own to compare with."""


@dataclass(frozen=True)
class Found:
    """The keys of a request in a crate."""

    request: dict[str, Any]
    """As JSON; not validated."""
    left: tuple[str, ...]
    """What the crate has besides: entities, properties and files."""


def request_in(crate: CrateFile) -> Found:
    """Return the keys of a request that a crate states, and all that it states besides."""
    graph = Graph.parse(crate)
    found = _Keys(graph, "the request")
    root = graph.root
    if project := _project(graph, root):
        _read_project(graph, project, found)
    if action := graph.reference(root, "mentions", "CreateAction"):
        _read_action(graph, action, found)
    request = found.content
    if all(isinstance(request.get(key), str) for key in _REQUIRED):
        graph.take_what_is_in(entities_of(request))
    return Found(request, (*graph.left(), *(f"the file {name}" for name in crate.others)))


def refuse_loss(request: Mapping[str, Any], file: str) -> None:
    """Raise `InputError` if the crate of a request would be read as another one."""
    found = request_in(CrateFile(json.dumps(metadata_of(request)).encode(), "the crate", ()))
    if found.request != dict(request) or found.left:
        lost = [key for key in request if found.request.get(key) != request[key]]
        raise InputError("A crate cannot say this.", file=file, key=", ".join(lost) or None,
                         found=", ".join(found.left[:3]) or None)  # fmt: skip


class _Keys:
    """The keys of a map, each stated once."""

    def __init__(self, graph: Graph, what: str) -> None:
        self.graph, self.what, self.content = graph, what, dict[str, Any]()

    def put(self, key: str, value: Any) -> None:
        """Add a key; not if the crate has no value of it. `InputError` if it has two."""
        if value is None:
            return
        self._refuse_twice(key)
        self.content[key] = value

    def put_properties(self, entity: str) -> None:
        """Add the keys that are properties of an entity."""
        for one in self.graph.references(entity, "additionalProperty", "PropertyValue"):
            key = self.graph.text(one, "name")
            if key is None or not _KEY.fullmatch(key):
                raise self.graph.error("This is not the name of a key.", one, "name", key)
            self._refuse_twice(key)
            self.content[key] = _value(self.graph, one)

    def _refuse_twice(self, key: str) -> None:
        if key in self.content:
            raise InputError(f"The crate states a key of {self.what} twice.", file=self.graph.path, key=key,
                             fix="ask for a crate that states it once")  # fmt: skip


def _value(graph: Graph, entity: str) -> Any:
    form, value = graph.text(entity, "encodingFormat"), graph.value(entity, "value")
    if form is None:
        return value
    if form != JSON_TYPE or not isinstance(value, str):
        raise graph.error("This value has no known form.", entity, "encodingFormat", form)
    return parse_json(value.encode(), f"{graph.path}: {entity}", max_bytes=MAX_BYTES)


def _project(graph: Graph, root: str) -> str | None:
    """Return the project of a crate: of the profile's `sourceOrganization`, or of cr8tor's `mainEntity`."""
    found = {graph.reference(root, name, "Project") for name in ("sourceOrganization", "mainEntity")} - {None}
    if len(found) > 1:
        raise graph.error("The crate is of two projects.", root, "mainEntity", sorted(map(str, found)))
    return next(iter(found), None)


def _read_project(graph: Graph, project: str, found: _Keys) -> None:
    found.put("title", graph.text(project, "name"))
    found.put("project", graph.text(project, "alternateName"))
    found.put("request", _number(graph, project))
    if organisation := graph.reference(project, "member", "Organization"):
        found.put("organisation", graph.text(organisation, "name"))
    if grant := graph.reference(project, "funding", "Grant"):
        found.put("funding", graph.text(grant, "name"))
    people = [_person(graph, one) for one in graph.references(project, "member", "Person")]
    found.put("people", people or None)
    found.put_properties(project)


def _number(graph: Graph, project: str) -> str | None:
    """Return the number of a request: text, as cr8tor writes it, or a PropertyValue, as the profile recommends."""
    for one in graph.references(project, "identifier", "PropertyValue"):
        if graph.text(one, "name") == NUMBER:
            return graph.text(one, "value")
    return None if graph.refers(project, "identifier") else graph.text(project, "identifier")


def _person(graph: Graph, person: str) -> dict[str, Any]:
    found = _Keys(graph, person)
    for one in graph.references(person, "identifier", "PropertyValue"):
        if graph.text(one, "name") == ENTRA_ID:
            found.put("id", graph.text(one, "value"))
    found.put("name", graph.text(person, "name"))
    found.put("role", graph.text(person, "jobTitle"))
    found.put_properties(person)
    return found.content


def _read_action(graph: Graph, action: str, found: _Keys) -> None:
    if template := graph.reference(action, "instrument", "SoftwareApplication"):
        found.put("template", graph.text(template, "name"))
    found.put("approved_on", graph.text(action, "startTime"))
    found.put("expires", graph.text(action, "endTime"))
    data_sets = []
    for one in graph.references(action, "object", "Dataset"):
        keys = _Keys(graph, one)
        keys.put("name", graph.text(one, "name"))
        keys.put_properties(one)
        data_sets.append(keys.content)
    found.put("data_sets", data_sets or None)
