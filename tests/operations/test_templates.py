"""The service templates, and what their front matter may not say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from approvals.request_files import json_of
from formats.addresses import TenancyKind
from formats.errors import InputError
from formats.yaml_reader import read_mapping
from operations.estate import load, render
from operations.estate.allocations import Allocations, Allocator
from operations.estate.request_document import document
from operations.estate.request_model import RequestFile
from operations.estate.templates import TEMPLATES, ServiceTemplate, names, parts, service_template
from operations.settings import ROOT
from tests.operations.estates import TODAY, add_shared_tenancy, change, sample

Edit = Callable[[dict[str, Any]], object]
FILE = (TEMPLATES / "services/synthetic.yaml.j2").read_text()
ORCHESTRATOR = "e2482e0e-4afc-5380-b5c0-23390fdee87e"
NOT_ALLOWED = {
    "bespoke-tabular": "Standard_NC24ads_A100_v4", "bespoke-imaging": "Standard_D4s_v5",
    "bespoke-confidential": "Standard_D4s_v5", "synthetic": "Standard_D64s_v5",
    "shared": "Standard_NC24ads_A100_v4",
}  # fmt: skip
"""A size that each template does not allow."""
ROLES = ("researchers", "stewards", "checkers")
APPROVAL = {
    "owner": "f46d0e82-360a-50ca-9f92-a60d3f71f8eb",
    "approver": "a901f6e6-2c6f-54fb-bfee-6b0112cd08fb",
    "purpose": "Results go to the team",
    "expires": TODAY + timedelta(days=300),
}
RECIPIENTS = {"group": "62e6b2d1-fc4a-5fb9-9a75-9ad49f4f0533", "ranges": ["192.0.2.128/29"]}
CONFIDENTIAL = "Standard_DC2as_v5"
A_GROUP = "a GUID such as 11111111-2222-4333-8444-555555555555"


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """The sample estate with the example of each template as its requests."""
    folder = sample(tmp_path)
    change(folder / "estate.yaml", lambda data: data.update(confidential_orchestrator=ORCHESTRATOR))
    (folder / "requests/hcm-progression.yaml").unlink()
    for name in names():
        content = service_template(name).example_request(TODAY)
        if "tenancy" in content:
            add_shared_tenancy(folder, name=content["tenancy"])
        (folder / f"requests/{content['project']}.yaml").write_text(yaml.safe_dump(content))
    return folder


def request_of(estate: Path, name: str) -> Path:
    return estate / f"requests/{service_template(name).example['project']}.yaml"


def with_(request: dict[str, Any], **values: Any) -> None:
    request.update(values)


def other_size(size: str, request: dict[str, Any]) -> None:
    request["desks"][0]["size"] = size


def test_every_example_renders_with_its_template(estate: Path) -> None:
    loaded = load(estate, today=TODAY)
    stacks = {stack.name: stack for stack in render(loaded) if stack.name.startswith("tre-")}
    assert {loaded.template_of(stack).name for stack in stacks} == set(names()) > {"synthetic"}  # type: ignore[union-attr]
    for name, stack in stacks.items():
        template = loaded.template_of(name)
        assert template
        assert stack.text.startswith(f"# Made by {template.file} from")
        assert stack.settings.get("sde:import_airlock", True) is template.import_airlock


def test_each_template_has_a_whole_example_that_the_sample_estate_accepts(tmp_path: Path) -> None:
    folder = tmp_path / "estate"
    shutil.copytree(ROOT / "estate", folder)
    schema, used = Draft202012Validator(document()), set[str]()
    for name in names():
        content = read_mapping(TEMPLATES / f"examples/{name}.yaml")
        short = {key: value for key, value in service_template(name).example.items() if key not in ("tenancy", "desks")}
        assert content.items() >= {**short, "template": name}.items()
        assert list(schema.iter_errors(json_of(content))) == []
        (folder / f"requests/{content['project']}.yaml").write_text(yaml.safe_dump(content))
        used |= content.keys()
    assert used == set(RequestFile.model_fields)
    assert {file.stem for file in (TEMPLATES / "examples").iterdir()} == set(names())
    assert {one.template for one in load(folder, today=TODAY).requests.values()} == set(names())


def test_a_request_outside_its_template_is_refused(estate: Path) -> None:
    def refused(name: str, edit: Edit) -> tuple[str, str | None, str | None]:
        file = request_of(estate, name)
        before = file.read_text()
        change(file, edit)
        with pytest.raises(InputError) as caught:
            load(estate, today=TODAY)
        file.write_text(before)
        error = caught.value
        assert error.file == str(file)
        return error.key or "", str(error.found), error.allowed or error.fix

    for name in names():
        key, found, allowed = refused(name, partial(other_size, NOT_ALLOWED[name]))
        assert (key.startswith("desk"), bool(allowed)) == (True, True), (name, found)
        past = TODAY - timedelta(days=1)
        assert refused(name, partial(with_, expires=past)) == (
            "expires", str(past), f"a date after its approval, {TODAY}",
        )  # fmt: skip
        assert refused(name, lambda data: data.pop("stewards")) == ("stewards", "nothing", A_GROUP)
        for value in (None, ""):
            assert refused(name, partial(with_, stewards=value)) == ("stewards", "nothing", A_GROUP)
        for role, other in combinations(reversed(ROLES), 2):
            group = service_template(name).example[other]
            allowed = f"an Entra group other than the {other}'"
            assert refused(name, partial(with_, **{role: group})) == (role, group, allowed)
    late = TODAY + timedelta(days=91)
    assert refused("synthetic", lambda data: data.update(expires=late)) == (
        "expires", str(late), f"up to {TODAY + timedelta(days=90)}, 90 days after the approval",
    )  # fmt: skip
    assert refused("synthetic", partial(with_, recipients=RECIPIENTS)) == (
        "recipients", "a value", "nothing: the template leaves it out",
    )  # fmt: skip
    assert refused("synthetic", lambda data: data.update(redundancy="Standard_GRS")) == (
        "redundancy", "Standard_GRS", "Standard_LRS",
    )  # fmt: skip
    assert refused("synthetic", lambda data: data["desks"][0].update(data_disk_gib=513)) == (
        "desks[0].data_disk_gib", "513", "at most 512",
    )  # fmt: skip


@pytest.mark.parametrize("key", ["platform_team", "desk_users", "staff"])
def test_a_group_of_the_whole_estate_has_no_role_in_a_project(estate: Path, key: str) -> None:
    """No role assignment says that its members are the researchers of all projects, or those who deploy them."""
    file, group = request_of(estate, "bespoke-tabular"), RECIPIENTS["group"]
    machine = {"name": "checks", "roles": ["checkers"], "users": group, "size": CONFIDENTIAL, "approval": APPROVAL}
    change(estate / "estate.yaml", lambda data: data.update({key: [machine] if key == "staff" else group}))
    recipients = RECIPIENTS | {"approval": APPROVAL}
    changes = {role: {role: group} for role in ROLES} | {"recipients.group": {"recipients": recipients}}
    before = file.read_text()
    for role in ("researchers",) if key == "staff" else changes:
        change(file, partial(with_, **changes[role]))
        with pytest.raises(InputError) as caught:
            load(estate, today=TODAY)
        error = caught.value
        assert (error.file, error.key, error.allowed) == (str(file), role, "a group for each role")
        assert str(error.found).startswith(str(group))
        file.write_text(before)


def test_another_kind_is_refused_and_another_template_of_the_kind_is_not(estate: Path) -> None:
    change(request_of(estate, "synthetic"), lambda data: data.update(template="bespoke-tabular"))
    before = load(estate, today=TODAY)
    allocations = Allocations(before.allocations.stacks)
    request = RequestFile.model_validate(service_template("bespoke-tabular").example_request(TODAY))
    allocator = Allocator(allocations, before.cells.values())
    assert allocator.allocate("tre-sample-tables", request, TenancyKind.BESPOKE, file="f").slot is not None
    with pytest.raises(InputError) as caught:
        allocator.allocate("tre-sample-tables", request, TenancyKind.SHARED, file="f")
    assert (caught.value.key, caught.value.allowed) == ("template", "one of the kind bespoke")


FAULTS: list[tuple[str, Edit, str]] = [
    ("unknown key", lambda d: d.update(colour="blue"), "colour"),
    ("a name of its own", lambda d: d.update(name="other"), "name"),
    ("a list for a map", lambda d: d.update(request=[]), "request"),
    ("a schema elsewhere", lambda d: d["request"].update({"$ref": "https://example.org/s.json"}), "request.$ref"),
    ("a misspelt keyword", lambda d: d["request"]["properties"]["data_class"].update(enumm=["x"]),
     "request.properties.data_class.enumm"),
    ("a key that requests do not have", lambda d: d["request"]["properties"].update(colour={"const": "x"}),
     "request.properties"),
    ("a key that desks do not have",
     lambda d: d["request"]["properties"]["desks"]["items"]["properties"].update(gpus={}),
     "request.properties.desks.items.properties"),
    ("keys of a value without keys", lambda d: d["request"]["properties"]["title"].update(required=["x"]),
     "request.properties.title.properties"),
    ("no regular expression", lambda d: d["request"]["properties"]["title"].update(pattern="("),
     "request.properties.title.pattern"),
    ("a slow regular expression", lambda d: d["request"]["properties"]["title"].update(pattern="^(a+)+$"),
     "request.properties.title.pattern"),
    ("many repetitions", lambda d: d["request"]["properties"]["title"].update(pattern="a*a*a*b"),
     "request.properties.title.pattern"),
    ("no import airlock for patient data", lambda d: d["request"]["properties"].pop("data_class"),
     "request.properties.data_class"),
    ("an end by itself with an import airlock", lambda d: d.pop("import_airlock"), "import_airlock"),
    ("an end by itself without a number of days", lambda d: d.pop("longest_days"), "longest_days"),
    ("another kind", lambda d: d.update(kind="luxury"), "kind"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "key"), [pytest.param(e, k, id=name) for name, e, k in FAULTS])
def test_an_error_in_the_front_matter_is_named(tmp_path: Path, edit: Edit, key: str) -> None:
    front = yaml.safe_load(parts(FILE, "f")[0])
    front["request"]["properties"]["title"] = {}
    edit(front)
    with pytest.raises(InputError) as caught:
        written(tmp_path, f"---\n{yaml.safe_dump(front)}---\nbody\n")
    assert (caught.value.file, caught.value.key) == ("tre_templates/services/site.yaml.j2", key)


@pytest.mark.parametrize(("text", "said"), [
    ("config: {}\n", "no front matter"), ("---\ntitle: x\n", "no front matter"), ("---\ntitle: x\n---\n\n", "no body"),
    ("---\ntitle: !!python/object/apply:os.system [true]\n---\nbody\n", "not well-formed"),
    ("---\ntitle: a\ntitle: b\n---\nbody\n", "A key is there twice"),
])  # fmt: skip
def test_a_file_that_is_no_template_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        written(tmp_path, text)


def written(folder: Path, text: str) -> ServiceTemplate:
    (folder / "services").mkdir()
    (folder / "services/site.yaml.j2").write_text(text)
    assert names(folder) == ("site",)
    return service_template("site", folder)


def test_an_example_outside_its_own_template_is_refused(tmp_path: Path) -> None:
    template = written(tmp_path, FILE.replace("Standard_D4s_v5, data", "Standard_D64s_v5, data"))
    with pytest.raises(InputError) as caught:
        template.example_request(TODAY)
    assert caught.value.key == "example.desks[0].size"


def test_another_file_in_the_folder_and_a_link_out_of_it_are_refused(tmp_path: Path) -> None:
    (tmp_path / "templates/services").mkdir(parents=True)
    (tmp_path / "elsewhere").write_text(FILE)
    (tmp_path / "templates/services/site.yaml.j2").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="link to a file outside"):
        service_template("site", tmp_path / "templates")
    (tmp_path / "templates/services/Site.yaml.j2").write_text(FILE)
    with pytest.raises(InputError, match="not a service template"):
        names(tmp_path / "templates")
