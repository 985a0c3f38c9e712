"""The explanations of Azure's error codes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from operations.cli import busy_azure, preconditions
from operations.cli.explain import FILE, explanations
from operations.cli.hints import with_hints
from operations.settings import ROOT
from tests.local_azure.test_evidence import anchor
from tests.operations.cli.fakes import CliRunner

CODES = {"code", "taken_code", "reserved_code"}
"""The parameters and fields of the local Azure that hold a code."""
CODE = re.compile(r"[A-Z]+[a-z]\w*[A-Z]\w*|[A-Z][a-z]+|400|invalid_request")


def test_every_code_that_the_local_azure_refuses_with_is_explained() -> None:
    found = set(local_codes())
    assert {"ScopeLocked", "AnotherOperationInProgress", "InUseVnetCannotBeDeleted", "PropertyChangeNotAllowed"} < found
    assert len(found) > 270
    assert found - set(explanations()) == set()
    assert {*busy_azure.CODES, *preconditions.CODES} <= set(explanations())


def test_each_code_is_explained_once_from_a_source_that_is_there() -> None:
    listed = [code for entry in yaml.safe_load(FILE.read_text()) for code in entry["codes"]]
    assert sorted(listed) == sorted(explanations())
    for entry in set(explanations().values()):
        page, _, anchor = entry.source.partition("#")
        if page.startswith("learn.microsoft.com, "):
            continue
        assert anchor in anchors(ROOT / page), entry.source


def test_an_explanation_says_what_to_do_in_any_case_of_the_code(sde: CliRunner) -> None:
    assert sde("explain", "scopelocked") == 0
    assert "ScopeLocked" in sde.out
    assert "az lock list" in sde.out
    assert sde("explain", "SecurityRule") == 2
    assert "SecurityRuleConflict" in sde.err


@pytest.mark.parametrize(
    ("message", "fix"),
    [
        ("a: Code=SubnetIsFull Message=…\nb: Code=RouteConflict Message=…",
         "\n  fix:     scripts/sde explain SubnetIsFull, scripts/sde explain RouteConflict"),
        ('a: Status=400 Code="SubnetIsFull" Message="…"', "\n  fix:     scripts/sde explain SubnetIsFull"),
        ("a: Code=NobodyKnows Message=…", ""),
        ("a: Code=SubnetIsFull Message=…\n  fix:     something better", ""),
    ],
)  # fmt: skip
def test_an_error_with_a_code_names_its_explanation_where_nothing_better_is_known(message: str, fix: str) -> None:
    assert with_hints(message) == message + fix


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return set(map(anchor, headings))


def local_codes() -> Iterator[str]:
    """Every code in the source of the local Azure: what is passed for one, or is the default of one, or is in a
    table of codes of fixed properties."""
    trees = [ast.parse(file.read_text()) for file in sorted((ROOT / "local_azure").rglob("*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    constants = {name: value for node in nodes if isinstance(node, ast.Assign) for name, value in assigned(node)}
    places: dict[str, list[list[str]]] = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            places.setdefault(node.name, []).append(parameters(node))
        elif isinstance(node, ast.ClassDef):
            places.setdefault(node.name, []).append(fields(node))
    for node in nodes:
        for value in code_values(node, places):
            text = constants.get(value.id) if isinstance(value, ast.Name) else getattr(value, "value", None)
            if isinstance(text, str) and CODE.fullmatch(text):
                yield text


def assigned(node: ast.Assign) -> Iterator[tuple[str, object]]:
    target, value = node.targets[0], node.value
    pairs = zip(target.elts, value.elts, strict=False) if isinstance(target, ast.Tuple) and isinstance(
        value, ast.Tuple) else [(target, value)]  # fmt: skip
    yield from ((one.id, given.value) for one, given in pairs
                if isinstance(one, ast.Name) and isinstance(given, ast.Constant))  # fmt: skip


def parameters(node: ast.FunctionDef) -> list[str]:
    return [one.arg for one in node.args.args if one.arg not in ("self", "cls")]


def fields(node: ast.ClassDef) -> list[str]:
    made = next((one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
    if made:
        return parameters(made)
    return [one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]


def code_values(node: ast.AST, places: dict[str, list[list[str]]]) -> Iterator[ast.expr]:
    if isinstance(node, ast.FunctionDef):
        with_default = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
        only = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        yield from (value for one, value in (*with_default, *only) if one.arg in CODES and value is not None)
    elif (
        isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id in CODES and node.value
    ):
        yield node.value
    elif isinstance(node, ast.Call):
        yield from called_with(node, places)


def called_with(node: ast.Call, places: dict[str, list[list[str]]]) -> Iterator[ast.expr]:
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    for keyword in node.keywords:
        if keyword.arg in CODES:
            yield from branches(keyword.value)
        elif keyword.arg == "immutable":  # a table of properties with the code of each
            yield from (one for one in ast.walk(keyword.value) if isinstance(one, ast.Constant | ast.Name))
    for names in places.get(name, ()):
        for parameter, value in zip(names, node.args, strict=False):
            if parameter in CODES:
                yield from branches(value)


def branches(value: ast.expr) -> Iterator[ast.expr]:
    yield from (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
