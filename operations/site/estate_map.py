"""The map of an estate: zones, tenancies, who reaches their data, how data moves on, and where it may leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap

from formats.stack_config import JunctionZoneConfig, PlatformConfig, SafeHavenConfig, SharedTenancyConfig, TenancyConfig
from formats.stack_names import TENANCY
from formats.urns import stack_of
from operations.access.actions import Action
from operations.access.things import Kind
from operations.access.view import Row
from operations.diffs.text import plural, printable, shortened
from operations.site.egress import SIGN_IN, Egress
from operations.site.facts import SiteFacts, StackFacts
from operations.site.flows_page import FlowKindView, kinds_of
from operations.site.group_names import GroupNames
from operations.site.map_layout import Cluster, Curve, Layout, Point, Rectangle, lay_out
from operations.site.pages import Page, stack_path

MOST_TENANCIES, MOST_ROLES = 4, 3
"""The most tenancies of a kind and cell that have boxes of their own, and the most roles in a box of people."""
_WIDTH, _LINE, _PADDING, _CHARACTERS = 140, 17, 14, 18
"""The least width of a box, the height of a line in it, the space around its lines, and the characters of a line."""
_LONGEST_WORD, _CHARACTER = 30, 7.4
"""The longest word that is not broken, and its width for each character, in pixels."""
_MOST_LINES = 4
_INDENT, _BELOW, _SMALL, _STEPS = 9, 4, 6.4, 40
"""The space beside a frame's label and below it, the width of a character in it, and the points of an arrow's part."""
_READS, _WRITES = (Action.READ, Action.LIST_KEYS, Action.TAKE), (Action.WRITE, Action.DELETE)
_AT_COMPUTER = "signed in to "
"""How the ways of people who work at a computer of the estate begin."""
_STORES = (Kind.CONTAINER, Kind.STORE, Kind.REGISTRY)


@dataclass(frozen=True)
class Box:
    """A node of the map."""

    tone: str
    """`zone`, `tenancy`, `hub`, `people` or `outside`."""
    lines: tuple[str, ...]
    """The name, then what it is."""
    path: str = ""
    """The page about it; empty without one."""
    members: tuple[str, ...] = ()
    """What it stands for, if that is several."""

    @property
    def name(self) -> str:
        """The name in one line."""
        return self.lines[0]


@dataclass(frozen=True)
class Arrow:
    """What may go from one node to another."""

    tone: str
    """`people`: they read and write; `moves`: a service of the estate moves data; `leaves`: a way out."""
    does: str
    who: tuple[str, ...]
    """The groups, or the services."""
    how: tuple[str, ...]
    """The network ways, or the rules of firewalls."""


@dataclass(frozen=True)
class Link:
    """An arrow between two nodes."""

    source: Box
    target: Box
    arrow: Arrow


@dataclass(frozen=True)
class Frame:
    """A frame with its label."""

    label: str
    rectangle: Rectangle
    label_at: Point
    """The beginning of the label's base line: in the corner that no arrow crosses, if there is one."""


@dataclass(frozen=True)
class PlacedBox:
    """A node in its place, with its lines broken."""

    box: Box
    rectangle: Rectangle
    texts: tuple[tuple[float, float, str, bool], ...]
    """For each line: the middle, the base line, its text, and True in the name."""


@dataclass(frozen=True)
class PlacedLink:
    """An arrow in its place."""

    link: Link
    line: str
    """The path of its line, in SVG's letters."""
    head: str
    """The corners of its head."""


@dataclass(frozen=True)
class EstateMap:
    """The map, drawn and as a list."""

    width: float
    height: float
    frames: tuple[Frame, ...]
    boxes: tuple[PlacedBox, ...]
    links: tuple[PlacedLink, ...]
    stopped: Sequence[FlowKindView]
    """The kinds of flow that must not be, with the controls that prevent each."""

    @property
    def groups(self) -> Sequence[Box]:
        """The boxes that stand for several things."""
        return [one.box for one in self.boxes if one.box.members]


def pages(facts: SiteFacts) -> Iterator[Page]:
    """Yield the page of the map."""
    values = {"map": map_of(facts), "without": [stack.name for stack in facts.stacks if not stack.plan]}
    yield Page("map.html", "map.html.j2", "Estate map", "map", values)


