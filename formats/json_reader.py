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
"""Bytes. The plan of a stack of ten thousand resources has a third of that."""
MAX_VALUES = 2_000_000
"""Lists and maps. Each needs far more memory than its two characters in the file."""
ENTRIES = 8_000_000
"""Commas, as a count of values: ten times those in the plan of a stack of ten thousand resources."""
DIGITS = 100
"""Digits of one number. Azure's have at most twenty."""
HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""A surrogate as a JSON escape. A lone one is not a character."""
MAX_DEPTH = 64
"""Levels of nesting. Azure's properties have about twenty."""


def read_json(file: Path) -> Any:
    """Return the content of a JSON file. Raises `InputError` for text that parsers may read differently."""
    return _json(_text(file), str(file))


def _text(file: Path) -> bytes:
    shown = str(file)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InputError("This is not a file.", file=shown)
        if status.st_size > MAX_BYTES:
            raise InputError("The file is too long.", file=shown, found=f"{status.st_size:,} bytes",
                             allowed=f"at most {MAX_BYTES:,} bytes", fix="Check each stack separately.")  # fmt: skip
        with file.open("rb") as stream:
            text = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("The file is missing.", file=shown) from None
    except OSError as error:
        raise InputError("The file cannot be read.", file=shown, found=error.strerror) from None
    if not text.strip():
        raise InputError("The file is empty.", file=shown)
    return text


def _json(text: bytes, shown: str) -> Any:
    _refuse_too_many(text, shown)
    try:
        found = json.loads(text.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_number,
                           parse_float=_finite, parse_int=_whole)  # fmt: skip
        if HALF.search(text):
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError("The file contains half a character.", file=shown, found="a lone surrogate, such as \\ud800",
                         allowed="text that UTF-8 can encode") from None  # fmt: skip
    except UnicodeDecodeError as error:
        raise InputError("The file is not UTF-8 text.", file=shown, found=f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise InputError("The file is not JSON.", file=shown, found=place) from None
    except RecursionError:
        raise _too_deep(shown) from None
    except ValueError as error:
        raise InputError("The file is not unambiguous JSON.", file=shown, found=str(error)) from None
    _refuse_depth(found, shown)
    return found


def _refuse_too_many(text: bytes, shown: str) -> None:
    """Count values before parsing: a small file can need a lot of memory."""
    containers, entries = text.count(b"{") + text.count(b"["), text.count(b",")
    if containers > MAX_VALUES or entries > ENTRIES:
        raise InputError("The file has too many values.", file=shown,
                         found=f"{containers:,} lists and maps, {entries:,} commas",
                         allowed=f"at most {MAX_VALUES:,} and {ENTRIES:,}",
                         fix="Check each stack separately.")  # fmt: skip


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse duplicate keys: parsers differ in which value they use."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:100]!r} is duplicated")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    """Refuse numbers such as 1e999, which parsers read differently."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:DIGITS]} is too large a number")
    return number


def _whole(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"a number of {len(text):,} digits")
    return int(text)


def _refuse_depth(value: Any, shown: str) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _within(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep(shown)


def _within(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_deep(shown: str) -> InputError:
    return InputError("The file is nested too deeply.", file=shown, allowed=f"at most {MAX_DEPTH} levels")
