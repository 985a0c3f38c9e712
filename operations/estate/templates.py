"""The service templates: `tre_templates/services/<name>.yaml.j2`, one file for each environment on offer.

A file is front matter in YAML between two lines `---`, and the Jinja body that renders a stack's configuration. A site
adds a template by adding a file, so the front matter is validated like any other input.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from approvals.request_files import SERVICES, SUFFIX, TEMPLATES, parts
from formats.addresses import TenancyKind
from formats.errors import InputError
from formats.input_model import Line, Model, Slug, one_line
from formats.stack_config import DataClass
from formats.validation import InvalidValue, validated
from formats.yaml_reader import parse_mapping, read_text, within
from operations.estate.request_model import RequestFile
from operations.estate.request_schema import RequestSchema, explained, refuse_unknown_keys

_NAME: TypeAdapter[str] = TypeAdapter(Slug)

Text = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(one_line)]


class ServiceTemplate(Model):
    """The front matter of a service template, with the name of its file."""

    name: Slug
    title: Line
    description: Text
    audience: Line
    """The intended users of the environment."""
    kind: TenancyKind
    contains: tuple[Line, ...] = Field(min_length=1)
    leaves_out: tuple[Line, ...] = ()
    limits: tuple[Line, ...] = Field(min_length=1)
    """The limits in words, for the catalogue."""
    longest_days: int | None = Field(default=None, ge=1, le=5 * 366)
    """The longest time from the approval of a request to its end. None: as long as the estate allows."""
    ends_by_itself: bool = False
    """True: `sde destroy --ended` destroys a tenancy whose end is past. Without an import airlock only."""
    import_airlock: bool = True
    """False: nothing comes from the safe haven. For synthetic data only."""
    request: RequestSchema
    """The JSON Schema of a request with this template."""
    example: dict[str, Any]
    """A request with this template, without the keys `template`, `approved_on` and `expires`."""

    @model_validator(mode="after")
    def _valid_schema(self) -> Self:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - slow, and for estates with tenancies only
        from jsonschema.exceptions import SchemaError  # noqa: PLC0415

        refuse_unknown_keys(self.request, RequestFile, ("request",))
        try:
            Draft202012Validator.check_schema(self.request.written())
        except SchemaError as error:
            raise InvalidValue("a JSON Schema of draft 2020-12", at=("request", *error.absolute_path)) from None
        return self

    @model_validator(mode="after")
    def _only_for_synthetic_data(self) -> Self:
        found = self.request.constant("data_class")
        if not self.import_airlock and found != DataClass.SYNTHETIC.value:
            raise InvalidValue("{const: synthetic}", at=("request", "properties", "data_class"),
                               found=found or "no constant",
                               problem="Only an environment for synthetic data has no import airlock.",
                               fix="Set the constant, or remove `import_airlock: false`.")  # fmt: skip
        if self.ends_by_itself and self.import_airlock:
            raise InvalidValue("false: what patient data may have come into does not end by itself",
                               at=("import_airlock",), found="true")  # fmt: skip
        if self.ends_by_itself and self.longest_days is None:
            raise InvalidValue("a number of days, for a template with `ends_by_itself`", at=("longest_days",),
                               found="nothing")  # fmt: skip
        return self

    @property
    def file(self) -> str:
        """The path of the file, for messages."""
        return _path(self.name)

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft202012Validator  # noqa: PLC0415 - as above

        return Draft202012Validator(self.request.written())

    def check(self, request: RequestFile, path: str, prefix: str = "") -> None:
        """Raise `InputError` for a value of a request that the template does not allow. `prefix`: of its key."""
        from jsonschema.exceptions import best_match  # noqa: PLC0415 - as above

        found = best_match(self._validator.iter_errors(request.model_dump(mode="json", exclude_none=True)))
        if found:
            key, value, allowed = explained(found)
            raise InputError(f"The template {self.name} does not allow this.", file=path, key=prefix + key,
                             found=value,
                             allowed=allowed, fix="Change the value, or the template: scripts/sde catalogue lists "
                             "them.")  # fmt: skip
        days = (request.expires - request.approved_on).days
        if self.longest_days is not None and days > self.longest_days:
            last = request.approved_on + timedelta(days=self.longest_days)
            raise InputError(f"The template {self.name} ends sooner.", file=path, key="expires",
                             found=str(request.expires), fix="Set an earlier day.",
                             allowed=f"up to {last}, {self.longest_days} days after the approval")  # fmt: skip

    def example_request(self, today: date) -> dict[str, Any]:
        """Return the example as a request that is approved today. `InputError` for one that the template refuses."""
        days = self.longest_days or 365
        dates = {"approved_on": today, "expires": today + timedelta(days=days)}
        content = {**self.example, "template": self.name, **dates}
        request = validated(RequestFile, content, file=self.file, prefix="example.")
        self.check(request, self.file, prefix="example.")
        return content


def _path(name: str) -> str:
    return f"tre_templates/{SERVICES}/{name}{SUFFIX}"


def names(folder: Path = TEMPLATES) -> tuple[str, ...]:
    """Return the names of all service templates, sorted. `InputError` for a file that is none."""
    found = []
    for file in sorted((folder / SERVICES).iterdir()):
        if file.name.startswith(".") or file.name == "README.md":
            continue
        name = file.name.removesuffix(SUFFIX)
        if name == file.name or not _is_name(name):
            raise InputError("This is not a service template.", file=str(file),
                             allowed=f"files called <name>{SUFFIX}: lower-case letters, digits and single "
                             "hyphens")  # fmt: skip
        found.append(name)
    return tuple(found)


def _is_name(name: str) -> bool:
    try:
        _NAME.validate_python(name)
    except ValidationError:
        return False
    return True


@cache
def service_template(name: str, folder: Path = TEMPLATES) -> ServiceTemplate:
    """Return a service template, validated. `InputError` names the file and the key of the first error."""
    path = _path(name)
    file = within(folder, folder / SERVICES / f"{name}{SUFFIX}", path)
    content = parse_mapping(parts(read_text(file, path), path)[0], path)
    if "name" in content:
        raise InputError("A template has the name of its file.", file=path, key="name", found=content["name"],
                         fix="Remove it.")  # fmt: skip
    return validated(ServiceTemplate, {**content, "name": name}, file=path)