def map_of(facts: SiteFacts) -> EstateMap | None:
    """Return the map of what is deployed; None where nothing is."""
    if not facts.deployed:
        return None
    drawn = _Drawing(facts)
    links = drawn.links()
    boxes, sizes = list(drawn.boxes), [_size(box) for box in drawn.boxes]
    index = {box: number for number, box in enumerate(boxes)}
    clusters, labels = drawn.clusters(index)
    arrows = [(index[one.source], index[one.target]) for one in links]
    bottom = [index[box] for box in boxes if box.tone == "outside"]
    layout = lay_out(sizes, arrows, clusters, bottom)
    return _placed(layout, boxes, links, labels, kinds_of(facts.flows, GroupNames(facts)) if facts.flows else ())


@dataclass
class _Drawing:
    """The nodes and arrows of a map, before they have places."""

    facts: SiteFacts
    boxes: dict[Box, None] = field(default_factory=dict)
    """The nodes in their order."""
    cells: dict[str, dict[str, list[Box]]] = field(default_factory=dict)
    """The nodes of each cell, by the label of their inner frame; empty for those without one."""

    def __post_init__(self) -> None:
        self._places: dict[tuple[str, str], Box] = {}
        for stack in self.facts.deployed:
            self._add_stack(stack)
        self._add_tenancies()

    def _add(self, stack: StackFacts, frame: str, box: Box) -> Box:
        self.boxes[box] = None
        inner = self.cells.setdefault(stack.cell, {}).setdefault(frame, [])
        if box not in inner:
            inner.append(box)
        return box

    def _add_stack(self, stack: StackFacts) -> None:
        path, config = stack_path(stack.name), stack.config
        if isinstance(config, JunctionZoneConfig):
            self._places[stack.name, "junction"] = self._add(stack, "Zones", Box("zone", ("junction", "zone"), path))
        elif isinstance(config, SafeHavenConfig):
            for zone in ("landing", "warehouse", "staging", "archive"):
                self._places[stack.name, zone] = self._add(stack, "Zones", Box("zone", (zone, "zone"), path))
        elif isinstance(config, PlatformConfig):
            box = Box("hub", (stack.name, "hub: firewall, Bastion, logs"), path)
            self._places[stack.name, ""] = self._add(stack, "", box)
        elif isinstance(config, SharedTenancyConfig):
            self._add(stack, "Tenancies: shared", Box("hub", (stack.name, "network of shared tenancies"), path))
        elif not isinstance(config, TenancyConfig):
            box = Box("tenancy", (stack.name, "orphaned"), path)
            self._places[stack.name, ""] = self._add(stack, "Orphaned", box)

    def _add_tenancies(self) -> None:
        """Add the tenancies of each kind and cell: each a node, or, if they are many, all of them as one."""
        found: dict[tuple[str, str], list[StackFacts]] = {}
        for stack in self.facts.deployed:
            if isinstance(stack.config, TenancyConfig):
                found.setdefault((stack.cell, stack.kind), []).append(stack)
        for (_, kind), stacks in found.items():
            many = Box("tenancy", (f"{len(stacks):,} {kind} tenancies",), "stacks.html", tuple(s.name for s in stacks))
            for stack in stacks:
                project = stack.name.removeprefix(TENANCY)
                data = str(stack.config.data_class) if stack.config else ""
                one = Box("tenancy", (project, f"{data} data"), stack_path(stack.name))
                box = self._add(stack, f"Tenancies: {kind}", many if len(stacks) > MOST_TENANCIES else one)
                self._places[stack.name, ""] = box

    def place_of(self, stack: str, place: str) -> Box | None:
        """Return the node of a zone or stack."""
        return self._places.get((stack, place)) or self._places.get((stack, ""))

    def links(self) -> Sequence[Link]:
        """Return the arrows: of people, of services that move data, and of the ways out."""
        rows = [row for row in self.facts.access.rows if row.is_usable and row.thing.kind in _STORES]
        people = [row for row in rows if not row.holder.key.startswith("urn:")]
        services = [row for row in rows if row.holder.key.startswith("urn:")]
        return [*self._of_people(people), *self._of_services(services), *self._out()]

    def _of_people(self, rows: Iterable[Row]) -> Iterator[Link]:
        """Yield an arrow for each node that people reach, from those who come the same way to nodes of the same kind.

        Groups that reach one node each are in one box: the list of the map has each with its own.
        """
        rights: dict[str, dict[Box, tuple[set[str], dict[str, None]]]] = {}
        for row in rows:
            target, verbs = self.place_of(row.thing.stack, row.thing.place), _verbs(row)
            if target and verbs:
                found = rights.setdefault(row.holder.name, {}).setdefault(target, (set(), {}))
                found[0].update(verbs)
                found[1].update(dict.fromkeys(row.grounds.ways or (row.way,)))
        together: dict[tuple[bool, tuple[object, ...]], list[str]] = {}
        for who, reached in rights.items():
            is_inside = any(way.startswith(_AT_COMPUTER) for _, ways in reached.values() for way in ways)
            key = tuple(box.tone for box in reached) if len(reached) == 1 else tuple(reached)
            together.setdefault((is_inside, key), []).append(who)
        for (is_inside, _), names in together.items():
            targets = dict.fromkeys(target for who in names for target in rights[who])
            box = _people_box(names, list(targets), is_inside=is_inside)
            self.boxes[box] = None
            for target in targets:
                of = [who for who in names if target in rights[who]]
                does = {verb for who in of for verb in rights[who][target][0]}
                by = dict.fromkeys(way for who in of for way in rights[who][target][1])
                yield Link(box, target, Arrow("people", _does(does), tuple(of), tuple(by)))

    def _of_services(self, rows: Iterable[Row]) -> Iterator[Link]:
        """Yield the moves: by each identity, to its own zone or stack and from there to what else it writes."""
        reads: dict[tuple[str, str], dict[Box, str]] = {}
        writes: dict[tuple[str, str], dict[Box, str]] = {}
        for row in rows:
            target, verbs = self.place_of(row.thing.stack, row.thing.place), _verbs(row)
            for verb, found in (("reads", reads), ("writes", writes)):
                if target and verb in verbs:
                    found.setdefault((row.holder.name, stack_of(row.holder.key)), {})[target] = row.thing.stack
        moves: dict[tuple[Box, Box], dict[str, None]] = {}
        for who in reads.keys() & writes.keys():
            for pair in _moves(reads[who], writes[who], who[1]):
                moves.setdefault(pair, {})[who[0]] = None
        for (source, target), names in sorted(moves.items(), key=lambda one: (one[0][0].name, one[0][1].name)):
            yield Link(source, target, Arrow("moves", "moves data", tuple(sorted(names)), ()))

    def _out(self) -> Iterator[Link]:
        """Yield the ways out: from each node whose networks a firewall lets out, to where."""
        egress = Egress(self.facts)
        found: dict[tuple[Box, Box], dict[str, None]] = {}
        for stack in self.facts.deployed:
            source = self.place_of(stack.name, "")
            for row in egress.rows(stack) if source else ():
                if source and not row.is_inside:
                    name = "sign-in to Entra" if row.rule == SIGN_IN else row.way or row.rule.replace("_", " ")
                    box = Box("outside", (name, row.to))
                    found.setdefault((source, box), {})[f"firewall rule {row.rule}: {row.through}"] = None
        for (source, box), rules in found.items():
            self.boxes[box] = None
            yield Link(source, box, Arrow("leaves", "connects", (source.name,), tuple(rules)))

    def clusters(self, index: Mapping[Box, int]) -> tuple[Sequence[Cluster], Sequence[str]]:
        """Return the frames of cells, with those of zones and tenancies in them, and the labels from outside to
        inside."""
        clusters, labels = [], list[str]()
        for cell, frames in self.cells.items():
            labels.append(f"Cell {cell}" if cell else "Without a cell")
            inner = []
            for label, boxes in frames.items():
                if label:
                    labels.append(label)
                    inner.append(Cluster(tuple(index[box] for box in boxes)))
            clusters.append(Cluster(tuple(index[box] for box in frames.get("", ())), tuple(inner)))
        return clusters, labels


