"""The store: one SQLite file."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from formats.errors import InputError
from local_azure import admin
from local_azure.ids import prefixes
from local_azure.model import StoredResource
from local_azure.store import DAY, SETTINGS, Store, StoreError

SUB = "10ca1000-0000-4000-8000-000000000001"
RG = f"/subscriptions/{SUB}/resourceGroups/rg-one"
NETWORK = f"{RG}/providers/Microsoft.Network"


def stored(id_: str, token: str = "t:n:Vnet", **properties: object) -> StoredResource:  # noqa: S107
    return StoredResource(id_, token, id_.rsplit("/", 1)[-1], properties)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "azure.db")


def test_ids_are_case_insensitive(store: Store) -> None:
    store.put(stored(f"{NETWORK}/virtualNetworks/Hub", location="uksouth"), SUB)
    found = store.get(f"{NETWORK}/virtualNetworks/hUB".upper())
    assert found is not None
    assert (found.name, found.location) == ("Hub", "uksouth")


def test_children_are_resources_below_at_any_depth(store: Store) -> None:
    for name in ("hub", "hub/subnets/a", "hub/subnets/a/x/y", "hub2", "hub-b/subnets/c"):
        store.put(stored(f"{NETWORK}/virtualNetworks/{name}"), SUB)
    names = [child.id.split("virtualNetworks/")[1] for child in store.children(f"{NETWORK}/virtualNetworks/HUB")]
    assert names == ["hub/subnets/a", "hub/subnets/a/x/y"]
    assert list(store.children(RG, token="t:n:Other")) == []


def test_referencing_finds_the_id_and_ids_below_it(store: Store) -> None:
    vnet = f"{NETWORK}/virtualNetworks/hub"
    store.put(stored(vnet, subnets=[{"id": f"{vnet}/subnets/a"}]), SUB)
    store.put(stored(f"{vnet}/providers/Microsoft.Insights/diagnosticSettings/d", on=vnet), SUB)
    store.put(stored(f"{NETWORK}/x/references-below", ip=[{"subnet": {"id": f"{vnet}/subnets/A".upper()}}]), SUB)
    store.put(stored(f"{NETWORK}/x/references", of=vnet), SUB)
    store.put(stored(f"{NETWORK}/x/map-key", ids={vnet: {}}), SUB)
    store.put(stored(f"{NETWORK}/x/other", of=f"{vnet}-two"), SUB)
    assert [user.name for user in store.referencing(vnet)] == ["map-key", "references", "references-below"]
    store.put(stored(f"{NETWORK}/x/references", of=None), SUB)
    store.remove(f"{NETWORK}/x/map-key")
    assert [user.name for user in store.referencing(vnet)] == ["references-below"]


def test_of_type_filters_by_subscription(store: Store) -> None:
    store.put(stored(RG, "t:r:Group"), SUB)
    store.put(stored("/subscriptions/other/resourceGroups/x", "t:r:Group"), "other")
    assert len(list(store.of_type("t:r:Group"))) == 2
    assert [found.id for found in store.of_type("t:r:Group", SUB.upper())] == [RG]


def test_soft_deleted_name_is_free_after_the_retention(tmp_path: Path) -> None:
    now = [1000.0]
    store = Store(tmp_path / "azure.db", clock=lambda: now[0])
    vault = f"{RG}/providers/Microsoft.KeyVault/vaults/kv-one"
    store.put(stored(vault, "t:k:Vault", tags={"a": "b"}), SUB)
    store.remove(vault, days=lambda _: 7)
    assert store.get(vault) is None
    removed = store.soft_deleted("t:k:Vault", "KV-ONE")
    assert removed is not None
    assert removed.properties == {"tags": {"a": "b"}}
    assert store.global_name_owner("t:k:Vault", "kv-One") == vault
    now[0] += 7 * DAY + 1
    assert store.soft_deleted("t:k:Vault", "kv-one") is None
    assert store.global_name_owner("t:k:Vault", "kv-one") is None


def test_remove_deletes_children(store: Store) -> None:
    store.put(stored(RG, "t:r:Group"), SUB)
    store.put(stored(f"{NETWORK}/virtualNetworks/hub"), SUB)
    assert [removed.name for removed in store.remove(RG.upper())] == ["rg-one", "hub"]
    assert store.count() == 0


def test_locks_are_found_above_and_below(store: Store) -> None:
    vnet = f"{NETWORK}/virtualNetworks/hub"
    store.put(stored(f"{vnet}/providers/Microsoft.Authorization/locks/keep", level="CanNotDelete"), SUB)
    assert [lock.level for lock in store.locks(f"{vnet}/subnets/a")] == ["CanNotDelete"]
    assert store.locks(RG) == []
    assert [lock.scope for lock in store.locks(RG, below=True)] == [vnet.lower()]
    store.remove(f"{vnet}/providers/Microsoft.Authorization/locks/keep")
    assert store.locks(vnet) == []


def test_count_by_type_subscription_and_region(store: Store) -> None:
    for number, location in enumerate(("uksouth", "UK South", "ukwest", None)):
        properties = {} if location is None else {"location": location}
        store.put(StoredResource(f"{RG}/providers/M.N/things/{number}", "t", str(number), properties), SUB)
    store.put(StoredResource(f"{RG}/providers/M.N/others/1", "u", "1", {"location": "uksouth"}), SUB)
    assert store.count_of_type("t", SUB.upper()) == 4
    assert store.count_of_type("t", SUB, "uksouth") == 2
    assert store.count_of_type("t", "another") == 0


def test_file_of_the_previous_format_is_migrated(store: Store) -> None:
    store.put(stored(RG), SUB)
    store.close()
    with sqlite3.connect(store.path) as file:
        file.execute("DROP INDEX resource_by_place")
        file.execute("PRAGMA user_version=1")
    again = Store(store.path)
    assert again.get(RG) is not None
    assert again.count_of_type("t:n:Vnet", SUB) == 1


def test_failed_transaction_is_rolled_back(store: Store) -> None:
    with pytest.raises(RuntimeError), store.transaction():
        store.put(stored(RG), SUB)
        raise RuntimeError
    assert store.count() == 0


def test_processes_share_the_file(store: Store, tmp_path: Path) -> None:
    store.put(stored(RG), SUB)
    code = (
        "from pathlib import Path; from local_azure.store import Store; from local_azure.model import StoredResource;"
        f"s = Store(Path({str(store.path)!r})); print(s.get({RG!r}).name);"
        f"s.put(StoredResource({RG + '-two'!r}, 't', 'two', {{}}), 's')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "rg-one"
    assert store.count() == 2


def test_a_process_that_closes_the_file_leaves_the_log_of_one_that_has_it_open_twice(store: Store) -> None:
    second = Store(store.path)
    store.put(stored(RG), SUB)
    code = (
        "from pathlib import Path; from local_azure.store import Store;"
        f"s = Store(Path({str(store.path)!r})); s.count(); s.close()"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert store.path.with_name("azure.db-wal").exists()
    assert second.count() == 1


def test_file_is_readable_by_its_owner_only(store: Store) -> None:
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_damaged_file_is_refused_and_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "azure.db"
    file.write_bytes(b"not a database at all" * 300)
    before = file.read_bytes()
    with pytest.raises(StoreError, match="damaged"):
        Store(file)
    assert file.read_bytes() == before


def test_file_of_a_newer_format_is_refused(store: Store) -> None:
    store.put(stored(RG), SUB)
    store.close()
    connection = sqlite3.connect(store.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        Store(store.path)


def test_full_disk_is_reported_and_loses_nothing(store: Store) -> None:
    store.put(stored(RG), SUB)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full"):
        store.put(stored(f"{RG}-two", text="x" * 100_000), SUB)
    assert [found.id for found in store.all_resources()] == [RG]


def test_prefixes_from_resource_to_subscription() -> None:
    assert prefixes(RG) == [RG, f"/subscriptions/{SUB}/resourceGroups", f"/subscriptions/{SUB}"]


def test_admin_lists_counts_and_resets(store: Store) -> None:
    vault = f"{RG}/providers/Microsoft.KeyVault/vaults/kv-one"
    store.put(stored(RG, "t:r:Group"), SUB)
    store.put(stored(vault, "t:k:Vault"), SUB)
    store.remove(vault, days=lambda _: 7)
    assert [(entry.id, entry.type) for entry in admin.resources(store.path)] == [(RG, "t:r:Group")]
    reserved = admin.soft_deleted(store.path)
    assert [entry.id for entry in reserved] == [vault]
    assert reserved[0].held_until is not None
    assert admin.count(store.path) == 1
    assert admin.reset(store.path) == 1
    assert admin.resources(store.path) == admin.soft_deleted(store.path) == []


def test_admin_reads_create_no_file(tmp_path: Path) -> None:
    assert admin.resources(tmp_path / "none.db") == []
    assert admin.count(tmp_path / "none.db") == admin.reset(tmp_path / "none.db") == 0
    assert not (tmp_path / "none.db").exists()


def test_documented_subscription_settings_are_valid(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/platform-team.md").read_text(encoding="utf-8")
    (example,) = (part.partition("```")[0] for part in guide.split("```yaml\n") if part.startswith("subscriptions:"))
    (tmp_path / SETTINGS).write_text(example, encoding="utf-8")
    settings = Store(tmp_path / "azure.db").settings(SUB)
    assert settings is not None
    assert set(settings.model_fields_set) == set(type(settings).model_fields)


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("subscriptions: {10ca1000-0000-4000-8000-000000000001: {malware: off}}", "malware"),
        ("subscriptions: {3c1f6f0e-0000-4000-8000-00000000abcd: {}}", "subscriptions"),
        ("10ca1000-0000-4000-8000-000000000001: {}", "subscriptions"),
    ],
)
def test_bad_subscription_settings_are_named(tmp_path: Path, content: str, key: str) -> None:
    (tmp_path / SETTINGS).write_text(content)
    with pytest.raises(InputError, match=SETTINGS) as caught:
        Store(tmp_path / "azure.db")
    assert key in str(caught.value.key)
