"""Sizes that the region of an estate lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from formats.errors import InputError
from formats.stack_config import Region
from operations.estate import load
from operations.estate.region_sizes import LACKING, absence_of
from operations.estate.templates import names, service_template
from tests.operations.estates import TODAY, change, copy_with_ways_in, sample


def refusal(estate: Path) -> InputError:
    with pytest.raises(InputError) as refused:
        load(estate, today=TODAY)
    return refused.value


@pytest.mark.parametrize(
    ("size", "region", "is_lacking"),
    [
        ("Standard_NC24ads_A100_v4", "ukwest", True),
        ("Standard_NC24ads_A100_v4", "uksouth", False),
        ("Standard_NV36adms_A10_v5", "ukwest", True),
        ("Standard_DC2as_v5", "ukwest", True),
        ("Standard_D2as_v5", "ukwest", False),
        ("Standard_NC16ads_A200_v9", "ukwest", False),  # of no list: sde azure check asks Azure
        ("Standard_NC24ads_A100_v4", "elsewhere", False),
    ],
)
def test_a_region_lacks_a_series_with_all_its_sizes(size: str, region: str, is_lacking: bool) -> None:
    assert (absence_of(size, region) is not None) is is_lacking


@pytest.mark.parametrize("template", names())
def test_a_request_of_each_template_for_a_size_that_the_region_lacks_is_refused(template: str, tmp_path: Path) -> None:
    estate = sample(tmp_path)
    change(estate / "estate.yaml", lambda d: d.update(region="ukwest"))
    (estate / "requests/hcm-progression.yaml").unlink()
    request = service_template(template).example_request(TODAY)
    offered, lacking, listed = (
        ("Standard_DC4es_v5", "Standard_DC4ads_v5", "2023-12-18")
        if request["data_class"] == "identifiable"
        else ("Standard_D4s_v5", "Standard_NC4as_T4_v3", "2023-08-15")
    )
    request["desks"] = [
        {"name": name, "size": size, "data_disk_gib": 64} for name, size in (("main", offered), ("second", lacking))
    ]
    file = estate / f"requests/{request['project']}.yaml"
    file.write_text(yaml.safe_dump(request))
    refused = refusal(estate)
    assert (refused.file, refused.key, refused.found) == (str(file), "desks[1].size", lacking)
    assert refused.problem == f"Azure's price list of {listed} has no size of this series in ukwest."
    assert all(series in str(refused.allowed) for one in LACKING[Region.UKWEST] for series in one.series)
    assert f"az vm list-skus --location ukwest --size {lacking}" in str(refused.fix)


def test_a_staff_machine_of_a_size_that_the_region_lacks_is_refused(tmp_path: Path) -> None:
    estate = copy_with_ways_in(tmp_path / "estate")
    change(estate / "estate.yaml", lambda d: d.update(region="ukwest"))
    change(estate / "requests/hcm-progression.yaml", lambda d: d.update(template="bespoke-tabular"))
    change(estate / "requests/hcm-progression.yaml", lambda d: d["desks"][0].update(size="Standard_D4s_v5"))
    refused = refusal(estate)
    assert (refused.file, refused.key) == (str(estate / "estate.yaml"), "staff[0].size")
