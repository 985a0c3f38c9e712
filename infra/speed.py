"""Makes a Pulumi program run several times faster, without changing what it says. Imported before anything else.

The generated azure-native classes name 20 to 60 older types each as aliases, and for every one of them the SDK builds
a chain of outputs that nothing reads where the engine takes alias specifications (every CLI since 3.50, and ours). Here
they are built only if somebody asks for them. The garbage collector, which walks the whole growing program again and
again, is held off while the program runs. And at its end the SDK looks at every open output each time that one of them
is ready, for thousands of resources a matter of minutes: here it looks once. An SDK that is not the one known here is
left as it is: slow, never wrong.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import re
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

KNOWN = re.compile(r"3\.2[67]\d\.\d+")
"""The SDK versions whose source was read: in them only `all_aliases`, for old engines, reads what is put off here."""
_PARAMETERS = ["alias", "defaultName", "defaultType", "defaultParent"]


class _Patient:
    """`asyncio` as the SDK's wait for open outputs sees it.

    The SDK asks for the first that is ready, over and over until none is open: the square of their number. Waiting for
    all of them, or for the first that fails, ends in the same state and fails as early.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def wait(
        self, tasks: Iterable[asyncio.Future[Any]], *, timeout: float | None = None, return_when: str
    ) -> tuple[set[asyncio.Future[Any]], set[asyncio.Future[Any]]]:
        """`asyncio.wait`, for all where the first was asked for."""
        when = asyncio.FIRST_EXCEPTION if return_when == asyncio.FIRST_COMPLETED else return_when
        return await asyncio.wait(tasks, timeout=timeout, return_when=when)


class _Later(Awaitable[str]):
    """The URN of one alias, worked out when it is awaited. `Output.from_input` takes awaitables."""

    __slots__ = ("arguments", "collapse")

    def __init__(self, collapse: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self.collapse, self.arguments = collapse, arguments

    def __await__(self) -> Generator[Any, Any, str]:
        return self.collapse(*self.arguments).future().__await__()  # type: ignore[no-any-return]


def knows_the_sdk() -> bool:
    """Whether the installed SDK is one whose source was read, with the function that is put off as it was there."""
    try:
        import pulumi.resource  # noqa: PLC0415 - only once somebody asks for speed

        parameters = list(inspect.signature(pulumi.resource.collapse_alias_to_urn).parameters)  # type: ignore[attr-defined]
        return bool(KNOWN.fullmatch(version("pulumi"))) and parameters == _PARAMETERS
    except (ImportError, AttributeError, PackageNotFoundError, TypeError, ValueError):
        return False


def speed_up() -> Callable[[], None]:
    """Apply the cure, and return what takes it back. Where it does not know the SDK it does nothing."""
    if not knows_the_sdk():
        return _nothing
    import pulumi.resource  # noqa: PLC0415

    original = pulumi.resource.collapse_alias_to_urn  # type: ignore[attr-defined]
    if hasattr(original, "put_off"):  # the embedded engine has applied it already
        return _nothing

    def later(alias: Any, defaultName: str, defaultType: str, defaultParent: Any) -> _Later:  # noqa: N803 - the SDK's
        return _Later(original, (alias, defaultName, defaultType, defaultParent))

    later.put_off = original  # type: ignore[attr-defined]
    pulumi.resource.collapse_alias_to_urn = later  # type: ignore[attr-defined,assignment]
    pulumi.runtime.stack.asyncio = _Patient()  # type: ignore[attr-defined,assignment]
    collecting = gc.isenabled()
    gc.disable()

    def restore() -> None:
        pulumi.resource.collapse_alias_to_urn = original  # type: ignore[attr-defined]
        pulumi.runtime.stack.asyncio = asyncio  # type: ignore[attr-defined]
        if collecting:
            gc.enable()

    return restore


@contextmanager
def fast() -> Iterator[None]:
    """The cure for the length of a `with` block."""
    restore = speed_up()
    try:
        yield
    finally:
        restore()


def _nothing() -> None:
    return
