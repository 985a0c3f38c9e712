"""Every format has the same verdicts, is well formed, and escapes names."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import jsonschema
import pytest

from operations.reports.report_formats import FORMATS, as_json, written
from operations.reports.sarif import LEVELS, SCORES, STANDARDS
from operations.reports.table import summary, table
from policies.controls import standards
from policies.model import Severity, Verdict
from tests.operations.reports.samples import passing, report

SCHEMA = Path(__file__).parent / "sarif-schema-2.1.0.json.gz"
SHA256 = "c3b4bb2d6093897483348925aaa73af03b3e3f4bd4ca38cef26dcb4212a2682e"


def sarif() -> Any:
    return json.loads(written(report(), "sarif"))


@pytest.fixture(scope="module")
def schema() -> Any:
    text = gzip.decompress(SCHEMA.read_bytes())
    assert hashlib.sha256(text).hexdigest() == SHA256
    return json.loads(text)


def shown() -> str:
    return "".join(f"{line.plain}\n" for line in table(report()))


def test_sarif_is_valid_against_its_schema(schema: Any) -> None:
    for each in (report(), passing()):
        jsonschema.Draft4Validator(schema).validate(json.loads(written(each, "sarif")))


def test_sarif_has_a_result_for_each_finding_to_review() -> None:
    results = sarif()["runs"][0]["results"]
    assert [r["properties"]["verdict"] for r in results] == ["fail", "unknown", "exempt"]
    assert [(r["kind"], r["level"]) for r in results] == [("fail", "error"), ("open", "none"), ("fail", "error")]
    assert results[1]["message"]["text"].startswith("Unknown before the deployment")


def test_sarif_of_a_stack_locates_results_by_resource_alone() -> None:
    assert {tuple(r["locations"][0]) for r in sarif()["runs"][0]["results"]} == {("logicalLocations",)}


@pytest.mark.parametrize(
    ("file", "uri"), [("out/my plan.json", "out/my%20plan.json"), ("/x/a.json", "file:///x/a.json")]
)
def test_sarif_of_a_file_locates_results_in_that_file(file: str, uri: str, schema: Any) -> None:
    from_file = replace(report(), files=dict.fromkeys(report().stacks, file))
    content = json.loads(written(from_file, "sarif"))
    jsonschema.Draft4Validator(schema).validate(content)
    places = [r["locations"][0]["physicalLocation"] for r in content["runs"][0]["results"]]
    assert places == [{"artifactLocation": {"uri": uri}}] * 3


def test_sarif_suppresses_exempt_findings_only() -> None:
    results = sarif()["runs"][0]["results"]
    assert [bool(r["suppressions"]) for r in results] == [False, False, True]
    (suppression,) = results[2]["suppressions"]
    assert suppression["kind"] == "external"
    assert "until" in suppression["justification"]
    assert "every upload is scanned" in suppression["justification"]
    assert suppression["properties"]["approver"] == "Mary Seacole"
    assert suppression["properties"]["expires"] == "2026-05-01"


def test_sarif_results_refer_to_rules_with_controls() -> None:
    run = sarif()["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert "SATRE 2.2.09" in rules[0]["properties"]["tags"]
    assert "Five Safes settings" in rules[0]["properties"]["tags"]
    assert tuple(STANDARDS) == tuple(standards())
    assert set(LEVELS) == set(SCORES) == set(Severity)


def test_sarif_fingerprints_are_unique_and_stable() -> None:
    prints = [r["partialFingerprints"]["sdeFinding/v1"] for r in sarif()["runs"][0]["results"]]
    assert len(set(prints)) == 3
    assert prints == [r["partialFingerprints"]["sdeFinding/v1"] for r in sarif()["runs"][0]["results"]]


def test_sarif_has_the_warnings_and_the_plans() -> None:
    run = sarif()["runs"][0]
    (note,) = run["invocations"][0]["toolConfigurationNotifications"]
    assert "past is ignored" in note["message"]["text"]
    assert run["properties"]["plans"] == {"tre-heart": "sha256:abc"}


def test_junit_counts_match_its_cases() -> None:
    root = fromstring(written(report(), "junit"))  # noqa: S314 - our own
    assert {k: root.get(k) for k in ("tests", "failures", "errors", "skipped")} == {
        "tests": "8",
        "failures": "1",
        "errors": "1",
        "skipped": "5",
    }
    assert len(root.findall(".//testcase/failure")) == 1
    assert len(root.findall(".//testcase/error")) == 1
    assert len(root.findall(".//testcase")) == 8
    assert "past is ignored" in (root.findtext(".//system-err") or "")
    assert "fix: Set public to false." in (root.findtext(".//failure") or "")


def test_json_has_every_finding() -> None:
    content = json.loads(written(report(), "json"))
    assert content == json.loads(json.dumps(as_json(report())))
    assert content["verdict"] == "refused"
    assert [f["verdict"] for f in content["findings"]][:4] == ["pass", "fail", "unknown", "exempt"]
    assert content["counts"] == {"pass": 1, "fail": 1, "unknown": 1, "exempt": 1, "not-applicable": 4}
    assert content["exemptions"][0]["id"] == "intake"
    assert content["policies"][0]["controls"]["satre"] == ["2.2.09"]


def test_the_table_lists_blocking_findings_with_fixes() -> None:
    text = shown()
    assert "XX1 Stores are private  high" in text
    assert "? tre-heart hidden (StorageAccount) public" in text
    assert "fix: Set public to false." in text
    assert "exempt until 2026-05-01 (intake; Ada <b>Lovelace, approved by Mary Seacole)" in text
    assert "exemption past is ignored" in text
    assert "good" not in text
    assert "policies: 1 check passes, 1 fail, 1 unknown, 1 exempt" in text


def test_the_summary_of_passes_is_one_line() -> None:
    assert summary(passing()) == "policies: 1 check passes"


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_escapes_names(form: str) -> None:
    text = written(report(), form)
    assert "\x1b" not in text
    assert "\x00" not in text
    if form in ("html", "junit"):
        assert "<script" not in text
    if form == "markdown":
        assert "\\<script\\>" in text
        assert all(line.count("|") - line.count("\\|") in (0, 5, 9, 3) for line in text.splitlines())


def test_the_table_has_no_control_characters() -> None:
    assert "\x1b" not in shown()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page() -> _Reader:
    reader = _Reader()
    reader.feed(written(report(), "html"))
    return reader


def test_the_page_is_well_formed_and_self_contained() -> None:
    reader = page()
    assert reader.open == []
    assert not [tag for tag, _ in reader.tags if tag in ("script", "link", "img", "iframe")]
    links = [a.get("href") or "" for tag, a in reader.tags if tag == "a"]
    assert links
    assert all(link.startswith("#") for link in links)


def test_the_page_is_accessible_to_screen_readers() -> None:
    reader = page()
    assert ("html", {"lang": "en-GB"}) in reader.tags
    assert all("scope" in attributes for tag, attributes in reader.tags if tag == "th")
    ids = {a["id"] for _, a in reader.tags if a.get("id")}
    targets = {(a.get("href") or "#")[1:] for tag, a in reader.tags if tag == "a"}
    labels = {a["aria-labelledby"] for _, a in reader.tags if a.get("aria-labelledby")}
    assert targets | labels <= ids


def test_the_page_has_verdict_plans_exemptions_and_gaps() -> None:
    text = written(report(), "html")
    for said in ("Refused.", "sha256:abc", "Mary Seacole", "past is ignored", "need the whole estate", "2.2.09"):
        assert said in text


def test_a_control_has_the_worst_verdict_of_its_policies() -> None:
    text = written(report(), "markdown")
    (line,) = [line for line in text.splitlines() if line.startswith("| **2.2.09**")]
    assert "| does not hold (1 of 2 policies judged nothing) | XX1 Stores are private | 4 | 1 | 1 | 1 | 1 |" in line
    assert "| holds | XX1" in written(passing(), "markdown")


def test_every_verdict_has_a_text() -> None:
    from operations.reports.matrix import OUTCOMES

    assert set(OUTCOMES) == set(Verdict)
