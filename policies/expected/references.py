"""The resources outside the estate that its resources may refer to, by the form of their ARM id."""

from __future__ import annotations

import re

BUILT_IN = re.compile(
    r"(/subscriptions/(?P<subscription>[^/]+))?/providers/microsoft\.authorization/"
    r"(roledefinitions|policydefinitions|policysetdefinitions)/[^/]+"
)
"""Definitions of Microsoft. Rules list those that an assignment may name: IA1 the roles, GD2 the initiatives. Azure
gives a role definition in each subscription."""
SERVICES = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/providers/microsoft\.security/datascanners/storagedatascanner"
)
"""Services that Azure creates in a subscription: the malware scanner of Defender for Storage, which ST2 judges."""
FORMS = (BUILT_IN, SERVICES)
