"""The price book's file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.errors import InputError
from operations.prices.book import Price, PriceBook, load, merged, save

ENTRY = "item: A, region: uksouth, unit: hour, price: '0.1', date: 2026-01-02, source: s"


def price(item: str, region: str | None = "uksouth", amount: str = "1") -> Price:
    return Price(item=item, region=region, unit="month", price=Decimal(amount), date=date(2026, 1, 2), source="s")


@pytest.mark.parametrize(
    ("entries", "key"),
    [
        (ENTRY.replace("'0.1'", "0"), "prices[0].price"),
        (ENTRY.replace("'0.1'", "-1"), "prices[0].price"),
        (ENTRY.replace("'0.1'", ".nan"), "prices[0].price"),
        (ENTRY.replace("'0.1'", ".inf"), "prices[0].price"),
        (ENTRY.replace("hour", "week"), "prices[0].unit"),
        (ENTRY.replace("source: s", "source: ''"), "prices[0].source"),
        (ENTRY.replace(", source: s", ""), "prices[0].source"),
        (ENTRY.replace("uksouth", "UK South"), "prices[0].region"),
        (ENTRY + ", note: x", "prices[0].note"),
        (f"{ENTRY}}}\n- {{{ENTRY}", "prices[1].item"),
    ],
)
def test_a_wrong_entry_is_refused_by_its_key(tmp_path: Path, entries: str, key: str) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(f"currency: USD\nprices:\n- {{{entries}}}\n")
    with pytest.raises(InputError) as refused:
        load(file)
    assert (refused.value.file, refused.value.key) == (str(file), key)


def test_a_number_is_read_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("currency: GBP\nprices:\n- {%s}\n" % ENTRY.replace("'0.1'", "0.1"))  # noqa: UP031
    assert load(tmp_path / "b.yaml").prices[0].monthly == Decimal("73.0")


@settings(max_examples=40)  # each example writes a file
@given(
    amounts=st.lists(st.decimals("0.0001", "100000", places=6), max_size=5),
    item=st.sampled_from(("Key in hardware, RSA 2048", "x: y", "# z", "'q'", "1.5", "é")),
)
def test_a_saved_book_is_read_back_unchanged(
    tmp_path_factory: pytest.TempPathFactory, amounts: list[Decimal], item: str
) -> None:
    file = tmp_path_factory.mktemp("book") / "book.yaml"
    prices = tuple(price(f"{item}{i}", None if i % 2 else "uksouth", f"{amount:f}") for i, amount in enumerate(amounts))
    save(PriceBook(currency="GBP", prices=prices), file)
    assert load(file) == PriceBook(currency="GBP", prices=prices)


def test_new_prices_replace_old_ones_of_their_region() -> None:
    old = PriceBook(currency="GBP", prices=(price("A"), price("A", "ukwest"), price("B")))
    found = merged(old, "GBP", [price("A", amount="2")])
    assert [(p.item, p.region, p.price) for p in found.prices] == [("A", "uksouth", 2), ("A", "ukwest", 1),
                                                                   ("B", "uksouth", 1)]  # fmt: skip


def test_prices_of_another_currency_are_left_out() -> None:
    old = PriceBook(currency="USD", prices=(price("A"), price("B")))
    assert [p.item for p in merged(old, "GBP", [price("A")]).prices] == ["A"]


def test_other_prices_are_kept_with_their_currency(tmp_path: Path) -> None:
    book, file = load(), tmp_path / "book.yaml"
    assert book.uses
    assert book.virtual_machines
    save(merged(book, "USD", [price("A")]), file)
    kept, left_out = load(file), merged(book, "GBP", [price("A")])
    assert (kept.uses, kept.virtual_machines) == (book.uses, book.virtual_machines)
    assert (left_out.uses, left_out.virtual_machines) == ((), ())


def listed(region: str, amount: str) -> str:
    return f"- {{region: {region}, date: 2026-01-02, source: s, prices: {{Standard_D2s_v5: '{amount}'}}}}\n"


def test_a_size_has_the_price_of_its_region_and_a_single_price_comes_first(tmp_path: Path) -> None:
    file, size = tmp_path / "book.yaml", "VM Standard_D2s_v5"
    file.write_text(f"currency: USD\nprices: []\nvirtual_machines:\n{listed('uksouth', '2')}{listed('ukwest', '3')}")
    book, regions = load(file), ("uksouth", "ukwest", "eastus")
    found = [one for region in regions if (one := book.price(size, region))]
    assert [(str(one.price.price), one.elsewhere) for one in found] == [("2", False), ("3", False), ("2", True)]
    single = merged(book, "USD", [price(size, "ukwest", "4")]).price(size, "ukwest")
    assert single
    assert single.price.price == 4


def test_one_size_has_one_price_in_a_region(tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    file.write_text("currency: USD\nprices: []\nvirtual_machines:\n" + 2 * listed("uksouth", "2"))
    with pytest.raises(InputError) as refused:
        load(file)
    assert refused.value.key == "virtual_machines[1].prices.Standard_D2s_v5"
