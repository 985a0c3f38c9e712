"""The port's own errors out of what the Pulumi CLI says when it fails: what, where and how to put it right."""

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

Told = tuple[str, str]
"""An error of a run: the URN that it is about, or none, and its words."""
_CONSEQUENCE = re.compile(
    r"(Failed: )?(Resource monitor has terminated|(update|preview|refresh|destroy|import|deployment) failed"
    r"|The program failed: Exception: context canceled)"
    r"|expected resource operations for \S+ but none were seen"
)
"""What the CLI and the program say after the error that ended the run."""
_OF_PROGRAM = re.compile(r"(?P<kind>InputError|Refused|Failed): (?P<words>.*)", re.DOTALL)
"""How `language_host.py` logs the exception that ended the program."""
_PART = re.compile(r"  (file|key|found|allowed|fix): +(.*)")
_CHECKED = re.compile(
    r"\S+ resource '.*?'(?:: property (?P<path>.+?) value .*?)? has a problem: (?P<why>.*)", re.DOTALL
)
"""The value that stands in it is not repeated."""
_TWICE = re.compile(r"Duplicate resource URN '(?P<urn>[^']+)'")
_PROTECTED = (
    (re.compile(r'resource "(?P<urn>[^"]+)" cannot be deleted\s+because it is protected'), "deleted"),
    (re.compile(r'unable to replace resource "(?P<urn>[^"]+)"\s+as it is currently marked for protection'), "replaced"),
)
_THERE = re.compile(r"resource '(urn:.*)' already exists")
_ABSENT = re.compile(r"resource '(.*)' does not exist")
"""What an import says."""
_USED = re.compile(r"Resource '(?P<urn>[^']+)' will be destroyed but was not specified in --target list")
_NOT_DEPLOYED = r'unknown stack "(?:[^"/]+/[^"/]+/)?([^"]+)"'
"""What a stack reference says that finds none."""
_FIX_STATE = "restore it from its .bak or from the history; the file was left as it is"


class StackMissingError(InputError):
    """The backend does not know the stack."""


@dataclass(frozen=True)
class Place:
    """The stack of a failed command, and the files that an error may be about."""

    stack: str
    state: str = ""
    """The file of its state, or the backend's URL."""
    config: Path | None = None
    locks: Path | None = None
    """The folder of its locks, where the backend is a folder."""
    made_by_up: bool = True
    """Whether `sde up` makes the stack; a real one is made by its owner."""


def explained(error: CommandFailed, place: Place, errors: Sequence[Told] = ()) -> Exception:
    """Say what failed and what to do about it. `errors` are those that the run itself told."""
    said = "\n".join([str(error), *(words for _, words in errors)])
    for pattern, made in _KNOWN:
        if found := re.search(pattern, said):
            return made(place, said, found)
    causes = [told for told in errors if is_cause(told[1])] or list(errors) or [("", str(error))]
    return _refused(causes) or _one_of([_cause(urn, words) for urn, words in dict.fromkeys(causes)])


def is_cause(words: str) -> bool:
    """Whether an error is one that a run failed by, and not what the CLI and the program say after it."""
    return not _CONSEQUENCE.match(words)


def refused(reasons: Sequence[str]) -> Refused:
    """The refusal to delete or replace what is protected."""
    listed = "\n".join(f"  {reason}" for reason in sorted(reasons))
    return Refused(f"Protected resources would be deleted or replaced; nothing was changed:\n{listed}")


def _refused(causes: Sequence[Told]) -> Refused | None:
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
        return Refused("What is used by resources outside the targets cannot be deleted; add them as targets:\n"
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
    """Several errors as one exception. A run that began to fail in the cloud was more than wrongly asked."""
    if len(causes) == 1:
        return causes[0]
    words = "\n".join(dict.fromkeys(map(str, causes)))
    kinds = {type(cause) for cause in causes}
    return kinds.pop()(words) if len(kinds) == 1 else Failed(words)


def bad_input(words: str) -> InputError:
    """Read the words of a `InputError` back into its parts."""
    lines = words.splitlines()
    parts = {found[1]: found[2] for line in lines if (found := _PART.fullmatch(line))}
    problem = "\n".join(line for line in lines if not _PART.fullmatch(line))
    return InputError(problem, **parts)


def _locked(place: Place, _said: str, _found: re.Match[str]) -> InputError:
    """A folder says who holds the lock, and whether that run is dead; other backends do not."""
    told = locks.refusal(place.locks, place.stack) if place.locks else None
    return told or busy(place.stack, "another run")


def _missing(place: Place, _said: str, _found: re.Match[str]) -> InputError:
    name = place.stack
    if place.made_by_up:
        return StackMissingError(f"Stack {name} has not been deployed yet", file=place.state or None, fix=_up(name))
    fix = f"pulumi stack init {name} --secrets-provider azurekeyvault://… (docs/platform-team.md)"
    return StackMissingError(f"The backend has no stack {name}.", fix=fix)


def _up(name: str) -> str:
    return f"`sde up {name}` first"


def _not_deployed(_place: Place, _said: str, found: re.Match[str]) -> InputError:
    return InputError(f"Stack {found[1]} has not been deployed yet", fix=_up(found[1]))


def _wrong_passphrase(place: Place, _said: str, _found: re.Match[str]) -> InputError:
    return InputError(
        "The passphrase is not the one that this state was encrypted with",
        file=place.state or None,
        fix="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own passphrase",
    )


def _no_passphrase(_place: Place, _said: str, _found: re.Match[str]) -> InputError:
    return InputError(
        "The state's secrets need a passphrase, and none is set.",
        fix="set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
    )


def _no_target(_place: Place, _said: str, found: re.Match[str]) -> InputError:
    return InputError(
        "A target names no resource of this stack",
        found=found[1] or found[2],
        allowed="URNs of its resources; * and ** stand for anything",
    )


def _damaged(place: Place, _said: str, found: re.Match[str]) -> InputError:
    return InputError("The state cannot be read", file=place.state or None, found=found[1], fix=_FIX_STATE)


def _configuration(place: Place, _said: str, found: re.Match[str]) -> InputError:
    file = str(place.config) if place.config else None
    return InputError("The stack's file cannot be read", file=file, found=found[1])


def _no_backend(place: Place, _said: str, found: re.Match[str]) -> InputError:
    return InputError(
        "The backend, where Pulumi keeps the state, does not answer.",
        key="PULUMI_BACKEND_URL",
        found=f"{place.state}: {found[0]}" if place.state else found[0],
        fix="check the URL and the network, and sign in: pulumi login URL (docs/platform-team.md)",
    )


def _provider_ended(_place: Place, said: str, found: re.Match[str]) -> Failed:
    """What a provider printed at its end may be a whole traceback: its last line says why."""
    *_, last = said[found.end() :].strip().splitlines() or [""]
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
