"""Who runs a command, and in which pipeline: as the access token or the environment says, named as such."""

from __future__ import annotations

import base64
import getpass
import json
import os
import socket
from collections.abc import Callable, Mapping
from typing import Any

from operations.ledger.entry import Pipeline, Who

_LONGEST = 200
Token = Callable[[], str]
"""Return an access token of Azure Resource Manager."""


def who(token: Token | None = None) -> Who:
    """Return who runs the command.

    That is the Entra object id of the access token for Azure, if there is one: the claim `oid`, which is the same in
    every application (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference). The token
    comes from Entra itself and is not verified here. Otherwise it is the user of the operating system. Names and
    addresses in the token are not read: they change, and are not unique.
    """
    claims = _claims(token) if token else {}
    if isinstance(oid := claims.get("oid"), str):
        application = claims.get("appid") if claims.get("idtyp") == "app" else None
        return Who(kind="entra-object-id", id=word(oid), tenant=_word_or_none(claims.get("tid")),
                   application=_word_or_none(application))  # fmt: skip
    return Who(kind="operating-system-user", id=word(_user()), host=word(socket.gethostname()))


def pipeline(environ: Mapping[str, str]) -> Pipeline | None:
    """Return the run of GitHub Actions, Azure DevOps or GitLab in which the command runs; None outside of these.

    The variables are those that each sets itself. Whoever starts the command can set them too.
    """
    get = environ.get
    if get("GITHUB_ACTIONS") == "true" and get("GITHUB_RUN_ID"):
        run = f"{get('GITHUB_RUN_ID')}/attempts/{get('GITHUB_RUN_ATTEMPT', '1')}"
        url = f"{get('GITHUB_SERVER_URL', '')}/{get('GITHUB_REPOSITORY', '')}/actions/runs/{run}"
        return Pipeline(system="github-actions", run=word(run), url=word(url), actor=_word_or_none(get("GITHUB_ACTOR")))
    if get("TF_BUILD") == "True" and get("BUILD_BUILDID"):
        project = f"{get('SYSTEM_COLLECTIONURI', '')}{get('SYSTEM_TEAMPROJECT', '')}"
        url = f"{project}/_build/results?buildId={get('BUILD_BUILDID')}"
        return Pipeline(system="azure-devops", run=word(str(get("BUILD_BUILDID"))), url=word(url),
                        actor=_word_or_none(get("BUILD_REQUESTEDFORID")))  # fmt: skip
    if get("GITLAB_CI") == "true" and get("CI_PIPELINE_ID"):
        return Pipeline(system="gitlab", run=word(str(get("CI_PIPELINE_ID"))), url=_word_or_none(get("CI_JOB_URL")),
                        actor=_word_or_none(get("GITLAB_USER_LOGIN")))  # fmt: skip
    return None


def word(text: str) -> str:
    """Return a text on one printable line, because anybody can set an environment variable."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:_LONGEST])


def _word_or_none(value: object) -> str | None:
    return word(value) if isinstance(value, str) and value else None


def _claims(token: Token) -> Mapping[str, Any]:
    """Return the claims of a token; none if there is no token, or if it cannot be read."""
    try:
        body = token().split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except Exception:  # whatever a chain of credentials raises: then the user of the operating system is named
        return {}
    return found if isinstance(found, dict) else {}


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return str(os.getuid())
