"""A program's exception as a message with locations."""

from __future__ import annotations

import pulumi
import pytest

from formats.errors import Failed, InputError, Refused
from operations.engine.program_error import causes, program_error_of, reported_error


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Raise and catch the exception, so that it has a traceback."""
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def test_exception_that_is_its_own_cause_occurs_once() -> None:
    error = KeyError("gone")
    assert list(causes(raised(error, error))) == [error]


def test_circular_causes_occur_once() -> None:
    cause, other = ValueError("cause"), ValueError("other")
    cause.__cause__, other.__cause__ = other, cause
    assert list(causes(cause)) == [cause, other]


def test_first_cause_is_described_with_its_location() -> None:
    found = program_error_of(raised(RuntimeError("outer"), raised(LookupError("no room"))))
    assert found.message == "LookupError: no room"
    assert [location.split(":")[0] for location in found.locations] == [__file__]


@pytest.mark.parametrize("words", [InputError("x"), Failed("x"), Refused("x")])
def test_expected_errors_are_passed_on_unchanged(words: Exception) -> None:
    assert reported_error(raised(RuntimeError("outer"), words)) is words


def test_run_error_has_no_locations() -> None:
    error = reported_error(raised(pulumi.RunError("set the key")))
    assert isinstance(error, Failed) and str(error) == "set the key"


def test_early_exit_is_a_failure() -> None:
    assert "SystemExit: 3" in str(reported_error(raised(SystemExit(3))))