def _moves(reads: Mapping[Box, str], writes: Mapping[Box, str], stack: str) -> Iterator[tuple[Box, Box]]:
    """Yield the moves by an identity of a stack. `reads`, `writes`: the nodes, each with its stack.

    What it reads and writes in its own stack is where its service works: all that it moves goes through there.
    """
    own = [box for box in reads if box in writes and reads[box] == stack]
    if not own:
        yield from ((source, target) for source in reads for target in writes if source != target)
        return
    for home in own:
        yield from ((source, home) for source in reads if source not in writes)
        yield from ((home, target) for target in writes if target not in own)


def _verbs(row: Row) -> set[str]:
    found = {"reads"} if any(action in _READS for action in row.actions) else set()
    return found | ({"writes"} if any(action in _WRITES for action in row.actions) else set())


def _does(verbs: Iterable[str]) -> str:
    return " and ".join(sorted(verbs))


def _people_box(names: Sequence[str], targets: Sequence[Box], *, is_inside: bool) -> Box:
    """Return the box of groups that come the same way."""
    where = "at computers of the estate" if is_inside else "from outside"
    if len(names) == 1:
        return Box("people", (names[0], where), "access-people.html")
    own = {"zone": ", each of its own zone", "tenancy": ", each of its own project"}
    is_several = len(targets) > 1 or any(target.members for target in targets)
    tones = {target.tone for target in targets} if is_several else set()
    roles = list(dict.fromkeys(name.partition(" of ")[0].partition(" (")[0] for name in names))
    first = ", ".join(roles) if len(roles) <= MOST_ROLES else f"{roles[0]} and others"
    each = own.get(tones.pop(), "") if len(tones) == 1 else ""
    return Box("people", (plural(len(names), "group"), f"{first}{each}", where), "access-people.html", tuple(names))


