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
from operations.engine.program_error import is_error_text, parse_error
from operations.engine.pulumi_process import CommandFailed

ErrorMessage = tuple[str, str]
"""An error of a run: the URN of its resource, or "", and its message."""
_CONSEQUENCE = re.compile(
    r"(Failed: )?(Resource monitor has terminated|(update|preview|refresh|destroy|import|deployment) failed"
    r"|The program failed: Exception: context canceled|BAIL: run bailed)"
    r"|expected resource operations for \S+ but none were seen"
)
"""Messages of the CLI and the program that only follow from an earlier error."""
_CHECK_FAILURE = re.compile(
    r"\S+ resource '.*?'(?:: property (?P<path>.+?) value .*?)? has a problem: (?P<why>.*)", re.DOTALL
)
"""A failed Check of a provider. The value in the message may be secret, and is not repeated."""
_DUPLICATE_URN = re.compile(r"Duplicate resource URN '(?P<urn>[^']+)'")
_PROTECTED = (
    (re.compile(r'resource "(?P<urn>[^"]+)" cannot be deleted\s+because it is protected'), "deleted"),
    (
        re.compile(
            r'unable to replace resource "(?P<urn>[^"]+)"\s+(?:as part of replacing "[^"]+"\s+)?'
            r"as it is currently marked for protection"
        ),
        "replaced",
    ),
)
_ALREADY_IMPORTED = re.compile(r"resource '(urn:.*)' already exists")
_NOTHING_TO_IMPORT = re.compile(r"resource '(.*)' does not exist")
"""Messages of an import."""
_UNTARGETED_DEPENDENT = re.compile(
    r"Resource '(?P<urn>[^']+)' will be destroyed but was not specified in --target list"
)
_NOT_DEPLOYED = r'unknown stack "(?:[^"/]+/[^"/]+/)?([^"]+)"'
"""The message of a stack reference to an unknown stack."""
_FIX_STATE = "restore it from its .bak or from the history; the file was not changed"


class StackMissingError(InputError):
    """The backend does not know the stack."""


@dataclass(frozen=True)
class StackContext:
    """The stack of a failed command, and its files, for the error's text."""

    stack: str
    state: str = ""
    """The file of the stack's state, or the backend's URL."""
    config: Path | None = None
    locks: Path | None = None
    """The folder of the stack's locks, if the backend is a folder."""
    made_by_up: bool = True
    """True if `sde up` creates the stack; one in real Azure is created by its owner."""


def port_error(error: CommandFailed, context: StackContext, errors: Sequence[ErrorMessage] = ()) -> Exception:
    """Return the port's error, with a fix, for a failed command. `errors` are those that the run reported."""
    text = "\n".join([str(error), *(message for _, message in errors)])
    for pattern, translator in _TRANSLATORS:
        if found := re.search(pattern, text):
            return translator(context, text, found)
    causes = [each for each in errors if is_cause(each[1])] or list(errors) or [("", str(error))]
    return _refusal_of_any(causes) or _combined([_cause(urn, message) for urn, message in dict.fromkeys(causes)])


def is_cause(message: str) -> bool:
    """Return True unless the message only follows from an earlier error."""
    return not _CONSEQUENCE.match(message)


def protection_refusal(reasons: Sequence[str]) -> Refused:
    """Return the refusal to delete or replace protected resources."""
    listed = "\n".join(f"  {reason}" for reason in sorted(reasons))
    return Refused(f"Protected resources would be deleted or replaced; nothing was changed:\n{listed}")


def _refusal_of_any(causes: Sequence[ErrorMessage]) -> Refused | None:
    protected = [
        f"{label(found['urn'])} would be {done}"
        for _, message in causes
        for pattern, done in _PROTECTED
        if (found := pattern.search(message))
    ]
    if protected:
        return protection_refusal(protected)
    dependents = [f"  {found['urn']}" for _, message in causes if (found := _UNTARGETED_DEPENDENT.search(message))]
    if dependents:
        return Refused("Targets that other resources use cannot be deleted; add those as targets:\n"
                       + "\n".join(dependents))  # fmt: skip
    return None


