"""The estate's files as frozen pydantic models. docs/estate.md explains each key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from formats.addresses import (
    StaffRole,
    TenancyKind,
    ZoneName,
    cell_sized,
    private_range,
    refuse_misplaced_cells,
    space_for_cells,
)
from formats.computers import StaffMachineSpec
from formats.egress import MAX_RULES, EgressRule, FormerArchive, distinct_rules, refuse_internal_addresses
from formats.errors import NOT_SHOWN
from formats.input_model import Guid, Line, Model, Slug, one_line
from formats.locations import Location
from formats.people import NamedApproval
from formats.pinned_policies import PinnedPolicies
from formats.providers import Provider as ConfiguredProvider
from formats.providers import ProviderSpec, refuse_common_ways
from formats.ssh_keys import without_comment
from formats.stack_config import (
    Cloud,
    DataClass,
    EstateCode,
    Region,
    RetentionDays,
    TagValue,
    ZoneSpec,
    check_staff,
)
from formats.tenant_restrictions import TenantRestrictions
from formats.validation import InvalidValue, refuse_duplicates
from formats.ways_in import SiteSpec, refuse_common_sites, refuse_egress_to_sites
from operations.estate.charges import Charges
from operations.estate.shared_tenancy_schema import SharedTenancy, check_shared_tenancies
from operations.estate.windows_desks_schema import WindowsDesks

MIN_RSA_BITS = 2048
MAX_KEY_LENGTH = 2000
TAG_NAME = r"^[A-Za-z][A-Za-z0-9_.-]{0,127}$"
AZURE_TAGS = ("microsoft", "azure", "windows")
"""Prefixes of tag names that Azure reserves."""
STACK_TAGS = frozenset({"project", "request", "controller", "data-class", "expiry", "organisation", "cost-centre"})
"""The tags of every stack's resources, which `rendering.py` sets."""


def _public_key(value: object) -> object:
    """Require an SSH public key that Azure accepts: Ed25519, or RSA of 2048 bits or more. No other text is shown: it
    may be the private half, in any of its many forms."""
    text = value if isinstance(value, str) and len(value) <= MAX_KEY_LENGTH else ""
    try:
        key = load_ssh_public_key(one_line(text).encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidValue(
            "an SSH public key, such as `ssh-ed25519 AAAA... name`", problem="This is not a public key.",
            found=NOT_SHOWN if value else None,
            fix="Put the line of the file that ends with .pub here. If this was a private key, treat it as lost: make "
            "another pair, and remove this one from the history of the repository.",
        ) from None  # fmt: skip
    if isinstance(key, Ed25519PublicKey) or (isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS):
        return text
    raise ValueError(f"an Ed25519 key, or an RSA key of {MIN_RSA_BITS} bits or more")


def _tag_names(tags: dict[str, str]) -> dict[str, str]:
    lowered = [name.lower() for name in tags]
    if len(set(lowered)) < len(lowered):
        raise ValueError("tag names that differ in more than case")
    if any(name.startswith(AZURE_TAGS) for name in lowered):
        raise ValueError("tag names that do not begin with " + ", ".join(AZURE_TAGS))
    for name in tags:
        if name.lower() in STACK_TAGS:
            raise InvalidValue(problem="This tag is set from the estate and its requests.", at=(name,), found=name,
                               fix="Remove it.")  # fmt: skip
    return tags


PublicKey = Annotated[str, BeforeValidator(_public_key)]
TagName = Annotated[str, StringConstraints(pattern=TAG_NAME)]
Tags = Annotated[dict[TagName, Annotated[TagValue, AfterValidator(one_line)]], Field(max_length=30),
                 AfterValidator(_tag_names)]  # fmt: skip
"""The estate's own tags, in addition to those of every stack. Azure allows 50 in total."""


def _checked_roots(restrictions: TenantRestrictions) -> TenantRestrictions:
    """Require certificates of root certificate authorities."""
    from operations.estate.root_certificates import checked_roots  # noqa: PLC0415 - slow, and an option

    return checked_roots(restrictions)


ProviderCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,10}$")]


