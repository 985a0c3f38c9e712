"""A program's exception as a message with locations."""

from __future__ import annotations

import pulumi
import pytest

from formats.errors import Failed, InputError, Refused
from operations.engine.program_error import causes, described, explained


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """Raise and catch the exception, so that it has a traceback."""
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def test_exception_that_is_its_own_cause_occurs_once() -> None:
    error = KeyError("gone")
    assert list(causes(raised(error, error))) == [error]


def test_circular_causes_occur_once() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert list(causes(one)) == [one, other]


def test_first_cause_is_described_with_its_location() -> None:
    found = described(raised(RuntimeError("outer"), raised(LookupError("no room"))))
    assert found.message == "LookupError: no room"
    assert [place.split(":")[0] for place in found.places] == [__file__]


@pytest.mark.parametrize("words", [InputError("x"), Failed("x"), Refused("x")])
def test_expected_errors_are_passed_on_unchanged(words: Exception) -> None:
    assert explained(raised(RuntimeError("outer"), words)) is words


def test_run_error_has_no_locations() -> None:
    error = explained(raised(pulumi.RunError("set the key")))
    assert isinstance(error, Failed) and str(error) == "set the key"


def test_early_exit_is_a_failure() -> None:
    assert "SystemExit: 3" in str(explained(raised(SystemExit(3))))
