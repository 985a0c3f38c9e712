"""Where desks look for packages."""

from __future__ import annotations

from infra.egress import EgressRule
from infra.packages import packages
from infra.terminal import first_boot

MIRROR = EgressRule.model_validate({
    "name": "mirror", "addresses": ["203.0.113.16/29"],
    "apt": "https://a.mirror.example/ubuntu", "pip": "https://a.mirror.example/simple"})  # fmt: skip


def test_packages_are_looked_for_where_the_estate_says() -> None:
    """As cloud-init documents it: a list of archives, each with its architectures; updates of security too."""
    told = packages([MIRROR])
    for part in ("primary", "security"):
        assert told["apt"][part] == [{"arches": ["default"], "uri": "https://a.mirror.example/ubuntu"}]
    (pip,) = told["write_files"]
    assert (pip["path"], pip["permissions"], pip["owner"]) == ("/etc/pip.conf", "0644", "root:root")
    assert pip["content"] == "[global]\nindex-url = https://a.mirror.example/simple\n"


def test_an_estate_that_says_nothing_leaves_the_image_as_it_is() -> None:
    assert packages([]) == {}
    assert packages([MIRROR.model_copy(update={"apt": None, "pip": None})]) == {}


def test_it_is_the_same_at_every_run() -> None:
    assert first_boot(**packages([MIRROR])) == first_boot(**packages(iter([MIRROR])))