class Subscriptions(Model):
    """The subscriptions of a cell's stacks."""

    platform: Guid
    zones: Guid
    tenancies: tuple[Guid, ...] = Field(min_length=1)
    """Filled in order. Only append: allocations refer to them by index."""

    @property
    def every(self) -> tuple[UUID, ...]:
        """All subscriptions without duplicates, the platform's first."""
        return tuple(dict.fromkeys((self.platform, self.zones, *self.tenancies)))


class Cell(Model):
    """One hub and its tenancies."""

    name: Annotated[Slug, StringConstraints(max_length=20)]
    addresses: Annotated[IPv4Network, BeforeValidator(private_range), AfterValidator(cell_sized)]
    subscriptions: Subscriptions
    storage_accounts: int = Field(default=250, ge=10, le=500)
    """The limit per subscription in the region: by default 250, on request 500."""


class Zones(Model):
    """The five zones."""

    junction: ZoneSpec
    landing: ZoneSpec
    warehouse: ZoneSpec
    staging: ZoneSpec
    archive: ZoneSpec


assert tuple(Zones.model_fields) == tuple(ZoneName)  # noqa: S101 - both list the same zones


class ApprovedEgressRule(EgressRule):
    """An egress rule with the people who answer for it."""

    approval: NamedApproval | None = None
    """Required; `approvals.py` says so with an example."""


ApprovedEgress = Annotated[tuple[ApprovedEgressRule, ...], Field(max_length=MAX_RULES), AfterValidator(distinct_rules)]


class Provider(ProviderSpec):
    """An organisation that uploads data."""

    approval: NamedApproval | None = None
    """The approval of this way into the estate. Required with `way_in`, and in an estate with a roster."""

    code: ProviderCode
    """Its ODS code, as the Organisation Data Service writes it."""


class CareSystem(Model):
    """An integrated care system with its providers."""

    name: Line
    providers: tuple[Provider, ...] = Field(min_length=1)


class Approval(Model):
    """The approval of the SDE itself, for the tags of the platform and the zones."""

    request: Line
    controller: Line
    expires: date


class ApprovalTerms(Model):
    """The longest time from today for which anything is approved, and for which people are on the roster."""

    longest_days: int = Field(default=3 * 365, ge=30, le=5 * 366)
    """Three years is the longest data sharing agreement for most purposes, and five years the longest of all
    (digital.nhs.uk, DARS, "Data sharing standard 1: Length of Data Sharing Agreement")."""


class FormerKey(Model):
    """An earlier break-glass key, which virtual machines from before still have."""

    key: PublicKey
    approval: NamedApproval | None = None
    """Required in an estate with a roster."""


class StaffMachine(StaffMachineSpec):
    """A virtual machine of the staff network, with the people who answer for it."""

    approval: NamedApproval | None = None
    """Required; `approvals.py` says so with an example."""


class Site(SiteSpec):
    """A connected site, with the people who answer for it."""

    approval: NamedApproval | None = None
    """Required; `approvals.py` says so with an example."""


def _refuse_own_endpoints(providers: Iterable[tuple[Location, Provider]], cells: Iterable[Cell]) -> None:
    """Refuse a private endpoint in a subscription of the estate: it would lead past the hub's firewall."""
    own = {str(subscription) for cell in cells for subscription in cell.subscriptions.every}
    for path, provider in providers:
        connection = provider.way_in and provider.way_in.private_endpoint
        if connection and connection.endpoint.split("/")[2].lower() in own:
            raise InvalidValue("a private endpoint in a subscription of the provider",
                               at=(*path, "way_in", "private_endpoint", "endpoint"), found=connection.endpoint,
                               problem="The private endpoint is in a subscription of the estate.")  # fmt: skip


def _refuse_shared_sites(found: Sequence[tuple[Location, Provider]], sites: Sequence[str]) -> None:
    """Refuse unknown sites, and a site of two providers, whose computers could then reach both inboxes."""
    users: dict[str, str] = {}
    for path, provider in found:
        at, site = (*path, "way_in", "site"), provider.way_in.site if provider.way_in else None
        if site is None:
            continue
        if site not in sites:
            raise InvalidValue(", ".join(sites) or "none: the estate has no sites", at=at, found=site,
                               problem="There is no such site.")  # fmt: skip
        if site in users:
            raise InvalidValue(f"a site that no other provider uses; {users[site]} uses {site}", at=at, found=site,
                               problem="Two providers share a site's addresses.",
                               fix="Add a site for each provider, with the ranges of its own computers. Several sites "
                               "may name the same device.")  # fmt: skip
        users[site] = provider.name


