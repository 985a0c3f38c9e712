"""`sde catalogue`: the environments on offer, from the service templates, with their monthly price."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from formats.errors import InputError
from operations.cli.options import command
from operations.cli.output import printable
from operations.cli.session import Session
from operations.cli.text import plural

if TYPE_CHECKING:
    from operations.estate.templates import ServiceTemplate


class Form(StrEnum):
    """The forms of the catalogue."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


FormOption = Annotated[Form, typer.Option("--format", "-f", help="The form of the catalogue.")]


@dataclass(frozen=True)
class Service:
    """An environment on offer."""

    template: ServiceTemplate
    price: Mapping[str, Any] | None
    """The idle price of the example a month: `currency`, `amount`, and `unknown`, the items without a price. None if
    the estate's region lacks the size of its desk."""

    @property
    def unknown(self) -> str:
        """The items without a price."""
        return ", ".join(self.price["unknown"]) if self.price else ""

    @property
    def amount(self) -> str:
        """The price as text: a lower bound if a price is unknown."""
        if self.price is None:
            return "none in this region"
        least = "at least " if self.unknown else ""
        return f"{least}{self.price['currency']} {self.price['amount']:,.2f}"

    @property
    def time(self) -> str:
        """The time that the price is for. With no price, why."""
        return " a month" if self.price else ", which lacks the size,"

    @property
    def example(self) -> str:
        """The example that the price is of."""
        return f"{self.template.example['title']}: {_computer(self.template.example)}"

    def to_json(self) -> dict[str, Any]:
        """Return the service as plain JSON."""
        fields = self.template.model_dump(mode="json", by_alias=True, exclude={"request"})
        price = dict(self.price) if self.price else None
        return {**fields, "request": self.template.request.written(), "price_of_example": price}


@command("estate", "json_")
def catalogue(session: Session, *, form: FormOption = Form.TEXT) -> None:
    """List the environments on offer: what, for whom, limits, and the monthly price of an example. Deploys nothing.

    The price is that of the price book, for the estate's region, with the desk running all month.

    Example: sde catalogue.
    """
    from operations.cli.example_prices import prices  # noqa: PLC0415 - imports the engine
    from operations.estate.templates import names, service_template  # noqa: PLC0415

    if session.output.json and form is Form.MARKDOWN:
        raise InputError("The catalogue has one form.", key="--format", found="markdown, with --json",
                         fix="leave out one of them")  # fmt: skip
    templates = [service_template(name) for name in names()]
    found = prices(session, templates)
    services = [Service(template, found.get(template.name)) for template in templates]
    if form is Form.JSON or session.output.json:
        for service in services:
            session.output.line(json.dumps(service.to_json(), ensure_ascii=False))
    elif form is Form.MARKDOWN:
        session.output.line(markdown(services))
    else:
        _show(session, services)


def _computer(example: Mapping[str, Any]) -> str:
    return ", ".join(f"{desk['size']} with {desk['data_disk_gib']} GiB" for desk in example["desks"])


def _show(session: Session, services: Sequence[Service]) -> None:
    output = session.output
    for service in services:
        template = service.template
        output.say(Text.assemble((f"\n{template.name}", "bold"), f"  {printable(template.title)}"))
        output.say(f"  {printable(template.description)}")
        output.say(Text.assemble(("  for whom:    ", "dim"), printable(template.audience)))
        for label, lines in (("contains", template.contains), ("leaves out", template.leaves_out),
                             ("limits", template.limits)):  # fmt: skip
            for index, line in enumerate(lines):
                head = f"  {label + ':':<13}" if index == 0 else " " * 15
                output.say(Text.assemble((head, "dim"), printable(line)))
        output.say(Text.assemble(("  price:       ", "dim"), (service.amount, "bold"),
                                 f"{service.time} for {printable(service.example)}"))  # fmt: skip
        if service.unknown:
            output.say(f"               price unknown: {printable(service.unknown)}", style="yellow")
    output.say(f"\n{plural(len(services), 'template')} in tre_templates/services/.", style="dim")


def markdown(services: Sequence[Service]) -> str:
    """Return the catalogue as Markdown: a table, then a section for each environment."""
    from operations.access.formats import escaped, table_line  # noqa: PLC0415 - imports the policies

    columns = ("template", "for whom", "example, a month")
    table = [table_line(columns), table_line(["---"] * len(columns))]
    table += [
        table_line((f"[{one.template.name}](#{one.template.name})", escaped(one.template.audience), one.amount))
        for one in services
    ]
    return "\n\n".join(["# Service catalogue", "\n".join(table), *map(_section, services)])


def _section(service: Service) -> str:
    from operations.access.formats import escaped  # noqa: PLC0415 - imports the policies

    template = service.template
    lists = [("Contains", template.contains), ("Leaves out", template.leaves_out), ("Limits", template.limits)]
    parts = [f"## {template.name}", f"**{escaped(template.title)}.** {escaped(template.description)}"]
    parts += [f"{label}:\n\n" + "\n".join(f"- {escaped(line)}" for line in lines) for label, lines in lists if lines]
    unknown = f" Without {escaped(service.unknown)}." if service.unknown else ""
    price = f"Price: {service.amount}{service.time} for the example, {escaped(service.example)}.{unknown}"
    return "\n\n".join([*parts, price])
