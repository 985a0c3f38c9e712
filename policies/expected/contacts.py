"""The mail domains that alerts may be sent to.

Source: NHS England Digital, "Secure email" (DCB1596): nhs.net, and the organisations' own domains below nhs.uk.
"""

from __future__ import annotations

import re

MAIL_DOMAINS = ("nhs.net", "nhs.uk")
"""Each with its subdomains."""
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")


def is_permitted(address: object) -> bool:
    """True for one mail address in a permitted domain."""
    found = _ADDRESS.fullmatch(address.strip()) if isinstance(address, str) else None
    domain = found.group(1).lower() if found else ""
    return any(domain == one or domain.endswith(f".{one}") for one in MAIL_DOMAINS)