def _texts(box: Box) -> Sequence[tuple[str, bool]]:
    """Return the lines of a box as it shows them, and whether each is of the name."""
    found, most = [], _characters(box)
    for number, text in enumerate(box.lines):
        broken = wrap(printable(text), most)
        more = len(broken) > _MOST_LINES
        shown = [*broken[: _MOST_LINES - 1], shortened(broken[_MOST_LINES - 1], most - 1) + "…"] if more else broken
        found += [(line, number == 0) for line in shown]
    return found


def _characters(box: Box) -> int:
    """Return how many characters a line of a box has: as many as its longest word, so that no name of a host breaks."""
    longest = max((len(word) for text in box.lines for word in printable(text).split()), default=0)
    return max(_CHARACTERS, min(longest, _LONGEST_WORD))


def _size(box: Box) -> tuple[float, float]:
    return max(_WIDTH, round(_characters(box) * _CHARACTER) + _PADDING), len(_texts(box)) * _LINE + _PADDING


def _placed(
    layout: Layout, boxes: Sequence[Box], links: Sequence[Link], labels: Sequence[str], stopped: Sequence[FlowKindView]
) -> EstateMap:
    return EstateMap(
        layout.width,
        layout.height,
        tuple(frames_of(labels, layout)),
        tuple(_placed_box(box, place) for box, place in zip(boxes, layout.boxes, strict=True)),
        tuple(PlacedLink(link, _line(curve), _head(curve)) for link, curve in zip(links, layout.curves, strict=True)),
        stopped,
    )


def frames_of(labels: Sequence[str], layout: Layout) -> Iterator[Frame]:
    """Yield the frames with their labels in a corner."""
    crossed = [point for curve in layout.curves for point in _points(curve)]
    for label, frame in zip(labels, layout.frames, strict=True):
        width, height = min(len(label) * _SMALL, frame.width), _LINE
        left, top = frame.x + _INDENT, frame.y + _LINE - 1
        right, bottom = frame.x + frame.width - _INDENT - width, frame.y + frame.height - 7
        corners = [(left, top), (right, top), (left, bottom), (right, bottom)]
        free = (
            (x, y)
            for x, y in corners
            if not any(x <= a <= x + width and y - height <= b <= y + _BELOW for a, b in crossed)
        )
        x, y = next(free, corners[0])
        yield Frame(label, frame, (round(x, 1), round(y, 1)))


def _points(curve: Curve) -> Iterator[Point]:
    """Yield points along an arrow, some pixels apart."""
    ends = curve.points
    for start in range(0, len(ends) - 3, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = ends[start : start + 4]
        for step in range(_STEPS + 1):
            t = step / _STEPS
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3
            yield a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3
    yield curve.tip


def _placed_box(box: Box, place: Rectangle) -> PlacedBox:
    middle, first = round(place.x + place.width / 2, 1), place.y + _PADDING / 2 + _LINE * 0.75
    texts = ((middle, round(first + number * _LINE, 1), text, name) for number, (text, name) in enumerate(_texts(box)))
    return PlacedBox(box, place, tuple(texts))


def _line(curve: Curve) -> str:
    start, *rest = curve.points
    return f"M{start[0]},{start[1]} C" + " ".join(f"{x},{y}" for x, y in rest)


def _head(curve: Curve) -> str:
    """Return the corners of the head of an arrow: from the end of its line to its tip."""
    (x, y), (tip_x, tip_y) = curve.points[-1], curve.tip
    length = max(((tip_x - x) ** 2 + (tip_y - y) ** 2) ** 0.5, 0.1)
    side_x, side_y = -(tip_y - y) / length * 4, (tip_x - x) / length * 4
    corners = [(tip_x, tip_y), (x + side_x, y + side_y), (x - side_x, y - side_y)]
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
