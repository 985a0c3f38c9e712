"""Every check of pages finds the fault that it is for, and nothing in a page without faults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.browser.checks import all_wrong, needs_browser, ran
from tests.browser.chromium import Page

pytestmark = needs_browser
GOOD = """<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>:root { color-scheme: light dark; }
body { background: #fff; color: #111; } a { color: #048; display: inline-block; padding: .5rem; }
@media screen and (prefers-color-scheme: dark) { body { background: #111; color: #eee; } a { color: #9cf; } }
</style></head><body>
<a href="#content">Skip to the content</a><nav aria-label="Pages"><a href="#part">Part</a></nav>
<main id="content"><h1>A page</h1><h2 id="part">Part</h2>
<p class="own">Its text.</p><!-- here --></main></body></html>"""
HERE = "<!-- here -->"
POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
OF_CONTENT = {
    "axe, light: image-alt": (HERE, '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'),
    "axe, dark: color-contrast": ("@media screen", "main p { color: #666; } @media screen"),
    "axe, light: target-size": (HERE, '<p><a href="#a" class="small">a</a><a href="#b" class="small">b</a></p>'),
    "dark: a drawing has the contrast 1.0: <text": (
        HERE,
        '<svg><rect width="90" height="40" class="back"/><text x="5" y="20">Drawn</text></svg>',
    ),
    "light: a drawing has the contrast 1.0: <path": (HERE, '<svg><path d="M0,0 L20,20" stroke="#fff"/></svg>'),
    "axe, light: region": ("<main", "<p>Outside.</p><main"),
    "dark: the background is": ("background: #111; color: #eee", "background: #fff; color: #111"),
    "keyboard: no visible focus at <a": ("@media screen", "a:focus { outline: 0; } @media screen"),
    "keyboard: the first control is no link to the content": ('#content">Skip to the content', 'other.html">Other'),
    "keyboard: the focus is hidden at <a": ("</body>", '<div class="bar"></div></body>'),
    "320 wide: the page is": (HERE, '<p style="width: 500px">Wide.</p>'),
    "320 wide: no key scrolls <div": (HERE, '<div class="cut"><p style="width: 500px">Wide.</p></div>'),
    "such as ['Its text.']": ("@media screen", "@media print { main p.own { display: none } } @media screen"),
    "on paper: cut off: <div": (HERE, '<div class="own" tabindex="0"><p style="width: 1500px">Wide.</p></div>'),
}
"""Faults that stand beside each other: what is said of each, its place in the good page, and the fault."""
OF_SCRIPTS = {
    "in this order": (HERE, '<a href="#part" tabindex="2">Last</a> <a href="#part" tabindex="1">First</a>'),
    "on paper: 1 texts are lost, such as ['Closed.']": (
        HERE,
        "<details><summary>More</summary><p>Closed.</p></details>",
    ),
    "on paper: light: the background is": ("@media screen and", "@media"),
    "without scripts: 1 texts are lost, such as ['Late.']": (
        HERE,
        "<p id=l></p><script>l.innerText = 'Late.'</script>",
    ),
    "without scripts: does nothing: <button": (HERE, "<button>Sort</button>"),
    "asks for https://example.invalid": (HERE, '<img alt="" src="https://example.invalid/a.png">'),
    "script: ": (HERE, "<script>nothing.there()</script>"),
    "dialogue: here": (HERE, "<script>setTimeout(() => alert('here'))</script>"),
    "console: ": (HERE, "<script>console.log('here')</script>"),
}
STYLE = """<style>.small { padding: 0; font-size: 8px; } .bar { position: fixed; inset: 0; background: #fff; }
.back { fill: #000; }
.cut { overflow-x: hidden; width: 200px; } .own { overflow-x: auto; }</style></head>"""


def faulty(faults: Mapping[str, tuple[str, str]]) -> str:
    """Return the good page with all of these faults."""
    page = GOOD.replace("</head>", STYLE)
    for place, fault in faults.values():
        assert place in page
        page = page.replace(place, fault + HERE if place == HERE else fault, 1)
    return page


def test_a_page_without_faults_has_none(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(GOOD)
    assert all_wrong(tmp_path / "page.html") == []


@pytest.mark.parametrize("faults", [OF_CONTENT, OF_SCRIPTS], ids=["content", "scripts"])
def test_every_fault_is_found(tmp_path: Path, faults: Mapping[str, tuple[str, str]]) -> None:
    # The policy would refuse the pictures and scripts.
    (tmp_path / "page.html").write_text(faulty(faults).replace(POLICY, ""))
    found = "\n".join(all_wrong(tmp_path / "page.html"))
    assert [said for said in faults if said not in found] == [], found


def test_what_a_policy_refuses_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(GOOD.replace(HERE, "<script>window.ran = 1</script>"))
    with Page(tmp_path / "page.html") as page:
        assert any(one.startswith("policy: ") for one in ran(page))
        assert page.evaluate("window.ran", in_page=True) is None
