"""Translate the Pulumi CLI's error messages into the port's errors, with file, key and fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from formats.errors import Failed, InputError, Refused
from formats.urns import label
from operations.engine import locks
from operations.engine.port import busy
from operations.engine.pulumi_process import CommandFailed

ErrorMessage = tuple[str, str]
"""An error of a run: the URN of its resource, or "", and its message."""
_CONSEQUENCE = re.compile(
    r"(Failed: )?(Resource monitor has terminated|(update|preview|refresh|destroy|import|deployment) failed"
    r"|The program failed: Exception: context canceled)"
    r"|expected resource operations for \S+ but none were seen"
)
"""Messages of the CLI and the program that follow from the error that ended the run."""
_OF_PROGRAM = re.compile(r"(?P<kind>InputError|Refused|Failed): (?P<words>.*)", re.DOTALL)
"""The format in which `language_host.py` logs the exception that ended the program."""
_PART = re.compile(r"  (file|key|found|allowed|fix): +(.*)")
_CHECKED = re.compile(
    r"\S+ resource '.*?'(?:: property (?P<path>.+?) value .*?)? has a problem: (?P<why>.*)", re.DOTALL
)
"""The value in it may be secret and is not repeated."""
_TWICE = re.compile(r"Duplicate resource URN '(?P<urn>[^']+)'")
_PROTECTED = (
    (re.compile(r'resource "(?P<urn>[^"]+)" cannot be deleted\s+because it is protected'), "deleted"),
    (re.compile(r'unable to replace resource "(?P<urn>[^"]+)"\s+as it is currently marked for protection'), "replaced"),
)
_THERE = re.compile(r"resource '(urn:.*)' already exists")
_ABSENT = re.compile(r"resource '(.*)' does not exist")
"""Messages of an import."""
_USED = re.compile(r"Resource '(?P<urn>[^']+)' will be destroyed but was not specified in --target list")
_NOT_DEPLOYED = r'unknown stack "(?:[^"/]+/[^"/]+/)?([^"]+)"'
"""The message of a stack reference to an unknown stack."""
_FIX_STATE = "restore it from its .bak or from the history; the file was not changed"


class StackMissingError(InputError):
    """The backend does not know the stack."""


@dataclass(frozen=True)
class Place:
    """The stack of a failed command, and the files that an error may concern."""

    stack: str
    state: str = ""
    """The file of the stack's state, or the backend's URL."""
    config: Path | None = None
    locks: Path | None = None
    """The folder of the stack's locks, if the backend is a folder."""
    made_by_up: bool = True
    """True if `sde up` creates the stack; one in real Azure is created by its owner."""


def explained(error: CommandFailed, place: Place, errors: Sequence[ErrorMessage] = ()) -> Exception:
    """Return the port's error, with a fix, for a failed command. `errors` are those that the run reported."""
    text = "\n".join([str(error), *(words for _, words in errors)])
    for pattern, translate in _KNOWN:
        if found := re.search(pattern, text):
            return translate(place, text, found)
    causes = [each for each in errors if is_cause(each[1])] or list(errors) or [("", str(error))]
    return _refused(causes) or _one_of([_cause(urn, words) for urn, words in dict.fromkeys(causes)])


def is_cause(words: str) -> bool:
    """Return True unless the message only follows from an earlier error."""
    return not _CONSEQUENCE.match(words)


def refused(reasons: Sequence[str]) -> Refused:
    """Return the refusal to delete or replace protected resources."""
    listed = "\n".join(f"  {reason}" for reason in sorted(reasons))
    return Refused(f"Protected resources would be deleted or replaced; nothing was changed:\n{listed}")


def _refused(causes: Sequence[ErrorMessage]) -> Refused | None:
    held = [
        f"{label(found['urn'])} would be {done}"
        for _, words in causes
        for pattern, done in _PROTECTED
        if (found := pattern.search(words))
    ]
    if held:
        return refused(held)
    used = [f"  {found['urn']}" for _, words in causes if (found := _USED.search(words))]
    if used:
        return Refused("Targets that other resources use cannot be deleted; add those as targets:\n"
                       + "\n".join(used))  # fmt: skip
    return None


def _cause(urn: str, words: str) -> Exception:
    """One error as an exception."""
    if not urn and (found := _OF_PROGRAM.fullmatch(words)):
        if found["kind"] == "InputError":
            return bad_input(found["words"])
        return (Refused if found["kind"] == "Refused" else Failed)(found["words"])
    if found := _TWICE.search(words):
        fix = "give one of them another name"
        return InputError("Two resources have the same type and name", key=found["urn"], fix=fix)
    if urn and (found := _CHECKED.fullmatch(words)):
        path = f"{found['path']}: " if found["path"] else ""
        return InputError(f"{label(urn)} is not right:\n  {path}{found['why']}")
    words = words.removeprefix("Preview failed: ")
    if found := _THERE.fullmatch(words):
        return Failed(f"{label(found[1])} is in this stack already")
    if found := _ABSENT.fullmatch(words):
        words = f"there is nothing to import with the id {found[1]}"
    return Failed(f"{label(urn)}: {words}" if urn else words)


