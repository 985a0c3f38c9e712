"""The virtual machines that people work on: the desks of tenancies, and those of the staff network."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from formats.egress import FormerArchive
from formats.input_model import Guid, Model, Slug
from formats.locations import Location
from formats.validation import InvalidValue, refuse_duplicates
from formats.vm_size_names import has_gpu, has_premium_storage
from formats.ways_in import StaffRoles


def _premium_size(size: str) -> str:
    if not has_premium_storage(size):
        raise InvalidValue("a size that supports premium disks: with an s after its number of cores, such as "
                           "Standard_D4s_v5")  # fmt: skip
    return size


VmSize = Annotated[str, StringConstraints(pattern=r"^Standard_[A-Za-z0-9_]{1,60}$"), AfterValidator(_premium_size)]
"""An Azure virtual machine size that supports premium disks, such as Standard_NC24ads_A100_v4."""


class ComputerSpec(Model):
    """A virtual machine as the estate's files state it."""

    size: VmSize
    os_disk_gib: int = Field(default=128, ge=64, le=2048)
    data_disk_gib: int = Field(ge=32, le=32767)
    zone: int | None = Field(default=None, ge=1, le=3)
    """The availability zone; None: Azure chooses."""
    rebuilds: int = Field(default=0, ge=0, le=999)
    """How many times the virtual machine was replaced on purpose. A larger number replaces it."""


class ComputerConfig(ComputerSpec):
    """The configuration of a virtual machine."""

    admin_public_key: str
    """The public half of the break-glass SSH key. Researchers sign in with Entra."""
    former_admin_public_keys: tuple[str, ...] = ()
    """Earlier keys that virtual machines from before still have."""
    former_archives: tuple[FormerArchive, ...] = ()
    """Earlier package archives, of apt or pip, that virtual machines from before still have."""


MAIN, DESK = "main", "desk"
MAX_DESKS = 8


def desk_logical_name(name: str) -> str:
    """Return the logical name of the virtual machine of a desk with this name."""
    return DESK if name == MAIN else f"{DESK}-{name}"


def _quoted(value: object) -> object:
    """Refuse a time without quotes: YAML 1.1 reads 19:00 as 1140, a number to the base of 60."""
    if isinstance(value, int) and not isinstance(value, bool):
        known = f"{value // 60:02}:{value % 60:02}"
        raise InvalidValue('a time of day in quotes, such as "19:00"', problem="YAML reads a time without quotes as a "
                           "number.", fix=f'shutdown: "{known}"')  # fmt: skip
    return value


ShutdownTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"), BeforeValidator(_quoted)]


class OperatingSystem(StrEnum):
    """The operating system of a desk. It is that of its image, so that another one replaces the virtual machine."""

    LINUX = "linux"
    WINDOWS = "windows"


WINDOWS_DISK_GIB = 128
"""The smallest system disk of a Windows desk: its image has 127 GiB (docs/azure-facts.md#windows-images)."""


class DeskSpec(ComputerSpec):
    """A desk as a request states it: a virtual machine of one group of the project's people."""

    name: Slug
    os: OperatingSystem = OperatingSystem.LINUX
    users: Guid | None = None
    """The Entra group that signs in. None: the project's researchers."""
    shutdown: ShutdownTime | None = None
    """The time of day in the United Kingdom at which Azure stops and deallocates the desk. None: no schedule."""

    @property
    def logical_name(self) -> str:
        """The logical name of the virtual machine, which begins those of its parts."""
        return desk_logical_name(self.name)


def refuse_unfit_windows(desk: DeskSpec, at: Location) -> None:
    """Raise `InvalidValue` for a Windows desk of a size with a GPU, or with a system disk smaller than its image."""
    if desk.os is not OperatingSystem.WINDOWS:
        return
    if has_gpu(desk.size):
        raise InvalidValue("a size without a GPU, or os: linux", at=(*at, "size"), found=desk.size,
                           problem="A Windows desk gets no driver for a GPU: its installer is on the Internet alone.",
                           fix="Name another size, such as Standard_D4s_v5; or use a Linux desk.")  # fmt: skip
    if desk.os_disk_gib < WINDOWS_DISK_GIB:
        raise InvalidValue(f"{WINDOWS_DISK_GIB} or more", at=(*at, "os_disk_gib"), found=str(desk.os_disk_gib),
                           problem="The image of a Windows desk is larger than this system disk.",
                           fix="Remove `os_disk_gib`.")  # fmt: skip


class DeskConfig(DeskSpec, ComputerConfig):
    """The configuration of a desk."""


STAFF_PREFIX = "staff-vm-"
"""Begins the logical names of the staff machines, and of their parts."""


class StaffMachineSpec(ComputerSpec):
    """A virtual machine of the staff network as the estate states it."""

    name: Slug
    roles: Annotated[StaffRoles, Field(min_length=1)]
    users: Guid
    """The Entra group that signs in: its members are the groups of these roles."""
    data_disk_gib: int = Field(default=64, ge=32, le=32767)

    @property
    def logical_name(self) -> str:
        """The logical name of the virtual machine, which begins those of its parts."""
        return f"{STAFF_PREFIX}{self.name}"


def refuse_shared_roles(staff: Sequence[StaffMachineSpec], researchers: UUID | None) -> None:
    """Raise `InvalidValue` for two virtual machines with a common name, role or group of users, and for one that
    `researchers`, the group of all researchers, signs in to."""
    refuse_duplicates(
        (((i, "name"), one.name) for i, one in enumerate(staff)), "Two staff machines have the same name."
    )
    roles = (((i, "roles", j), role) for i, one in enumerate(staff) for j, role in enumerate(one.roles))
    refuse_duplicates(roles, "Two staff machines have the same role.")
    users = (((i, "users"), str(one.users)) for i, one in enumerate(staff))
    refuse_duplicates(users, "The same group signs in to two staff machines.")
    for i, one in enumerate(staff):
        if one.users == researchers:
            raise InvalidValue("a group of staff; not that of `desk_users`", at=(i, "users"), found=str(one.users),
                               problem="Every researcher would sign in to a staff machine.")  # fmt: skip


class StaffMachine(StaffMachineSpec, ComputerConfig):
    """The configuration of a virtual machine of the staff network."""
