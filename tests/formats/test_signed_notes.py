"""Signed notes, checkpoints and cosignatures, byte for byte as in the specifications."""

from __future__ import annotations

import base64

import pytest

from formats.errors import InputError
from formats.signed_notes import WITNESS as OF_WITNESS
from formats.signed_notes import Checkpoint, Note, NotValid, VerifierKey, read_checkpoint
from tests.operations.ledger.logs import KEY, ORIGIN, OTHER, WITNESS

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The key and the note of the Go package's own documentation (golang.org/x/mod/sumdb/note)."""
SAID = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
CHECKPOINT = Checkpoint(ORIGIN, 20852163, ROOT)


def test_the_note_of_another_implementation_verifies() -> None:
    key = VerifierKey.parse(PETER, where="--key")
    assert str(key) == PETER
    assert Note.parse(SAID.encode()).signed_by(key)
    assert not Note.parse(SAID.replace("answer", "question").encode()).signed_by(key)


def test_a_checkpoint_has_the_form_of_the_specification() -> None:
    note = KEY.sign(CHECKPOINT.text)
    assert note.split("\n\n")[0] == f"{ORIGIN}\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
    assert note.split("\n\n")[1].startswith(f"\u2014 {ORIGIN} ")
    assert read_checkpoint(note.encode(), KEY.verifier()) == CHECKPOINT


def test_a_cosignature_has_its_time_and_its_own_key_id() -> None:
    note = WITNESS.cosign(KEY.sign(CHECKPOINT.text), 1679315147)
    cosigner = WITNESS.verifier(OF_WITNESS)
    assert Note.parse(note.encode()).cosigned_by(cosigner) == 1679315147
    assert read_checkpoint(note.encode(), KEY.verifier()) == CHECKPOINT
    signature = Note.parse(note.encode()).signatures[1][2]
    message = f"cosignature/v1\ntime 1679315147\n{CHECKPOINT.text}".encode()
    assert signature[:8] == (1679315147).to_bytes(8)
    WITNESS.private.public_key().verify(signature[8:], message)
    assert Note.parse(note.encode()).cosigned_by(WITNESS.verifier()) is None


@pytest.mark.parametrize("change", [
    lambda n: n.replace("20852163", "20852164"),
    lambda n: n.replace("20852163", "020852163"),
    lambda n: n.replace(ORIGIN, "sde.other/ledger"),
    lambda n: n.replace("\u2014", "-"),
    lambda n: n.removesuffix("\n"),
    lambda n: n.replace("\n\n", "\n"),
    lambda n: n.replace("\n\n", "\nmore\n\n"),
    lambda n: n + "\n",
    lambda n: n.replace("=", "", 1),
    lambda n: n.replace("\n", "\r\n"),
    lambda n: OTHER.sign(CHECKPOINT.text),
    lambda n: "",
])  # fmt: skip
def test_any_other_text_is_no_checkpoint_of_the_log(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotValid):
        read_checkpoint(change(KEY.sign(CHECKPOINT.text)).encode(), KEY.verifier())


def test_a_note_with_a_wrong_signature_of_its_key_is_not_signed() -> None:
    right = KEY.sign(CHECKPOINT.text)
    wrong = KEY.sign(Checkpoint(ORIGIN, 1, ROOT).text).split("\n\n")[1]
    assert not Note.parse((right + wrong).encode()).signed_by(KEY.verifier())


@pytest.mark.parametrize("text", ["", "a+b+c", PETER + "A", PETER.replace("c74f20a3", "c74f20a4"), "a b" + PETER])
def test_other_texts_are_no_keys(text: str) -> None:
    with pytest.raises(InputError, match="not a verifier key"):
        VerifierKey.parse(text, where="--key")