class LedgerPlace(Model):
    """Where the ledger of runs in Azure is. All three are made before the first `up`, outside the stacks."""

    container: Annotated[
        str, StringConstraints(pattern=r"^https://[a-z0-9]{3,24}\.blob\.core\.windows\.net/[a-z0-9-]{3,63}$")
    ]
    key: Annotated[
        str, StringConstraints(pattern=r"^https://[a-z0-9-]{3,24}\.vault\.azure\.net/secrets/[A-Za-z0-9-]{1,127}$")
    ]
    public_key: Line


class EstateFile(Model):
    """`estate.yaml`."""

    code: EstateCode
    organisation: Line
    region: Region
    cloud: Cloud
    tenant: Guid | None = None
    """The Entra tenant. Not required in the local Azure; SC6 requires it in the real one."""
    cost_centre: Line
    approval: Approval
    data_class: DataClass
    """The most sensitive data in the estate."""
    platform_team: Guid
    desk_users: Guid | None = None
    """The group whose members are the researchers' groups of all projects. It gets the Reader role on the Bastions."""
    confidential_orchestrator: Guid | None = None
    """Azure's enterprise application Confidential VM Orchestrator in this tenant: identifiable data needs it."""
    admin_public_key: PublicKey
    admin_key_approval: NamedApproval | None = None
    """The approval of the break-glass key. Required in an estate with a roster."""
    former_admin_keys: tuple[FormerKey, ...] = Field(default=(), max_length=10)
    former_archives: tuple[FormerArchive, ...] = Field(default=(), max_length=10)
    """Package archives, of apt or pip, that egress rules named before and existing desks still have."""
    log_retention_days: RetentionDays
    secrets_expire: date
    addresses: Annotated[IPv4Network, BeforeValidator(private_range), AfterValidator(space_for_cells)]
    cells: tuple[Cell, ...] = Field(min_length=1)
    zones: Zones
    egress: dict[TenancyKind, ApprovedEgress]
    staff: Annotated[tuple[StaffMachine, ...], Field(max_length=len(StaffRole))] = ()
    """The staff machines, in each cell; empty: no network for staff."""
    sites: Annotated[tuple[Site, ...], Field(max_length=10)] = ()
    """The networks outside Azure that are connected to the hub of the first cell."""
    tenant_restrictions: Annotated[TenantRestrictions, AfterValidator(_checked_roots)] | None = None
    """None: the firewall decrypts no sign-in, and people may sign in to any tenant."""
    windows_desks: WindowsDesks | None = None
    """None: no project has a Windows desk."""
    approvals: ApprovalTerms = ApprovalTerms()
    policies: PinnedPolicies | None = None
    charges: Charges | None = None
    """What the organisation charges a project besides Azure's prices. `sde cost` adds it."""
    ledger: LedgerPlace | None = None
    """Required for runs in Azure."""
    integrated_care_systems: tuple[CareSystem, ...] = Field(min_length=1)
    shared_tenancies: Annotated[tuple[SharedTenancy, ...], Field(max_length=64)] = ()
    """The networks in which projects of the kind `shared` have subnets."""
    tags: Tags = Field(default_factory=dict)

    @field_validator("former_admin_keys")
    @classmethod
    def _distinct_keys(cls, former: tuple[FormerKey, ...], before: ValidationInfo) -> tuple[FormerKey, ...]:
        present = before.data.get("admin_public_key", "")
        keys = (((i, "key"), without_comment(one.key)) for i, one in enumerate(former))
        refuse_duplicates(
            [((), without_comment(present)), *keys], "A former break-glass key is named twice, or is the present one."
        )
        return former

    @field_validator("cells")
    @classmethod
    def _separate_cells(cls, cells: tuple[Cell, ...], before: ValidationInfo) -> tuple[Cell, ...]:
        refuse_duplicates((((i, "name"), cell.name) for i, cell in enumerate(cells)), "Two cells have the same name.")
        if "addresses" in before.data:
            refuse_misplaced_cells([cell.addresses for cell in cells], before.data["addresses"])
        return cells

    @field_validator("tenant_restrictions")
    @classmethod
    def _of_a_tenant(cls, restrictions: TenantRestrictions | None, before: ValidationInfo) -> TenantRestrictions | None:
        if restrictions and before.data.get("cloud") is Cloud.AZURE and before.data.get("tenant") is None:
            raise InvalidValue("in an estate that states its `tenant`", found="no tenant",
                               problem="There is no tenant to which sign-in could be restricted.",
                               fix="tenant: <az account show --query tenantId>")  # fmt: skip
        return restrictions

    @field_validator("egress")
    @classmethod
    def _outside_the_estate(
        cls, egress: dict[TenancyKind, ApprovedEgress], before: ValidationInfo
    ) -> dict[TenancyKind, ApprovedEgress]:
        """Refuse egress rules with addresses inside the estate: they could open one project to another."""
        space = [before.data["addresses"]] if "addresses" in before.data else []
        for kind, rules in egress.items():
            refuse_internal_addresses(rules, space, at=(kind,))
        return egress

    @field_validator("integrated_care_systems")
    @classmethod
    def _distinct_codes(cls, systems: tuple[CareSystem, ...], before: ValidationInfo) -> tuple[CareSystem, ...]:
        codes = (((i, "providers", j, "code"), provider.code)
                 for i, system in enumerate(systems) for j, provider in enumerate(system.providers))  # fmt: skip
        refuse_duplicates(codes, "Two providers have the same code.")
        found = [
            ((i, "providers", j), provider) for i, one in enumerate(systems) for j, provider in enumerate(one.providers)
        ]
        refuse_common_ways([provider for _, provider in found], [path for path, _ in found])
        _refuse_own_endpoints(found, before.data.get("cells", ()))
        _refuse_shared_sites(found, [site.name for site in before.data.get("sites", ())])
        return systems

    @field_validator("staff")
    @classmethod
    def _one_machine_for_each_role(
        cls, staff: tuple[StaffMachine, ...], before: ValidationInfo
    ) -> tuple[StaffMachine, ...]:
        check_staff(staff, before)
        return staff

    @field_validator("sites")
    @classmethod
    def _sites_outside_the_estate(cls, sites: tuple[Site, ...], before: ValidationInfo) -> tuple[Site, ...]:
        refuse_common_sites(sites, [before.data["addresses"]] if "addresses" in before.data else [])
        refuse_egress_to_sites(sites, before.data.get("egress", {}))
        return sites

    @field_validator("shared_tenancies")
    @classmethod
    def _distinct_tenancies(
        cls, shared: tuple[SharedTenancy, ...], before: ValidationInfo
    ) -> tuple[SharedTenancy, ...]:
        cells = [cell.name for cell in before.data.get("cells", ())]
        check_shared_tenancies(shared, cells, before.data.get("data_class"))
        return shared

    def shared_tenancy(self, stack: str) -> SharedTenancy:
        """Return the shared tenancy of a stack. `KeyError` if there is none."""
        return {one.stack: one for one in self.shared_tenancies}[stack]

    @property
    def computer_settings(self) -> dict[str, Any]:
        """The fields of `ComputerConfig` that are the same for all computers."""
        return {
            "admin_public_key": self.admin_public_key,
            "former_admin_public_keys": tuple(one.key for one in self.former_admin_keys),
            "former_archives": self.former_archives,
        }

    @property
    def listed_providers(self) -> tuple[Provider, ...]:
        """All providers, in the order of the file."""
        return tuple(provider for system in self.integrated_care_systems for provider in system.providers)

    def egress_of(self, kind: TenancyKind) -> tuple[EgressRule, ...]:
        """Return the egress rules of a kind of tenancy, in the form of the stacks' configuration."""
        return tuple(  # of values that are validated
            EgressRule.model_construct(**{name: getattr(rule, name) for name in EgressRule.model_fields})
            for rule in self.egress.get(kind, ())
        )

    def providers(self, inboxes: Mapping[str, IPv4Address]) -> tuple[ConfiguredProvider, ...]:
        """Return all providers in the form of the stacks' configuration, given the address of each inbox by code."""
        return tuple(
            ConfiguredProvider(
                code=p.code.lower(),
                name=p.name,
                group=p.group,
                system=s.name,
                way_in=p.way_in,
                closed=p.closed,
                inbox=inboxes.get(p.code),
            )
            for s in self.integrated_care_systems
            for p in s.providers
        )
