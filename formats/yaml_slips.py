"""Errors for the usual slips in YAML, in plain words and with the line that is wrong.

A parser names the line on which it could not go on, which is often the one after the mistake. The text itself has signs
of the usual slips: tabs, indentation, quotes, the marks of a merge conflict, another encoding.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence

import yaml

from formats.errors import NOT_SHOWN, PRIVATE_KEY, InputError

MALFORMED = "The file is not well-formed YAML."
_INVISIBLE = re.compile("[\x85\u2028\u2029]|(?<!^)\ufeff")
"""Line breaks of YAML 1.1 alone, and the byte order mark anywhere but at the beginning."""
_CONFLICT = re.compile(r"^(<{7}|={7}|>{7}|\|{7})( |$)", re.MULTILINE)
_ENCODINGS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"),
              (codecs.BOM_UTF16_BE, "UTF-16"))  # fmt: skip
_NOT_PRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PLACE_OF_TEXT = r"^\s*(?:- +)*(?:[\w-]+: +)?"
"""The beginning of a line up to the text of a list's item or of a key."""
_EARLY_QUOTE = re.compile(_PLACE_OF_TEXT + r"""('[^']*'|"(?:[^"\\]|\\.)*") *[^\s#,\]}:]""")
_OPEN_QUOTE = re.compile(_PLACE_OF_TEXT + r"""('[^']*|"(?:[^"\\]|\\.)*)$""")
"""Text in quotes up to the end of the line, without the second quote."""
_OPENS = re.compile(r"""(?:: +|- +|[\[{,] *)$""")
"""The end of what is before a quote that opens."""
_RESERVED = re.compile(_PLACE_OF_TEXT + r"([@`%*&!|>])")
_TWO_COLONS = re.compile(r"^\s*(?:- +)*[\w-]+: +[^'\"\[{#|>][^#]*: ")
_QUOTES = """Put text with an apostrophe in double quotes, such as "St Mary's"; inside them, a double quote is \\"."""
_NO_SPACE = re.compile(r"^\s*(?:- +)*[\w-]+:[^\s:/]")


def malformed(path: str, line: int, what: str, *, fix: str | None = None) -> InputError:
    """Return the error of a line, counted from 0."""
    return InputError(MALFORMED, file=path, found=f"line {line + 1}: {what}", fix=fix)


def decoded(content: bytes, path: str) -> str:
    """Return the text of a file. `InputError` with the line for another encoding than UTF-8."""
    found = next((name for mark, name in _ENCODINGS if content.startswith(mark)), None)
    if found is None and b"\0" in content[:4]:
        found = "UTF-16"
    if found:
        raise InputError("The file is not UTF-8 text.", file=path, found=f"{found}, which Windows calls Unicode",
                         allowed="UTF-8", fix="Save the file as UTF-8.")  # fmt: skip
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"line {line}: a character in another encoding, such as Latin-1 or Windows-1252"
        raise InputError("The file is not UTF-8 text.", file=path, found=found, allowed="UTF-8",
                         fix="Save the file as UTF-8, and look at the accents in that line.") from None  # fmt: skip


def refuse_invisible(text: str, path: str) -> None:
    """Refuse characters that the versions of YAML read differently, and that no editor shows."""
    if found := _INVISIBLE.search(text):
        line = text.count("\n", 0, found.start())
        raise malformed(path, line, f"the invisible character U+{ord(found[0]):04X}", fix="Remove it.")


def refuse_explicit(event: yaml.Event, path: str) -> None:
    """Refuse the explicit type of a value, and a version of YAML: values would depend on them."""
    if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
        raise malformed(path, 0, "a directive, such as %YAML", fix="Remove the line.")
    if tag := getattr(event, "tag", None):
        raise malformed(path, line_of(event), f"{str(tag)[:40]!r}, an explicit type",
                        fix="Write the value without it; put text that begins with ! in quotes.")  # fmt: skip


def line_of(event: yaml.Event) -> int:
    """Return the line of an event, counted from 0."""
    return event.start_mark.line if event.start_mark else 0


def slip(text: str, path: str, error: yaml.YAMLError) -> InputError:
    """Return the error of a text that YAML cannot read, with the line that is probably wrong."""
    lines = text.split("\n")
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    at = min(mark.line if mark else 0, len(lines) - 1)
    for look in (_conflict, _unprintable, _tab, _private_key):
        if found := look(lines, at):
            return malformed(path, found[0], found[1], fix=found[2])
    problem = str(getattr(error, "problem", None) or error).splitlines()[0]
    context = str(getattr(error, "context", ""))
    if "end of stream" in problem and opened and "quoted" in context:
        return malformed(path, opened.line, "the quote that opens here is never closed", fix="Close it.")
    if "single document" in context + problem:
        return malformed(path, at, "a second document begins", fix="Remove the line ---, or make another file.")
    if opened and "flow" in context and opened.line < at:
        what = f"the {lines[opened.line][opened.column]} that opens here is not closed before line {at + 1}"
        return malformed(path, opened.line, what, fix="Close it, or put a comma between its entries.")
    for look_at in (_one_line, _open_quote, _indentation):
        if found := look_at(lines, at):
            return malformed(path, found[0], found[1], fix=found[2])
    column = f", column {mark.column + 1}" if mark else ""
    return InputError(MALFORMED, file=path, found=f"line {at + 1}{column}: {problem}", fix="Correct that line.")


