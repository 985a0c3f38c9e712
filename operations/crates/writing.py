"""A request as the metadata of a Five Safes RO-Crate, in a BagIt bag: a folder or a ZIP file.

What schema.org has a term for is one; all else is a PropertyValue with the name of the key, and maps and lists are JSON
in its value. Decision 0032 has the table. The same request always gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import uuid
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from formats.errors import InputError
from operations.crates.crate_files import BAG, MANIFEST, METADATA, PAYLOAD

PROFILE = "https://w3id.org/5s-crate/0.4"
VERSION = "1.2"
"""The version of RO-Crate that the profile requires at least."""
ROOT, PROJECT, ACTION = "./", "#project", "#request"
JSON_TYPE = "application/json"
ENTRA_ID = "entra-object-id"
NUMBER = "request-number"
_TEXTS = ("title", "project", "request", "organisation", "funding", "template", "approved_on", "expires")
_LISTS = ("people", "data_sets")
"""The keys that have a term of their own, where they are text, or a list of maps. All others are properties."""
_NAMESPACE = uuid.UUID("6f1a3f1e-5a8b-5f0e-9d6c-0c2f5a0f9b11")
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def metadata_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a request, which is JSON."""
    from rocrate.model.contextentity import ContextEntity  # noqa: PLC0415 - imports an HTTP client
    from rocrate.rocrate import ROCrate  # noqa: PLC0415

    crate = ROCrate(version=VERSION)
    for name, value in _root(request).items():
        crate.root_dataset[name] = value
    for entity in _entities(request):
        properties = {name: value for name, value in entity.items() if name != "@id"}
        crate.add(ContextEntity(crate, entity["@id"], properties=properties))
    found: dict[str, Any] = crate.metadata.generate()
    return found


def entities_of(request: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entities of a request's metadata by id."""
    return {entity["@id"]: entity for entity in metadata_of(request)["@graph"]}


def write_bag(request: Mapping[str, Any], digest: str, target: Path) -> None:
    """Write a request as a bag, into a new folder or a new file `*.zip`. `digest`: of the request."""
    if target.exists() or target.is_symlink():
        raise InputError("There is such a file already.", file=str(target), fix="name another one")
    if not target.parent.is_dir():
        raise InputError("The folder is missing.", file=str(target.parent), fix="create it")
    files = _bag(json.dumps(metadata_of(request), indent=2, sort_keys=True, ensure_ascii=False), digest)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".sde-") as temporary:
        made = Path(temporary) / "crate"
        if target.suffix == ".zip":
            with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, content in files.items():
                    archive.writestr(zipfile.ZipInfo(f"{request['project']}/{name}", _ZIP_TIME), content)
        else:
            for name, content in files.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_bytes(content)
        made.rename(target)


def _bag(metadata: str, digest: str) -> dict[str, bytes]:
    """Return the files of a bag with one payload file (RFC 8493)."""
    payload = {PAYLOAD + METADATA: metadata.encode() + b"\n"}
    size = sum(map(len, payload.values()))
    info = f"External-Identifier: urn:uuid:{uuid.uuid5(_NAMESPACE, digest)}\nPayload-Oxum: {size}.{len(payload)}\n"
    tags = {
        BAG: b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": info.encode(),
        MANIFEST: _sums(payload),
    }
    return {**tags, "tagmanifest-sha512.txt": _sums(tags), **payload}


