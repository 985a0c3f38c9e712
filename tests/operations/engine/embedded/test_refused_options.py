"""Unsupported options are refused by name, both of a program and of a state."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi import ResourceOptions
from pulumi.runtime.proto import resource_pb2

from formats.errors import InputError
from operations.engine.embedded import options
from operations.engine.embedded.monitor import Monitor
from tests.infra.local_stacks import ROOT
from tests.operations.engine.embedded.fake_cloud import Group, Lab, Thing

RECORD = ROOT / "docs" / "decisions" / "0006-what-the-embedded-engine-supports.md"

SUPPORTED = (
    options.Option("additional_secret_outputs", ("additionalSecretOutputs",), key="additionalSecretOutputs"),
    options.Option("aliases", ("aliases", "aliasURNs")),
    options.Option("components", ("custom", "outputs"), method="RegisterResourceOutputs", key="custom"),
    options.Option("delete_before_replace", ("deleteBeforeReplace", "deleteBeforeReplaceDefined")),
    options.Option("deleted_with", ("deletedWith",), key="deletedWith"),
    options.Option("depends_on", ("dependencies", "propertyDependencies"), key="dependencies"),
    options.Option("functions of a provider", ("tok", "args"), method="Invoke"),
    options.Option("id (`get`)", ("id", "properties"), method="ReadResource", key="external"),
    options.Option("ignore_changes", ("ignoreChanges",), key="ignoreChanges"),
    options.Option("import_", ("importId",), key="importID"),
    options.Option("parent", ("parent",), key="parent"),
    options.Option("plugin_download_url", ("pluginDownloadURL",)),
    options.Option("protect", ("protect",), key="protect"),
    options.Option("provider", ("provider",), key="provider"),
    options.Option("replace_on_changes", ("replaceOnChanges",), key="replaceOnChanges"),
    options.Option("version", ("version",)),
)

HARMLESS = {
    "type": "the resource's type",
    "name": "the resource's name",
    "object": "the resource's properties",
    "urn": "the resource of the outputs",
    "providers": "the SDK itself hands a local component's providers to its children",
    "acceptSecrets": "the installed SDK always accepts secrets",
    "acceptResources": "only providers return resource references, and ours do not",
    "accept_output_values": "output values are resolved on entry and never sent",
    "accepts_byte_string": "strings are UTF-8 here",
    "supportsPartialValues": "unknown outputs are left out or marked, which every SDK accepts",
    "supportsResultReporting": "a failure is reported as a result to every SDK",
    "aliasSpecs": "both forms of an alias are always read",
    "pluginChecksums": "no plugin is downloaded: providers are in this process",
    "sourcePosition": "for display only",
    "stackTrace": "for display only",
    "parentStackTraceHandle": "for display only",
    "dependsOn": "the SDK itself waits for what a function depends on",
}
"""Fields of the requests that the engine may ignore, and why."""


def hooked() -> ResourceOptions:
    hook = pulumi.ResourceHook("hook", lambda _arguments: None)
    return ResourceOptions(hooks=pulumi.ResourceHookBinding(after_create=[hook]))


ASKED: dict[str, Callable[[], ResourceOptions]] = {
    "retain_on_delete": lambda: ResourceOptions(retain_on_delete=True),
    "custom_timeouts": lambda: ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="90s")),
    "replace_with": lambda: ResourceOptions(replace_with=[Thing("other")]),
    "replacement_trigger": lambda: ResourceOptions(replacement_trigger="x"),
    "hide_diffs": lambda: ResourceOptions(hide_diffs=["tags"]),
    "transforms": lambda: ResourceOptions(transforms=[lambda _arguments: None]),
    "env_var_mappings": lambda: ResourceOptions(env_var_mappings={"A": "B"}),
}


@pytest.mark.parametrize("run", ["preview", "up"])
@pytest.mark.parametrize("name", ASKED)
def test_an_option_is_refused_with_its_name_and_resource(lab: Lab, name: str, run: str) -> None:
    with pytest.raises(
        InputError, match=rf"does not support {name}\n +key: +cloud:index:Thing t\n +fix: .*--engine pulumi"
    ):
        getattr(lab, run)(lambda: Thing("t", opts=ASKED[name]()) and None)
    assert "/things/t" not in lab.cloud.things


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("hooks", lambda: Thing("t", opts=hooked()) and None),
        ("error hooks", lambda: pulumi.ErrorHook("hook", lambda _arguments: True) and None),
        ("stack transforms", lambda: pulumi.runtime.register_resource_transform(lambda _arguments: None)),
        ("invoke transforms", lambda: pulumi.runtime.register_invoke_transform(lambda _arguments: None)),
        ("components of other languages", lambda: Remote() and None),
    ],
)
def test_a_feature_is_refused_with_its_name(lab: Lab, name: str, program: Callable[[], None]) -> None:
    with pytest.raises(InputError, match=f"does not support {name}\n"):
        lab.up(program)


class Remote(pulumi.ComponentResource):
    def __init__(self) -> None:
        super().__init__("cloud:index:Remote", "remote", {}, remote=True)


@pytest.mark.parametrize(
    ("key", "value", "name"),
    [
        ("retainOnDelete", True, "retain_on_delete"),
        ("customTimeouts", {"create": 90}, "custom_timeouts"),
        ("resourceHooks", {"afterCreate": ["hook"]}, "hooks"),
        ("taint", True, "tainted resources"),
        ("somethingNew", [1], "somethingNew"),
    ],
)
def test_unsupported_state_keys_are_kept_and_refuse_a_run(lab: Lab, key: str, value: object, name: str) -> None:
    def program() -> None:
        Thing("t", name="t")

    lab.up(program)
    file = lab.folder / "state/.pulumi/stacks/lab/dev.json"
    document = json.loads(file.read_text())
    document["checkpoint"]["latest"]["resources"][-1][key] = value
    file.write_text(json.dumps(document))
    engine = lab.engine(lambda: None)
    for run in (engine.preview, engine.up, engine.refresh, engine.destroy, engine.preview_destroy):
        with pytest.raises(InputError, match=rf"does not support: {name}\n +key: +urn:.*::t\n"):
            run(lab.stack)
    assert "/things/t" in lab.cloud.things
    assert lab.resource("t")[key] == value


def test_display_fields_are_allowed(lab: Lab) -> None:
    def program() -> None:
        Thing("t", name="t", opts=ResourceOptions(parent=Group("g", opts=ResourceOptions(retain_on_delete=False))))

    lab.up(program)
    file = lab.folder / "state/.pulumi/stacks/lab/dev.json"
    document = json.loads(file.read_text())
    document["checkpoint"]["latest"]["resources"][-1]["sourcePosition"] = "project:///x.py#1,2"
    file.write_text(json.dumps(document))
    assert lab.up(program).counts == {"same": 2}


@pytest.mark.parametrize(
    "request_",
    ["RegisterResourceRequest", "ReadResourceRequest", "RegisterResourceOutputsRequest", "ResourceInvokeRequest"],
)
def test_every_protocol_field_is_listed(request_: str) -> None:
    fields = {f.name for f in resource_pb2.DESCRIPTOR.message_types_by_name[request_].fields}
    decided = [f for option in (*SUPPORTED, *options.REFUSED) for f in option.fields]
    assert fields <= {*decided, *HARMLESS}
    assert not HARMLESS.keys() & set(decided)


def test_every_protocol_method_is_listed() -> None:
    service = resource_pb2.DESCRIPTOR.services_by_name["ResourceMonitor"]
    answered = {m for m in service.methods_by_name if m in vars(Monitor)}
    refused = {option.method for option in options.REFUSED} - {""}
    assert answered | refused == set(service.methods_by_name)
    assert not answered & refused


def test_every_listed_field_exists() -> None:
    known = {f.name for message in resource_pb2.DESCRIPTOR.message_types_by_name.values() for f in message.fields}
    every: list[Any] = [*SUPPORTED, *options.REFUSED]
    assert {f for option in every for f in option.fields} | HARMLESS.keys() <= known


def test_decision_record_matches_the_code() -> None:
    rows = [line.split("|")[1:3] for line in RECORD.read_text().splitlines() if line.startswith("| ")]
    told = {(name.strip(), word.strip()) for name, word in rows} - {("option or feature", "")}
    listed = {(name, word) for name, word in told if word in ("supported", "refused")}
    assert listed == {(o.name, "supported") for o in SUPPORTED} | {(o.name, "refused") for o in options.REFUSED}
