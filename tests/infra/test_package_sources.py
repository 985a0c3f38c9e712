"""The package settings of desks."""

from __future__ import annotations

from formats.egress import EgressRule
from infra.first_boot import first_boot
from infra.package_sources import package_settings

MIRROR = EgressRule.model_validate({
    "name": "mirror", "addresses": ["203.0.113.16/29"],
    "apt": "https://a.mirror.example/ubuntu", "pip": "https://a.mirror.example/simple"})  # fmt: skip


def test_archives_of_the_egress_rules_become_settings() -> None:
    """In cloud-init's format: a list of archives with their architectures, for security updates too."""
    settings = package_settings([MIRROR])
    for part in ("primary", "security"):
        assert settings["apt"][part] == [{"arches": ["default"], "uri": "https://a.mirror.example/ubuntu"}]
    (pip,) = settings["write_files"]
    assert (pip["path"], pip["permissions"], pip["owner"]) == ("/etc/pip.conf", "0644", "root:root")
    assert pip["content"] == "[global]\nindex-url = https://a.mirror.example/simple\n"


def test_without_archives_the_settings_are_empty() -> None:
    assert package_settings([]) == {}
    assert package_settings([MIRROR.model_copy(update={"apt": None, "pip": None})]) == {}


def test_the_data_is_the_same_in_every_run() -> None:
    assert first_boot(package_settings([MIRROR])) == first_boot(package_settings(iter([MIRROR])))
