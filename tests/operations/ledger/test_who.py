"""Who runs a command, and in which pipeline."""

from __future__ import annotations

import base64
import json

import pytest

from operations.ledger.who import pipeline, who

OID, TENANT, APP = (f"{letter * 8}-0000-4000-8000-000000000000" for letter in "abc")


def token(**claims: object) -> str:
    return f"x.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.y"


def test_an_entra_token_names_the_object_id() -> None:
    found = who(lambda: token(oid=OID, tid=TENANT, upn="ann@example.nhs.uk", idtyp="user", appid=APP))
    assert (found.kind, found.id, found.tenant, found.application) == ("entra-object-id", OID, TENANT, None)
    found = who(lambda: token(oid=OID, tid=TENANT, idtyp="app", appid=APP))
    assert found.application == APP
    assert "ann" not in found.model_dump_json()


@pytest.mark.parametrize("broken", ["", "x", "x.y.z", token(oid=7), "x.W10.y"])
def test_without_a_readable_token_it_is_the_user_of_the_system(broken: str) -> None:
    found = who(lambda: broken)
    assert found.kind == "operating-system-user"
    assert found.id
    assert found.host


def test_without_a_credential_it_is_the_user_of_the_system() -> None:
    def fails() -> str:
        raise RuntimeError("no credential")

    assert who(fails).kind == who().kind == "operating-system-user"


GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "42", "GITHUB_SERVER_URL": "https://github.com",
          "GITHUB_REPOSITORY": "o/r", "GITHUB_ACTOR": "ann"}  # fmt: skip
DEVOPS = {"TF_BUILD": "True", "BUILD_BUILDID": "7", "SYSTEM_COLLECTIONURI": "https://dev.azure.com/o/",
          "SYSTEM_TEAMPROJECT": "p"}  # fmt: skip
GITLAB = {"GITLAB_CI": "true", "CI_PIPELINE_ID": "9", "CI_JOB_URL": "https://gitlab.com/o/r/-/jobs/1"}


@pytest.mark.parametrize(("environ", "system", "run", "url"), [
    (GITHUB, "github-actions", "42/attempts/1", "https://github.com/o/r/actions/runs/42/attempts/1"),
    (DEVOPS, "azure-devops", "7", "https://dev.azure.com/o/p/_build/results?buildId=7"),
    (GITLAB, "gitlab", "9", "https://gitlab.com/o/r/-/jobs/1"),
])  # fmt: skip
def test_pipelines_are_known_by_their_variables(environ: dict[str, str], system: str, run: str, url: str) -> None:
    found = pipeline(environ)
    assert found
    assert (found.system, found.run, found.url) == (system, run, url)


def test_outside_a_pipeline_there_is_none() -> None:
    assert pipeline({"GITHUB_RUN_ID": "42", "CI": "true"}) is None


def test_hostile_variables_are_one_short_line() -> None:
    found = pipeline({**GITHUB, "GITHUB_ACTOR": "\x1b[31m\n" + "x" * 10**6})
    assert found
    assert found.actor
    assert len(found.actor) == 200
    assert found.actor.isprintable()
