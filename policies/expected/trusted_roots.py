"""The root certificate authorities that computers trust besides Ubuntu's, as cloud-init settings.

Source: cloud-init's module reference, "CA Certificates", "Write Files"; learn.microsoft.com, "Work behind a proxy".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from formats.stack_config import PlatformConfig, StackConfig, TenancyConfig

SETTING, LIST = "ca_certs", "trusted"
ENVIRONMENT_FILE = {
    "path": "/etc/environment",
    "content": "REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt\n",
    "append": True,
}
"""The entry of `write_files` by which Azure's command line and pip trust what Ubuntu trusts."""


def trusted(settings: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the certificates that cloud-init's settings add; none if they are in another form."""
    found = settings.get(SETTING)
    added = found.get(LIST) if isinstance(found, Mapping) and found.keys() <= {LIST} else None
    return tuple(added) if isinstance(added, list) else ()


def roots_of(config: StackConfig) -> tuple[str, ...]:
    """Return the certificates that the estate names for the computers of a stack."""
    if isinstance(config, TenancyConfig):
        return config.root_certificates
    restrictions = config.tenant_restrictions if isinstance(config, PlatformConfig) else None
    return restrictions.root_certificates if restrictions else ()