def _one_of(causes: Sequence[Exception]) -> Exception:
    """Combine several errors; errors of different kinds become `Failed`, because the cloud may have changed."""
    if len(causes) == 1:
        return causes[0]
    words = "\n".join(dict.fromkeys(map(str, causes)))
    kinds = {type(cause) for cause in causes}
    return kinds.pop()(words) if len(kinds) == 1 else Failed(words)


def bad_input(words: str) -> InputError:
    """Parse the text of an `InputError` into its parts."""
    lines = words.splitlines()
    parts = {found[1]: found[2] for line in lines if (found := _PART.fullmatch(line))}
    problem = "\n".join(line for line in lines if not _PART.fullmatch(line))
    return InputError(problem, **parts)


def _locked(place: Place, _text: str, _found: re.Match[str]) -> InputError:
    """A folder backend shows the lock's holder and if that run is dead; other backends do not."""
    refusal = locks.refusal(place.locks, place.stack) if place.locks else None
    return refusal or busy(place.stack, "another run")


def _missing(place: Place, _text: str, _found: re.Match[str]) -> InputError:
    name = place.stack
    if place.made_by_up:
        return StackMissingError(f"Stack {name} has not been deployed yet", file=place.state or None, fix=_up(name))
    fix = f"pulumi stack init {name} --secrets-provider azurekeyvault://… (docs/platform-team.md)"
    return StackMissingError(f"The backend has no stack {name}.", fix=fix)


def _up(name: str) -> str:
    return f"`sde up {name}` first"


def _not_deployed(_place: Place, _text: str, found: re.Match[str]) -> InputError:
    return InputError(f"Stack {found[1]} has not been deployed yet", fix=_up(found[1]))


def _wrong_passphrase(place: Place, _text: str, _found: re.Match[str]) -> InputError:
    return InputError(
        "The passphrase is not the one that this state was encrypted with",
        file=place.state or None,
        fix="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own passphrase",
    )


def _no_passphrase(_place: Place, _text: str, _found: re.Match[str]) -> InputError:
    return InputError(
        "The state's secrets need a passphrase, and none is set.",
        fix="set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
    )


def _no_target(_place: Place, _text: str, found: re.Match[str]) -> InputError:
    return InputError(
        "A target names no resource of this stack",
        found=found[1] or found[2],
        allowed="URNs of its resources; * and ** match anything",
    )


def _damaged(place: Place, _text: str, found: re.Match[str]) -> InputError:
    return InputError("The state cannot be read", file=place.state or None, found=found[1], fix=_FIX_STATE)


def _configuration(place: Place, _text: str, found: re.Match[str]) -> InputError:
    file = str(place.config) if place.config else None
    return InputError("The stack's file cannot be read", file=file, found=found[1])


def _no_backend(place: Place, _text: str, found: re.Match[str]) -> InputError:
    return InputError(
        "The backend, where Pulumi keeps the state, does not answer.",
        key="PULUMI_BACKEND_URL",
        found=f"{place.state}: {found[0]}" if place.state else found[0],
        fix="check the URL and the network, and sign in: pulumi login URL (docs/platform-team.md)",
    )


def _provider_ended(_place: Place, text: str, found: re.Match[str]) -> Failed:
    """A provider may print a whole traceback before it exits: only its last line is repeated."""
    *_, last = text[found.end() :].strip().splitlines() or [""]
    return Failed(f"The provider {Path(found[1]).name} ended at once: {last}")


_KNOWN: Sequence[tuple[str, Callable[[Place, str, re.Match[str]], Exception]]] = (
    (r"the stack is currently locked by|\[409\] Conflict", _locked),
    (r"no stack named .* found", _missing),
    (_NOT_DEPLOYED, _not_deployed),
    (r"Detected that (\S+) exited prematurely", _provider_ended),
    (r"incorrect passphrase", _wrong_passphrase),
    (r"passphrase must be set", _no_passphrase),
    (r"Target '(.*?)' could not be found in the stack|no resource named '(.*?)' found", _no_target),
    (r"failed to load checkpoint: (?:place \d+: )?(.*)", _damaged),
    (r"(?:getting stack configuration|validating stack config): (.*)", _configuration),
    (
        r"PULUMI_ACCESS_TOKEN must be set.*|unable to open bucket.*|read \"\.pulumi/meta\.yaml\".*|problem logging in.*"
        r"|performing HTTP request.*|no such host.*|\[401\] Unauthorized.*|i/o timeout.*",
        _no_backend,
    ),
)
