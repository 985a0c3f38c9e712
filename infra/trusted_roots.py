"""The root certificate authorities that a computer trusts besides Ubuntu's, as cloud-init settings.

The firewall decrypts sign-ins in an estate with tenant restrictions. Azure's command line and pip trust a bundle of
their own, unless a variable names another one.

Sources: cloud-init's module reference, "CA Certificates", "Write Files" (`append`); pam_env(8) (sessions get the
variables in /etc/environment); learn.microsoft.com, "Work behind a proxy" (REQUESTS_CA_BUNDLE).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

ENVIRONMENT_PATH = "/etc/environment"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
"""Ubuntu's bundle, which `update-ca-certificates` writes."""


def root_settings(certificates: Sequence[str]) -> dict[str, Any]:
    """Return the settings by cloud-init's keys; empty for no certificates."""
    if not certificates:
        return {}
    variable = {"path": ENVIRONMENT_PATH, "content": f"REQUESTS_CA_BUNDLE={BUNDLE}\n", "append": True}
    return {"ca_certs": {"trusted": list(certificates)}, "write_files": [variable]}
