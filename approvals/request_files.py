"""A request, and the service template that it names, as approvals read them: without what validates or renders them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from formats.errors import InputError
from formats.yaml_reader import parse_mapping, read_mapping, read_text, within

TEMPLATES = Path(__file__).resolve().parents[1] / "tre_templates"
SERVICES, STACKS, SUFFIX = "services", "stacks", ".yaml.j2"
REQUESTS = "requests"
FENCE = "---\n"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def read_request(estate: Path, project: str) -> dict[str, Any]:
    """Return the request of a project as JSON. `InputError` if there is none that can be read."""
    file = estate / REQUESTS / f"{project}.yaml"
    return {key: json_of(value) for key, value in read_mapping(within(estate, file, str(file)), str(file)).items()}


def json_of(value: Any) -> Any:
    """Return what YAML has read as JSON: days and times as text."""
    if isinstance(value, Mapping):
        return {str(key): json_of(one) for key, one in value.items()}
    if isinstance(value, list):
        return [json_of(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def parts(text: str, path: str) -> tuple[str, str]:
    """Return the front matter and the body of a service template."""
    front, fence, body = text.removeprefix(FENCE).partition("\n" + FENCE)
    if not text.startswith(FENCE) or not fence or not body.strip():
        raise InputError("The file has no front matter, or no body.", file=path, found=text[:40],
                         allowed="a line ---, YAML, a line ---, and the template's body")  # fmt: skip
    return front + "\n", body


def front_matter(name: str, folder: Path = TEMPLATES) -> dict[str, Any]:
    """Return the front matter of a service template, which is not validated. `InputError` if there is none."""
    file = _template_file(name, folder)
    return parse_mapping(parts(read_text(file, str(file)), str(file))[0], str(file))


def template_digest(name: str, folder: Path = TEMPLATES) -> str:
    """Return the digest of a service template, with all that it includes: the bodies of the kinds of stacks."""
    file, found = _template_file(name, folder), hashlib.sha256()
    for one in (file, *sorted((folder / STACKS).rglob(f"*{SUFFIX}"))):
        path, content = one.relative_to(folder).as_posix().encode(), one.read_bytes()
        found.update(b"%d %d\0" % (len(path), len(content)) + path + content)
    return f"sha256:{found.hexdigest()}"


def _template_file(name: str, folder: Path) -> Path:
    file = folder / SERVICES / f"{name}{SUFFIX}"
    if not _NAME.fullmatch(name) or not file.is_file():
        raise InputError("There is no such template.", key="template", found=name)
    return file
