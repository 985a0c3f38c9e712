"""What every page must be: usable by everybody, without scripts or a network, on paper, and running nothing of others.

Each check takes an open page or a file and returns what is wrong with it, nothing if all is well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from operations.settings import ROOT
from tests.browser.chromium import COMMAND, Page

AXE = ROOT / ".sde/tools/axe-core/node_modules/axe-core/axe.min.js"
needs_browser = pytest.mark.skipif(
    not (COMMAND and AXE.exists()),
    reason="there is no chromium" if not COMMAND else "axe-core is not installed: scripts/axe-core",
)
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
OF_COLOUR, OF_WIDTH = "color-contrast", ("target-size", "scrollable-region-focusable")
"""The rules of axe-core whose results change with the colour scheme and with the width."""
MOST_CONTROLS, LAST_CONTROLS = 80, 15
"""Of a page with more controls, the first and the last are tried."""
NARROW = 320
"""CSS pixels: a width of 1280 at 400% (WCAG 1.4.10)."""
PAPER = 718
"""CSS pixels between the margins of A4."""

_VISIBLE = "one.checkVisibility({visibilityProperty: true, contentVisibilityAuto: true})"
_LINES = """(() => {
  const found = [];
  const walk = document.createTreeWalker(%s, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    const text = walk.currentNode.data.replace(/\\s+/g, " ").trim();
    if (text && !one.closest("script, style, title, noscript") && (%s)) found.push(text);
  }
  return found;
})()"""


def all_wrong(file: Path) -> list[str]:
    """Return all that is wrong with a page."""
    with Page(file) as page:
        with_scripts = _lines(page, f"!one.closest('{_CONTROLS}') && {_VISIBLE}")
        found = [*_wrong_on_screen(page), *keyboard(page)]
        page.resize(NARROW)
        found += [*too_wide(page, NARROW), *axe(page, "narrow", *OF_WIDTH)]
        found += [*on_paper(page), *ran(page)]
        page.resize()
        page.open(scripts=False)
        return [*found, *without_scripts(page, with_scripts), *ran(page)]


def _wrong_on_screen(page: Page) -> Iterator[str]:
    yield from axe(page, "light")
    yield from follows_scheme(page, "light")
    yield from drawn(page, "light")
    page.show(scheme="dark")
    yield from axe(page, "dark", OF_COLOUR)
    yield from follows_scheme(page, "dark")
    yield from drawn(page, "dark")
    page.show()


# What axe-core finds


@cache
def _axe() -> str:
    return AXE.read_text()


def axe(page: Page, name: str, *rules: str) -> list[str]:
    """Return the violations that axe-core finds, of some rules or of all; `name` says how the page is shown."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_axe() + ";0")
    options = {
        "runOnly": {"type": "rule", "values": rules} if rules else {"type": "tag", "values": STANDARDS},
        "rules": {} if rules else {"target-size": {"enabled": True}},
        "resultTypes": ["violations"],
        "preload": False,  # it would ask for the style sheet as data, which the policy refuses
    }
    said = page.evaluate(f"axe.run(document, {json.dumps(options)}).then(found => JSON.stringify(found.violations))")
    return [
        f"axe, {name}: {one['id']}: {one['help']}: {len(one['nodes'])} times, first {_node(one['nodes'][0])}"
        for one in json.loads(said)
    ]


def _node(node: dict[str, Any]) -> str:
    return f"{node['html'][:200]} {node.get('failureSummary', '')[:300]}"