def _sums(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha512(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()


def _root(request: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": request["title"],
        "description": f"Data access request {request['request']}: a research environment for the project "
        f"{request['project']}",
        "datePublished": request["approved_on"],
        "conformsTo": _to(PROFILE),
        "sourceOrganization": _to(PROJECT),
        "mainEntity": _to(PROJECT),
        "mentions": _to(ACTION),
    }


def _entities(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all entities but the root, in the order of the graph."""
    texts, rest = _parted(request, _TEXTS)
    people, data_sets = (_maps(request.get(key)) for key in _LISTS)
    rest = {key: value for key, value in rest.items() if key not in _LISTS or not _maps(value)}
    members = ["#organisation"] if "organisation" in texts else []
    members += [f"#person-{i}" for i in range(1, len(people) + 1)]
    lead = next((f"#person-{i}" for i, one in enumerate(people, start=1) if _is_lead(one, request)), None)
    project = _entity(PROJECT, "Project", {
        "name": request["title"], "alternateName": request["project"], "identifier": _to("#number"),
        "member": [_to(one) for one in members], "funding": _to("#funding") if "funding" in texts else None,
    })  # fmt: skip
    action = _entity(ACTION, "CreateAction", {
        "name": request["title"], "actionStatus": "http://schema.org/PotentialActionStatus",
        "agent": _to(lead) if lead else None, "instrument": _to("#template"),
        "startTime": request["approved_on"], "endTime": request["expires"],
        "object": [_to(f"#data-set-{i}") for i in range(1, len(data_sets) + 1)],
    })  # fmt: skip
    found = [
        _entity(PROFILE, "Profile", {"name": "Five Safes RO-Crate profile"}),
        project,
        _entity("#number", "PropertyValue", {"name": NUMBER, "value": request["request"]}),
        action,
        _entity("#template", "SoftwareApplication", {"name": request["template"]}),
    ]
    for key, type_ in (("organisation", "Organization"), ("funding", "Grant")):
        found += [_entity(f"#{key}", type_, {"name": texts[key]})] if key in texts else []
    affiliation = _to("#organisation") if "organisation" in texts else None
    return [*found, *_with_properties(project, rest), *_people(people, affiliation), *_data_sets(data_sets)]


def _parted(content: Mapping[str, Any], terms: Collection[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the keys that have a term, and the others. What is no text has none."""
    texts = {key: content[key] for key in terms if isinstance(content.get(key), str)}
    return texts, {key: value for key, value in content.items() if key not in texts}


def _maps(value: Any) -> Sequence[Mapping[str, Any]]:
    return value if isinstance(value, list) and all(isinstance(one, Mapping) for one in value) else []


def _is_lead(person: Mapping[str, Any], request: Mapping[str, Any]) -> bool:
    return request.get("lead") is not None and person.get("id") == request["lead"]


def _people(people: Sequence[Mapping[str, Any]], affiliation: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for i, one in enumerate(people, start=1):
        number = f"#person-{i}"
        texts, rest = _parted(one, ("id", "name", "role"))
        person = _entity(number, "Person", {
            "name": texts.get("name"), "jobTitle": texts.get("role"), "memberOf": _to(PROJECT),
            "affiliation": affiliation, "identifier": _to(f"{number}-id") if "id" in texts else None,
        })  # fmt: skip
        found.append(person)
        if "id" in texts:
            found.append(_entity(f"{number}-id", "PropertyValue", {"name": ENTRA_ID, "value": texts["id"]}))
        found += _with_properties(person, rest)
    return found


def _data_sets(data_sets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for i, one in enumerate(data_sets, start=1):
        texts, rest = _parted(one, ("name",))
        entity = _entity(f"#data-set-{i}", "Dataset", {"name": texts.get("name")})
        found += [entity, *_with_properties(entity, rest)]
    return found


def _with_properties(entity: dict[str, Any], content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Add keys to an entity, and return the entities of their values."""
    found = []
    for key, value in content.items():
        is_plain = isinstance(value, str | int | float)
        text = value if is_plain else json.dumps(value, ensure_ascii=False)
        found.append(_entity(f"{entity['@id']}-{key}", "PropertyValue", {
            "name": key, "value": text, "encodingFormat": None if is_plain else JSON_TYPE,
        }))  # fmt: skip
    if found:
        entity["additionalProperty"] = [_to(one["@id"]) for one in found]
    return found


def _entity(name: str, type_: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"@id": name, "@type": type_, **{key: value for key, value in properties.items() if value not in (None, [])}}


def _to(name: str) -> dict[str, str]:
    return {"@id": name}