def _cause(urn: str, message: str) -> Exception:
    """Return one error as an exception."""
    if not urn and is_error_text(message):
        return parse_error(message)
    if found := _DUPLICATE_URN.search(message):
        fix = "give one of them another name"
        return InputError("Two resources have the same type and name", key=found["urn"], fix=fix)
    if urn and (found := _CHECK_FAILURE.fullmatch(message)):
        path = f"{found['path']}: " if found["path"] else ""
        return InputError(f"{label(urn)} is not right:\n  {path}{found['why']}")
    message = message.removeprefix("Preview failed: ")
    if found := _ALREADY_IMPORTED.fullmatch(message):
        return Failed(f"{label(found[1])} is in this stack already")
    if found := _NOTHING_TO_IMPORT.fullmatch(message):
        message = f"there is nothing to import with the id {found[1]}"
    return Failed(f"{label(urn)}: {message}" if urn else message)


def _combined(causes: Sequence[Exception]) -> Exception:
    """Combine several errors; errors of different kinds become `Failed`, because the cloud may have changed."""
    if len(causes) == 1:
        return causes[0]
    message = "\n".join(dict.fromkeys(map(str, causes)))
    kinds = {type(cause) for cause in causes}
    return kinds.pop()(message) if len(kinds) == 1 else Failed(message)


def _locked(context: StackContext, _text: str, _found: re.Match[str]) -> InputError:
    """Name the holder of the lock, and say if that run has ended, if the backend is a folder."""
    refusal = locks.refusal(context.locks, context.stack) if context.locks else None
    return refusal or busy(context.stack, "another run")


def _missing(context: StackContext, _text: str, _found: re.Match[str]) -> InputError:
    name = context.stack
    if context.made_by_up:
        return StackMissingError(f"Stack {name} has not been deployed yet", file=context.state or None, fix=_up(name))
    fix = f"pulumi stack init {name} --secrets-provider azurekeyvault://… (docs/platform-team.md)"
    return StackMissingError(f"The backend has no stack {name}.", fix=fix)


def _up(name: str) -> str:
    return f"`sde up {name}` first"


def _not_deployed(_context: StackContext, _text: str, found: re.Match[str]) -> InputError:
    return InputError(f"Stack {found[1]} has not been deployed yet", fix=_up(found[1]))


def _wrong_passphrase(context: StackContext, _text: str, _found: re.Match[str]) -> InputError:
    return InputError(
        "The passphrase is not the one that this state was encrypted with",
        file=context.state or None,
        fix="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own passphrase",
    )


def _no_passphrase(_context: StackContext, _text: str, _found: re.Match[str]) -> InputError:
    return InputError(
        "The state's secrets need a passphrase, and none is set.",
        fix="set PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
    )


def _no_target(_context: StackContext, _text: str, found: re.Match[str]) -> InputError:
    return InputError(
        "A target names no resource of this stack",
        found=found[1] or found[2],
        allowed="URNs of its resources; * and ** match anything",
    )


def _damaged(context: StackContext, _text: str, found: re.Match[str]) -> InputError:
    return InputError("The state cannot be read", file=context.state or None, found=found[1], fix=_FIX_STATE)


def _configuration(context: StackContext, _text: str, found: re.Match[str]) -> InputError:
    file = str(context.config) if context.config else None
    return InputError("The stack's file cannot be read", file=file, found=found[1])


def _no_backend(context: StackContext, _text: str, found: re.Match[str]) -> InputError:
    return InputError(
        "The backend, where Pulumi keeps the state, does not answer.",
        key="PULUMI_BACKEND_URL",
        found=f"{context.state}: {found[0]}" if context.state else found[0],
        fix="check the URL and the network, and sign in: pulumi login URL (docs/platform-team.md)",
    )


def _provider_ended(_context: StackContext, text: str, found: re.Match[str]) -> Failed:
    """Repeat only the last line of the provider's output, which may be a whole traceback."""
    *_, last = text[found.end() :].strip().splitlines() or [""]
    return Failed(f"The provider {Path(found[1]).name} ended at once: {last}")


_TRANSLATORS: Sequence[tuple[str, Callable[[StackContext, str, re.Match[str]], Exception]]] = (
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
