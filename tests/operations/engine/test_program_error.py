"""An exception of a program as a message and places."""

from __future__ import annotations

import pulumi
import pytest

from formats.errors import Failed, InputError, Refused
from operations.engine.program_error import causes, described, explained


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """The exception after it was raised from here."""
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def test_a_cause_that_is_the_exception_itself_is_met_once() -> None:
    error = KeyError("gone")
    assert list(causes(raised(error, error))) == [error]


def test_causes_that_lead_back_are_met_once() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert list(causes(one)) == [one, other]


def test_the_first_cause_is_described_with_its_place() -> None:
    found = described(raised(RuntimeError("outer"), raised(LookupError("no room"))))
    assert found.message == "LookupError: no room"
    assert [place.split(":")[0] for place in found.places] == [__file__]


@pytest.mark.parametrize("words", [InputError("x"), Failed("x"), Refused("x")])
def test_what_a_program_says_in_words_is_told_as_it_is(words: Exception) -> None:
    assert explained(raised(RuntimeError("outer"), words)) is words


def test_a_run_error_is_told_without_places() -> None:
    error = explained(raised(pulumi.RunError("set the key")))
    assert isinstance(error, Failed) and str(error) == "set the key"


def test_an_early_exit_is_a_failure() -> None:
    assert "SystemExit: 3" in str(explained(raised(SystemExit(3))))
