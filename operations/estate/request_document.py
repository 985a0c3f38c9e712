"""The JSON Schema of requests, with which editors complete and check them: tre_templates/request.schema.json."""

from __future__ import annotations

import json
from typing import Any

from operations.estate.request_model import RequestFile

FILE = "tre_templates/request.schema.json"


def document() -> dict[str, Any]:
    """Return the schema. It says the form of a request; `sde request validate` checks the rest."""
    found = RequestFile.model_json_schema()
    found |= {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Data access request"}
    return found


def text() -> str:
    """Return the schema as the text of its file."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"
