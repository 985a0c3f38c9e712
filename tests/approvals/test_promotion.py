"""The evidence of a promotion: what the ledger of the test estate has signed, and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from approvals.canonical import canonical
from approvals.promotion import evidence_name, verify_evidence
from approvals.route import EstateForTests
from approvals.versions import Promotion
from formats.errors import Failed, InputError
from formats.signed_notes import WITNESS as WITNESS_TYPE
from operations.cli.promotions import ExportedLedger
from operations.ledger.entry import Result
from operations.ledger.ledger import Ledger
from operations.ledger.log import Log
from operations.ledger.witness import cosign, store_cosigned
from tests.approvals.site import NOW
from tests.approvals.tested import EVIDENCE, NEW_CATALOGUE, NEW_TEMPLATE, TESTED_IN, applied, evidence_of
from tests.operations.ledger.logs import KEY, OTHER, WHO, WITNESS, MemoryStorage, memory_ledger


def verified(content: bytes, tested_in: EstateForTests = TESTED_IN, name: str | None = None) -> Promotion:
    return verify_evidence(content, tested_in, NOW, file=name or evidence_name(content))


def test_evidence_proves_what_was_applied_and_judged() -> None:
    assert verified(EVIDENCE) == Promotion(NEW_TEMPLATE, NEW_CATALOGUE)


Edit = Callable[[dict[str, Any]], object]


def said(key: str, **other: Any) -> Edit:
    """Return an edit of one entry, with the path that it had."""

    def edit(found: dict[str, Any]) -> None:
        entry = json.loads(found[key]["entry"])
        found[key]["entry"] = json.dumps({**entry, **other}, sort_keys=True, separators=(",", ":"))

    return edit


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (said("intent", stacks=["tre-other"]), "the signed ledger does not have"),
        (said("result", result="succeeded", reason="x"), "the signed ledger does not have"),
        (lambda found: found["intent"].update(number=0), "the signed ledger does not have"),
        (lambda found: found["intent"].update(path=[]), "the signed ledger does not have"),
        (lambda found: found.update(result=found["intent"]), "no result"),
        (lambda found: found.update(intent=found["result"]), "no intent"),
        (lambda found: found.update(verdict=found["verdict"].replace("true", "false")), "verdict"),
        (lambda found: found.update(checkpoint=found["checkpoint"].replace("\n5\n", "\n6\n")), "checkpoint"),
        (lambda found: found.update(more="x"), "not known"),
    ],
)
def test_forged_evidence_is_refused(edit: Edit, problem: str) -> None:
    found = json.loads(EVIDENCE)
    edit(found)
    with pytest.raises(InputError, match=problem):
        verified(canonical(found) + b"\n")


def test_a_changed_byte_another_name_and_another_key_prove_nothing() -> None:
    rng = random.Random(31)  # noqa: S311 - the same in each run
    for _ in range(60):
        content = bytearray(EVIDENCE)
        content[rng.randrange(len(content) - 1)] ^= 1 << rng.randrange(8)
        with pytest.raises(InputError):
            verified(bytes(content))
    with pytest.raises(InputError, match="not named after its content"):
        verified(EVIDENCE, name="a.json")
    with pytest.raises(InputError, match="checkpoint"):
        verified(EVIDENCE, EstateForTests(ledger=str(OTHER.verifier())))
    forged = Ledger(Log(MemoryStorage(), OTHER.verifier(), OTHER), WHO)
    with pytest.raises(InputError, match="checkpoint"):
        verified(evidence_of(applied(forged), EstateForTests(ledger=str(OTHER.verifier()))))


@pytest.mark.parametrize("fields", [{"passed": False}, {"blocking": [{}]}, {"catalogue": None}])
def test_a_verdict_that_did_not_pass_promotes_nothing(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no verdict of this change that passed"):
        verified(evidence_of(applied(**fields)))


def test_a_change_that_failed_or_of_no_tenancy_is_not_offered() -> None:
    ledger = applied(applied(memory_ledger(), result=Result.FAILED), stack="platform")
    assert ExportedLedger(ledger.log.storage, TESTED_IN).applied == {}


def test_a_witness_must_have_signed_what_is_proved() -> None:
    tested_in = EstateForTests(ledger=str(KEY.verifier()), witness=str(WITNESS.verifier(WITNESS_TYPE)))
    with pytest.raises(InputError, match="the witness has not signed"):
        verified(EVIDENCE, tested_in)
    ledger = applied()
    with pytest.raises(Failed, match="has signed no checkpoint"):
        evidence_of(ledger, tested_in)
    storage = ledger.log.storage
    store_cosigned(storage, cosign(storage, KEY.verifier(), WITNESS, seen=None, time=1))
    ledger.record(*[one for _, one in ledger.entries()][:1])  # what the witness has not seen yet
    assert verified(evidence_of(ledger, tested_in), tested_in) == Promotion(NEW_TEMPLATE, NEW_CATALOGUE)


def test_evidence_from_the_future_is_refused() -> None:
    with pytest.raises(InputError, match="from the future"):
        verify_evidence(EVIDENCE, TESTED_IN, NOW - timedelta(days=2), file=evidence_name(EVIDENCE))


@pytest.mark.parametrize("key", ["", "x", "sde.test/ledger+00000000+AAAA", str(WITNESS.verifier(WITNESS_TYPE))])
def test_a_route_names_the_key_of_a_ledger(key: str) -> None:
    with pytest.raises(ValueError, match=r"ledger|at least 1"):
        EstateForTests(ledger=key)
