"""Settings of property-based tests on any machine: how long an example takes says nothing about the code."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

if not os.environ.get("CI"):  # there Hypothesis loads its own profile, which has these settings too
    settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any-machine")
