"""Convert the path of an azure-native property to its path in an ARM resource."""

from __future__ import annotations

from formats.arm.routes import route
from formats.errors import InputError
from formats.property_paths import ANY, parse
from operations.export.nesting import field_of
from operations.export.request_models import Kind, Shape, model


def arm_path(token: str, path: str) -> list[str]:
    """Return the steps to a property, such as `properties`, `networkAcls`, `[*]`. `InputError` if it is absent."""
    request = route(token)
    kind = Kind(Shape.MODEL, model=model(request.package, request.model))
    found: list[str] = []
    for index, step in enumerate(parse(path)):
        if step == ANY and kind.of:
            found, kind = [*found, "[*]"], kind.of
            continue
        if kind.shape is Shape.MAP and kind.of:  # the keys are values of a user, such as the names of tags
            found, kind = [*found, str(step)], kind.of
            continue
        field = field_of(token, str(step), kind.model, root=index == 0) if kind.model else None
        if field is None:
            raise InputError("A type has no such property.", file=token, key=path, found=step)
        found, kind = [*found, *field.path], field.kind
    return found
