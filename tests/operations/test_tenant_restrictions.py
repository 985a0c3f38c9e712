"""Tenant restrictions in the estate's files: what is refused, and what the stacks' configuration gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from formats.errors import InputError
from formats.stack_config import PlatformConfig, TenancyConfig
from operations.estate import load, render
from tests.certificates import AUTHORITY, certificate, private_key, restrictions
from tests.operations.estates import TODAY, change, sample

ROOTS, URL = "tenant_restrictions.root_certificates", "tenant_restrictions.certificate_authority"
Edit = Callable[[Any], object]


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    return sample(tmp_path)


def restrict(**more: Any) -> Edit:
    return lambda data: data.update(tenant_restrictions=restrictions(**more))


def roots(*certificates: object) -> Edit:
    return restrict(root_certificates=list(certificates))


FAULTS: list[tuple[str, Edit, str]] = [
    ("no root", roots(), ROOTS),
    ("text", roots("Root of the organisation"), f"{ROOTS}[0]"),
    ("no text", roots(7), f"{ROOTS}[0]"),
    ("base64 of something else", roots(certificate().replace("MII", "MIA", 1)), f"{ROOTS}[0]"),
    ("two certificates in one", roots(certificate() + certificate("Next")), f"{ROOTS}[0]"),
    ("text around it", roots("subject: Root\n" + certificate()), f"{ROOTS}[0]"),
    ("of a server", roots(certificate("Server", ca=False)), f"{ROOTS}[0]"),
    ("without extensions", roots(certificate("Plain", extended=False)), f"{ROOTS}[0]"),
    ("that signs no certificates", roots(certificate("Mail", signs=False)), f"{ROOTS}[0]"),
    ("of an intermediate", roots(certificate("Intermediate", issuer="Root")), f"{ROOTS}[0]"),
    ("twice", roots(certificate(), certificate()), f"{ROOTS}[1]"),
    ("four", roots(*(certificate(name) for name in "ABCD")), ROOTS),
    ("no version", restrict(certificate_authority=AUTHORITY.rpartition("/")[0]), URL),
    ("a certificate's own URL", restrict(certificate_authority=AUTHORITY.replace("secrets", "certificates")), URL),
    ("another host", restrict(certificate_authority=AUTHORITY.replace("azure.net", "azure.net.example")), URL),
    ("a query", restrict(certificate_authority=f"{AUTHORITY}?x=1"), URL),
    ("plain http", restrict(certificate_authority=AUTHORITY.replace("https", "http")), URL),
    ("another key", restrict(password="x"), "tenant_restrictions.password"),
]


@pytest.mark.parametrize(("edit", "key"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_a_fault_is_named_with_its_key(estate: Path, edit: Edit, key: str) -> None:
    change(estate / "estate.yaml", edit)
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    assert (caught.value.key, caught.value.file) == (key, str(estate / "estate.yaml"))
    assert caught.value.allowed or caught.value.fix


@pytest.mark.parametrize("edit", [
    roots(private_key()), roots(certificate() + private_key()), restrict(root_certificates=private_key()),
    restrict(key=private_key()), lambda d: d.update(tenant_restrictions=private_key()),
    restrict(certificate_authority=private_key()),
], ids=["alone", "below", "no list", "another key", "no map", "as URL"])  # fmt: skip
def test_a_private_key_is_refused_and_never_shown(estate: Path, edit: Edit) -> None:
    change(estate / "estate.yaml", edit)
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    assert "private key" in caught.value.problem
    shown = str(caught.value) + str(vars(caught.value))
    assert not any(line in shown for line in private_key().splitlines()[1:-1])


def test_a_pfx_in_the_place_of_the_url_is_never_shown(estate: Path) -> None:
    change(estate / "estate.yaml", restrict(certificate_authority="MIIKcQIBAzCCCi0GCSqGSIb3" * 40))
    with pytest.raises(InputError) as caught:
        load(estate, today=TODAY)
    assert "MIIK" not in str(vars(caught.value))


def test_a_weak_root_is_refused(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("operations.estate.root_certificates.MIN_CURVE_BITS", 384)
    change(estate / "estate.yaml", restrict())
    with pytest.raises(InputError, match="too weak"):
        load(estate, today=TODAY)


def test_an_estate_in_azure_states_the_tenant(estate: Path) -> None:
    def to_azure(data: Any) -> None:
        data["cloud"] = "azure"
        data.pop("tenant", None)
        restrict()(data)

    change(estate / "estate.yaml", to_azure)
    with pytest.raises(InputError, match="no tenant"):
        load(estate, today=TODAY)


def configs(estate: Path) -> tuple[PlatformConfig, TenancyConfig]:
    found = {one.name: one.config for one in render(load(estate, today=TODAY))}
    platform, tenancy = found["platform"], found["tre-hcm-progression"]
    assert isinstance(platform, PlatformConfig)
    assert isinstance(tenancy, TenancyConfig)
    return platform, tenancy


def test_no_stack_has_restrictions_by_default(estate: Path) -> None:
    platform, tenancy = configs(estate)
    assert (platform.tenant_restrictions, tenancy.root_certificates) == (None, ())


def test_the_hub_gets_the_restrictions_and_a_tenancy_the_roots(estate: Path) -> None:
    change(estate / "estate.yaml", roots("  " + certificate().replace("\n", "  \r\n"), certificate("Next")))
    platform, tenancy = configs(estate)
    assert platform.tenant_restrictions
    assert platform.tenant_restrictions.authority_name == "firewall-ca"
    expected = (certificate(), certificate("Next"))
    assert platform.tenant_restrictions.root_certificates == tenancy.root_certificates == expected


def test_the_end_of_a_root_is_one_of_its_stacks(estate: Path) -> None:
    change(estate / "estate.yaml", roots(certificate(), certificate("Old", days=20)))
    loaded = load(estate, today=TODAY)
    for stack in ("platform", "tre-hcm-progression"):
        (end,) = (one for one in loaded.expiries(stack) if one.key == ROOTS)
        assert end.day == TODAY + timedelta(days=20)
        assert end.is_urgent
    assert all(one.key != ROOTS for one in loaded.expiries("safe-haven"))
