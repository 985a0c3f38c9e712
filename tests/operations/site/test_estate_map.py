"""The map of an estate: as a drawing, and as a list of the same."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from operations.site.estate_map import MOST_TENANCIES, frames_of, map_of
from operations.site.facts import StackFacts
from operations.site.map_layout import Cluster, Curve, Layout, Rectangle, lay_out
from operations.site.writing import pages_of, rendered
from tests.operations.site import sample

HOSTILE = '"]; n0 [label="x" URL="javascript:alert(1)"] <script>'


def _links() -> dict[tuple[str, str], str]:
    found = map_of(sample.facts())
    assert found
    return {(one.link.source.name, one.link.target.name): one.link.arrow.does for one in found.links}


def test_data_moves_from_zone_to_zone_and_by_staging_alone_into_a_tenancy() -> None:
    moves = {pair for pair, does in _links().items() if does == "moves data"}
    assert moves == {("junction", "landing"), ("landing", "warehouse"), ("warehouse", "staging"),
                     ("warehouse", "archive"), ("staging", "hcm-progression")}  # fmt: skip


def test_people_reach_the_zones_and_the_project_and_firewalls_let_out_to_hosts() -> None:
    found = map_of(sample.facts())
    assert found
    people = {(who, one.link.target.name, one.link.arrow.does) for one in found.links
              if one.link.arrow.tone == "people" for who in one.link.arrow.who}  # fmt: skip
    assert ("stewards of warehouse", "warehouse", "reads and writes") in people
    assert ("researchers of hcm-progression", "hcm-progression", "reads and writes") in people
    assert ("stewards of archive", "archive", "reads") in people
    assert ("hcm-progression", "sign-in to Entra") in _links()
    assert [kind.fewest for kind in found.stopped] == [3, 3, 3]


def test_many_tenancies_are_one_box_that_is_listed_below() -> None:
    facts = sample.facts()
    names = [f"tre-project-{number}" for number in range(100)]
    like = facts.stacks[-1]
    rows = [row for row in facts.access.rows if row.thing.stack == like.name]
    copies = [replace(row, thing=replace(row.thing, stack=name)) for name in names for row in rows]
    many = replace(facts, stacks=(*facts.stacks, *(replace(like, name=name) for name in names)),
                   access=replace(facts.access, rows=(*facts.access.rows, *copies)))  # fmt: skip
    assert len(names) > MOST_TENANCIES
    drawn = map_of(many)
    assert drawn
    assert Counter(one.box.tone for one in drawn.boxes)["tenancy"] == 1
    assert next(one.box.lines[0] for one in drawn.boxes if one.box.tone == "tenancy") == "101 bespoke tenancies"
    page = next(page for page in pages_of(many) if page.path == "map.html")
    text = next(rendered(many, [page]))[1]
    assert all(name in text for name in names)


def test_nothing_deployed_is_no_map() -> None:
    facts = sample.facts()
    assert map_of(replace(facts, stacks=tuple(replace(stack, plan=None) for stack in facts.stacks))) is None


def test_no_name_of_a_host_is_broken_and_no_arrow_crosses_the_label_of_a_frame() -> None:
    drawn = map_of(sample.facts())
    assert drawn
    texts = {text for box in drawn.boxes for _, _, text, _ in box.texts}
    assert "login.microsoftonline.com," in texts
    crossing = Curve(((0.0, 0.0), (0.0, 0.0), (60.0, 60.0), (60.0, 60.0)), (64.0, 64.0))
    layout = Layout(200, 200, (), (Rectangle(0, 0, 200, 100),), (crossing,))
    (frame,) = frames_of(["Tenancies"], layout)
    assert frame.label_at == (133.4, 16)


def test_names_go_into_no_text_of_graphviz_and_no_markup() -> None:
    facts = sample.facts()
    hostile = tuple(replace(stack, cell=HOSTILE, kind=HOSTILE) for stack in facts.stacks)
    hostile = (*hostile, StackFacts("other", HOSTILE, "local", HOSTILE, plan=facts.stacks[-1].plan))
    facts = replace(facts, stacks=hostile, flows=None)
    page = next(page for page in pages_of(facts) if page.path == "map.html")
    text = next(rendered(facts, [page]))[1]
    assert "<script>" not in text.partition("<main")[2]
    assert not any("javascript:" in address for address in re.findall(r'href="([^"]*)"', text))


def test_boxes_are_inside_their_frames_and_arrows_go_down() -> None:
    layout = lay_out([(100, 40)] * 4, [(0, 1), (1, 2), (1, 3)], [Cluster((1,), (Cluster((2, 3)),))], [3])
    outer, inner = layout.frames
    for box, frame in ((layout.boxes[1], outer), (layout.boxes[2], inner)):
        assert frame.x < box.x
        assert frame.y < box.y
        assert box.x + box.width < frame.x + frame.width
        assert box.y + box.height < frame.y + frame.height
    assert all(curve.points[0][1] < curve.tip[1] for curve in layout.curves)
    assert lay_out([(100, 40)], [], []).curves == ()
