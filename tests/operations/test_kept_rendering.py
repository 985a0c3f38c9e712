"""Rendered tenancies are kept by what they follow from, and are the same as new ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from operations.estate import Rendered, load, render, rendering
from operations.result_cache import FileCache
from tests.operations.estates import TODAY, add_request, change, sample

ALL = {"tre-hcm-progression", "tre-second"}


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    folder = sample(tmp_path)
    add_request(folder, "second")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> FileCache:
    return FileCache(tmp_path / "cache")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stacks that templates were rendered for."""
    stacks: list[str] = []
    from_template = rendering._from_template

    def recorded(estate: Any, stack: str, *arguments: Any) -> Any:
        stacks.append(stack)
        return from_template(estate, stack, *arguments)

    monkeypatch.setattr(rendering, "_from_template", recorded)
    return stacks


def rendered(estate: Path, store: FileCache | None = None) -> tuple[Rendered, ...]:
    return render(load(estate, today=TODAY), store)


def no_change(_: Path) -> None:
    pass


def other_request(estate: Path) -> None:
    change(estate / "requests/second.yaml", lambda content: content.update(title="Another title"))


def other_estate(estate: Path) -> None:
    change(estate / "estate.yaml", lambda content: content.update(cost_centre="SDE-0002"))


@pytest.mark.parametrize(
    ("edit", "again"),
    [(no_change, set()), (other_request, {"tre-second"}), (other_estate, ALL)],
    ids=["no change", "a request", "the estate"],
)
def test_only_what_changed_is_rendered_again(
    estate: Path, store: FileCache, made: list[str], edit: Callable[[Path], None], again: set[str]
) -> None:
    rendered(estate, store)
    assert set(made) >= ALL
    edit(estate)
    made.clear()
    found = rendered(estate, store)
    assert set(made) & ALL == again
    assert found == rendered(estate)


def test_kept_settings_that_the_estate_does_not_state_are_rendered_again(
    estate: Path, store: FileCache, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered(estate, store)
    read, group = FileCache.get, "5bbb7694-f292-5ef8-995d-000000000009"

    def changed(self: FileCache, key: str) -> Any:
        found = read(self, key)
        for stack in found.values():
            stack["settings"]["sde:researchers"] = group
        return found

    monkeypatch.setattr(FileCache, "get", changed)
    made.clear()
    assert rendered(estate, store) == rendered(estate)
    assert set(made) >= ALL


@pytest.mark.parametrize("entry", [None, [], {"key": {"text": 1, "settings": {}}}], ids=["none", "a list", "a number"])
def test_an_entry_of_another_form_is_not_used(
    estate: Path, store: FileCache, monkeypatch: pytest.MonkeyPatch, entry: Any
) -> None:
    rendered(estate, store)
    monkeypatch.setattr(FileCache, "get", lambda *_: entry)
    assert rendered(estate, store) == rendered(estate)
