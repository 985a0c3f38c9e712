"""Read untrusted JSON files with limits of size, count, depth and numbers."""

from __future__ import annotations

import json
import math
import re
import stat
from collections import Counter
from pathlib import Path
from typing import Any

from formats.errors import InputError

MAX_BYTES = 64 << 20
"""Three times the size of the plan of a stack with ten thousand resources."""
MAX_VALUES = 2_000_000
"""The maximum number of lists and maps: each needs far more memory than its two characters in the file."""
MAX_COMMAS = 8_000_000
"""The maximum number of commas, and so of values: ten times those in the plan of ten thousand resources."""
MAX_DIGITS = 100
"""The maximum number of digits of a number. Azure's have at most twenty."""
LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
"""A JSON escape of a surrogate, which is not a character without its pair."""
MAX_DEPTH = 64
"""The maximum number of levels of nesting. Azure's properties have about twenty."""
NOT_JSON = "The file is not JSON."
TEMPLATE_MARK = b"schema.management.azure.com"


_STRING_OR_COMMENT = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|\Z)|//[^\r\n]*|/\*.*?(?:\*/|\Z)', re.DOTALL)
"""A string or a comment, also one without its end: then no other match is tried inside it, which takes linear time."""
_NOT_SPACE = re.compile(r"[^\s]")


def read_json(file: Path) -> Any:
    """Return the content of a JSON file. Raises `InputError` for text that parsers may read differently."""
    return _json(_text(file), str(file))


def parse_json(text: bytes, path: str, *, max_bytes: int = MAX_BYTES) -> Any:
    """Return the content of a JSON text. Raises `InputError` for text that parsers may read differently."""
    if len(text) > max_bytes:
        raise _too_long(path, len(text), max_bytes)
    return _json(text, path)


def read_json_or_template(file: Path) -> Any:
    """Return the content of a JSON file, or of a template or parameter file with comments and multi-line strings.

    Azure PowerShell and `az deployment --handle-extended-json-format` accept these two extensions of JSON. Source:
    https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#comments
    """
    text = _text(file)
    try:
        return _json(text, str(file))
    except InputError as refused:
        if refused.problem != NOT_JSON or TEMPLATE_MARK not in text:
            raise
    found = _json(without_comments(text.decode("utf-8-sig")).encode(), str(file), strict=False)
    if not (isinstance(found, dict) and "$schema" in found):
        return _json(text, str(file))
    return found


def without_comments(text: str) -> str:
    """Return a text of the same length with spaces for its comments, so that each line keeps its number."""
    return _STRING_OR_COMMENT.sub(lambda m: m[0] if m[0].startswith('"') else _NOT_SPACE.sub(" ", m[0]), text)


def _text(file: Path) -> bytes:
    path = str(file)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("This is not a file.", file=path)
        if status.st_size > MAX_BYTES:
            raise _too_long(path, status.st_size, MAX_BYTES, fix="Check each stack separately.")
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("The file is missing.", file=path) from None
    except OSError as error:
        raise InputError("The file cannot be read.", file=path, found=error.strerror) from None
    if not text.strip():
        raise InputError("The file is empty.", file=path)
    return text


def _too_long(path: str, size: int, most: int, fix: str | None = None) -> InputError:
    return InputError("The file is too long.", file=path, found=f"{size:,} bytes", allowed=f"at most {most:,} bytes",
                      fix=fix)  # fmt: skip


def _json(text: bytes, path: str, *, strict: bool = True) -> Any:
    _refuse_too_many(text, path)
    try:
        found = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_unique_keys, parse_constant=_refuse_constant,
                           parse_float=_finite, parse_int=_integer, strict=strict)  # fmt: skip
        if LONE_SURROGATE.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError("The file contains half a character.", file=path, found="a lone surrogate, such as \\ud800",
                         allowed="text that UTF-8 can encode") from None  # fmt: skip
    except UnicodeDecodeError as error:
        raise InputError("The file is not UTF-8 text.", file=path, found=f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise InputError(NOT_JSON, file=path, found=place) from None
    except RecursionError:
        raise _too_deep(path) from None
    except ValueError as error:
        raise InputError("The file is not unambiguous JSON.", file=path, found=str(error)) from None
    _refuse_depth(found, path)
    return found


def _refuse_too_many(text: bytes, path: str) -> None:
    """Count values before parsing: a small file can need a lot of memory."""
    containers, entries = text.count(b"{") + text.count(b"["), text.count(b",")
    if containers > MAX_VALUES or entries > MAX_COMMAS:
        raise InputError("The file has too many values.", file=path,
                         found=f"{containers:,} lists and maps, {entries:,} commas",
                         allowed=f"at most {MAX_VALUES:,} and {MAX_COMMAS:,}",
                         fix="Check each stack separately.")  # fmt: skip


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate keys: parsers differ in which value they use."""
    found = dict(pairs)
    if len(found) != len(pairs):
        key = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {key[:100]!r} is duplicated")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    """Refuse numbers such as 1e999, which parsers read differently."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:MAX_DIGITS]} is too large a number")
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


def _refuse_depth(value: Any, path: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep(path)


def _children(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_deep(path: str) -> InputError:
    return InputError("The file is nested too deeply.", file=path, allowed=f"at most {MAX_DEPTH} levels")