Found = tuple[int, str, str]
"""The line of a slip, counted from 0, what it is, and the fix."""


def _conflict(lines: Sequence[str], _: int) -> Found | None:
    marks = [i for i, line in enumerate(lines) if _CONFLICT.match(line)]
    if not marks:
        return None
    return marks[0], f"the marks of a merge conflict, up to line {marks[-1] + 1}", (
        "Keep what is right of the two versions, and remove the lines <<<<<<<, ======= and >>>>>>>.")  # fmt: skip


def _private_key(lines: Sequence[str], at: int) -> Found | None:
    """Return the line of a private key before the one where the parser stopped: its lines are no YAML."""
    begins = next((i for i in range(at + 1) if PRIVATE_KEY.search(lines[i])), None)
    if begins is None:
        return None
    return begins, NOT_SHOWN, "Remove it, and treat it as lost: make another pair, and put its public half here."


def _unprintable(lines: Sequence[str], _: int) -> Found | None:
    for i, line in enumerate(lines):
        if (found := _NOT_PRINTABLE.search(line)) and not (i == 0 and found[0] == "\ufeff"):
            return i, f"the control character U+{ord(found[0]):04X}", "Remove it."
    return None


def _tab(lines: Sequence[str], at: int) -> Found | None:
    for i in (at, at - 1):
        line = lines[i] if i >= 0 else ""
        if "\t" in line[: len(line) - len(line.lstrip())]:
            return i, "it begins with a tab", "Use spaces."
    return None


def _one_line(lines: Sequence[str], at: int) -> Found | None:
    """Return a slip inside a line: the one where the parser stopped, or the line before with text."""
    for i in _with_text(lines, at):
        line = lines[i]
        if _EARLY_QUOTE.match(line):
            return i, "a quote closes before the end of the text", _QUOTES
        if found := _RESERVED.match(line):
            return i, f"text that begins with {found[1]}", "Put the text in quotes."
        if _TWO_COLONS.match(line):
            return i, "text with a colon and a space inside", "Put the text in quotes."
        if ":\u00a0" in line:
            return i, "U+00A0 after the colon, which is not a space", "Type the line again."
        if _NO_SPACE.match(line):
            return i, "no space after the colon", "Write `key: value`."
    return None


def _open_quote(lines: Sequence[str], at: int) -> Found | None:
    """Return the line whose quote is closed by the opening quote of a later one, where the parser stopped."""
    for here in _with_text(lines, at):
        for i in range(here - 1, -1, -1):
            if found := _OPEN_QUOTE.match(lines[i]):
                quote = found[1][0]
                closes = next(j for j in range(i + 1, here + 1) if quote in lines[j] or j == here)
                if closes == here and _OPENS.search(lines[here].partition(quote)[0]):
                    return i, "the quote that opens here is not closed in this line", "Close it."
                break
    return None


def _with_text(lines: Sequence[str], at: int) -> Iterator[int]:
    """Yield a line and the one before it, without empty ones and comments."""
    before = (i for i in range(at, -1, -1) if lines[i].strip() and not lines[i].lstrip().startswith("#"))
    yield from (i for _, i in zip(range(2), before, strict=False))


def _indentation(lines: Sequence[str], at: int) -> Found | None:
    """Return the line of two whose indentation fits those around it less."""
    found = list(_with_text(lines, at))
    if len(found) < 2 or _indent(lines[found[0]]) == _indent(lines[found[1]]):
        return None
    here, before = found
    after = next((i for i in range(here + 1, len(lines)) if lines[i].strip()), None)
    earlier = {_indent(line) for line in lines[:before] if line.strip()}
    odd = here if after is not None and _indent(lines[after]) == _indent(lines[before]) else before
    if _indent(lines[here]) not in earlier and odd == before and _indent(lines[before]) in earlier:
        odd = here
    return odd, f"the indentation changes between lines {before + 1} and {here + 1}, and fits no key above", (
        f"Line {odd + 1} is probably wrong: keys of one map begin in one column.")  # fmt: skip


def _indent(line: str) -> int:
    """Return the column of a line's first key: after the hyphen of a list's item."""
    return len(line) - len(line.lstrip(" -"))