def follows_scheme(page: Page, scheme: str) -> list[str]:
    """Return whether the page is bright in the dark, or dark in the light."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", colour)[:3])
    is_bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 128
    return [] if is_bright == (scheme == "light") else [f"{scheme}: the background is {colour}"]


_DRAWN = """(() => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = (colour) => parts(colour).slice(0, 3).map((one) => one / 255)
    .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, i) => sum + one * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const isSeen = (colour) => colour !== "none" && (parts(colour)[3] ?? 1) > 0;
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (isSeen(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const under = (svg, text) => {
    const {left, right, top, bottom} = text.getBoundingClientRect(), x = (left + right) / 2, y = (top + bottom) / 2;
    const boxes = [...svg.querySelectorAll("rect")].filter((one) => {
      const box = one.getBoundingClientRect();
      return isSeen(getComputedStyle(one).fill) && box.left <= x && x <= box.right && box.top <= y && y <= box.bottom
        && one.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
    });
    return boxes.length ? getComputedStyle(boxes.at(-1)).fill : behind(svg);
  };
  const found = [];
  for (const svg of document.querySelectorAll("svg")) {
    for (const one of svg.querySelectorAll("text"))
      found.push([contrast(getComputedStyle(one).fill, under(svg, one)), 4.5, one]);
    for (const one of svg.querySelectorAll("path, line, polyline")) {
      const stroke = getComputedStyle(one).stroke;
      if (isSeen(stroke)) found.push([contrast(stroke, behind(svg)), 3, one]);
    }
  }
  return found.filter(([is, least]) => is < least)
    .map(([is, _, one]) => `${is.toFixed(1)}: ${one.outerHTML.slice(0, 120)}`);
})()"""


def drawn(page: Page, scheme: str) -> list[str]:
    """Return the texts and lines of drawings with too little contrast (WCAG 1.4.3, 1.4.11): axe-core cannot tell."""
    return [f"{scheme}: a drawing has the contrast {one}" for one in page.evaluate(_DRAWN)[:5]]


# Without a mouse

_FOCUSABLE = f"""[...document.querySelectorAll(
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]")]
  .filter(one => one.tabIndex >= 0 && !one.disabled && {_VISIBLE} && (one.type !== "radio" || one.checked))"""
_FOCUSED = """(() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 40), 1), innerWidth - 2);
  const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 12), 1), innerHeight - 2);
  const top = document.elementFromPoint(x, y);
  const own = [one, ...(one.labels || [])];
  const covered = top && !top.contains(one) && !own.some(part => part.contains(top));
  return {
    number: globalThis.expected.indexOf(one),
    scrolls: one.scrollWidth > one.clientWidth || one.scrollHeight > one.clientHeight,
    html: one.outerHTML.slice(0, 120),
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 || style.boxShadow !== "none",
    shown: box.bottom > 0 && box.top < innerHeight && !covered,
    skips: one.matches("a[href^='#']") ? one.getAttribute("href").slice(1) : "",
  };
})()"""


def keyboard(page: Page) -> list[str]:
    """Return what the Tab key does not reach in the order of the page, or leaves without a visible focus."""
    page.evaluate("document.activeElement.blur(), scrollTo(0, 0)")
    count = page.evaluate(f"(globalThis.expected = {_FOCUSABLE}).length")
    expected = list(range(count))
    found, reached = _pressed(page, min(count, MOST_CONTROLS))
    if count > MOST_CONTROLS:
        start = max(MOST_CONTROLS, count - LAST_CONTROLS)
        page.evaluate(f"globalThis.expected[{start}].focus()")
        more = _pressed(page, count - start - 1)
        found, reached = [*found, *more[0]], [*reached, *more[1]]
        expected = [*range(MOST_CONTROLS), *range(start + 1, count)]
    if reached != expected:
        missed = sorted(set(expected) - set(reached))
        first = page.evaluate(f"globalThis.expected[{missed[0]}].outerHTML.slice(0, 120)") if missed else ""
        found.append(
            f"keyboard: reaches {len(reached)} of {len(expected)} in this order: {reached[:20]}; never {first}"
        )
    return found


def _pressed(page: Page, controls: int) -> tuple[list[str], list[int]]:
    """Press Tab until so many controls are reached; return what is wrong, and the numbers of the controls."""
    found, reached = list[str](), list[int]()
    for _ in range(controls + 50):
        if len(reached) >= controls:
            break
        page.press("Tab", 9)
        now = page.evaluate(_FOCUSED)
        if now is None:
            break
        if now["number"] == 0:
            found += _first(page, now)
        if now["number"] >= 0:
            reached.append(now["number"])
        elif not now["scrolls"]:
            found.append(f"keyboard: reaches {now['html']}, which is no control")
        if not now["ringed"]:
            found.append(f"keyboard: no visible focus at {now['html']}")
        if not now["shown"]:
            found.append(f"keyboard: the focus is hidden at {now['html']}")
    return found, reached


def _first(page: Page, now: dict[str, Any]) -> list[str]:
    if not page.evaluate("!!document.querySelector('nav, header a, header button')"):
        return []  # nothing to skip
    target = now["skips"]
    if not target or not page.evaluate(f"!!document.getElementById({json.dumps(target)})?.matches('main, main *')"):
        return [f"keyboard: the first control is no link to the content: {now['html']}"]
    return []


# Narrow and on paper

_WIDE = """[...document.body.querySelectorAll("*")].filter(one => {
  if (!one.checkVisibility() || one.getBoundingClientRect().right <= %d + 1) return false;
  for (let up = one.parentElement; up; up = up.parentElement)
    if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(up).overflowX)) return false;
  return true;
}).slice(0, 3).map(one => one.outerHTML.slice(0, 120))"""
_UNREACHABLE = """[...document.body.querySelectorAll("*")].filter(one =>
  one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 1
    && ["hidden", "clip"].includes(getComputedStyle(one).overflowX)
    || ["auto", "scroll"].includes(getComputedStyle(one).overflowX) && one.scrollWidth > one.clientWidth + 1
    && one.tabIndex < 0 && !one.querySelector("a[href], button, input, summary, [tabindex='0']")
).slice(0, 3).map(one => one.outerHTML.slice(0, 120))"""


def too_wide(page: Page, width: int) -> list[str]:
    """Return what makes the page scroll sideways, and what scrolls in itself where no key reaches it."""
    wide = page.evaluate("document.scrollingElement.scrollWidth")
    found = [f"{width} wide: the page is {wide}: {page.evaluate(_WIDE % width)}"] if wide > width else []
    unreachable = page.evaluate(_UNREACHABLE)
    return [*found, *(f"{width} wide: no key scrolls {one}" for one in unreachable)]


_CONTROLS = "label, output, button, select"
"""Controls, with their names and what they say."""
_PRINTED = f"!one.closest('nav, [hidden], {_CONTROLS}')"
"""What must be on paper: all but what is of use on a screen alone."""
_CUT = """[...document.body.querySelectorAll("*")].filter(one =>
  one.checkVisibility() && getComputedStyle(one).overflowX !== "visible" && one.clientWidth > 1
    && one.scrollWidth > one.clientWidth + 1).slice(0, 3).map(one => one.outerHTML.slice(0, 120))"""


def on_paper(page: Page) -> list[str]:
    """Return what the printed page lacks of its content: text that is not there, and what the paper cuts off."""
    page.resize(PAPER)
    page.show(media="print", scheme="dark")  # a dark screen prints on white paper
    shown = set(page.evaluate(_LINES % ("document.querySelector('main') || document.body", _VISIBLE)))
    content = page.evaluate(_LINES % ("document.querySelector('main') || document.body", _PRINTED))
    lost = [line for line in content if line not in shown]
    found = [f"on paper: {len(lost)} texts are lost, such as {lost[:3]}"] if lost else []
    if (wide := page.evaluate("document.scrollingElement.scrollWidth")) > PAPER:
        found.append(f"on paper: the page is {wide} wide: {page.evaluate(_WIDE % PAPER)}")
    found += [f"on paper: cut off: {one}" for one in page.evaluate(_CUT)]
    found += [f"on paper: {one}" for one in follows_scheme(page, "light")]
    if not page.pdf().startswith(b"%PDF-"):
        found.append("on paper: no PDF")
    page.show()
    return found


# Without scripts, and running nothing of others


def _lines(page: Page, which: str = _VISIBLE) -> list[str]:
    lines: list[str] = page.evaluate(_LINES % ("document.body", which))
    return lines


def without_scripts(page: Page, with_scripts: list[str]) -> list[str]:
    """Return what an open page without scripts does not show, and the controls that do nothing."""
    there = set(_lines(page))
    lost = [line for line in with_scripts if line not in there]
    dead = page.evaluate(
        f"[...document.querySelectorAll('button, input, select, textarea')].filter(one => {_VISIBLE})"
        ".map(one => one.outerHTML.slice(0, 120))"
    )
    found = [f"without scripts: {len(lost)} texts are lost, such as {lost[:3]}"] if lost else []
    return [*found, *(f"without scripts: does nothing: {one}" for one in dead)]


def ran(page: Page) -> list[str]:
    """Return what the page did that it must not: requests, refused content, errors of scripts, and dialogues."""
    requests = [one["request"]["url"] for one in page.told("Network.requestWillBeSent")]
    asked = [f"asks for {url[:200]}" for url in requests if not url.startswith(("file:", "data:"))]
    issues = [one["issue"] for one in page.told("Audits.issueAdded")]
    refused = [f"policy: {json.dumps(one['details'])[:300]}" for one in issues if "ContentSecurity" in one["code"]]
    logged = [f"log: {one['entry']['text'][:300]}" for one in page.told("Log.entryAdded")]
    thrown = [f"script: {json.dumps(one)[:300]}" for one in page.told("Runtime.exceptionThrown")]
    written = [f"console: {json.dumps(one['args'])[:300]}" for one in page.told("Runtime.consoleAPICalled")]
    dialogues = [f"dialogue: {one['message'][:200]}" for one in page.told("Page.javascriptDialogOpening")]
    return [*asked, *refused, *logged, *thrown, *written, *dialogues]
