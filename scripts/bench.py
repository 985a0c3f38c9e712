"""The benchmarks: whole processes, timed from outside, each in a home of its own. `scripts/bench` runs them.

Budgets are printed beside the figures and never asserted: a busy machine is not a bug.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import os
import re
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from scripts.bench_ledger import ledger
from scripts.bench_provision import provisioned
from scripts.generated_estates import generate

if TYPE_CHECKING:
    from formats.plan import Plan, PlannedResource

ROOT = Path(__file__).resolve().parents[1]
SIZES = (1_000, 2_500, 5_000)
JUDGED = (5_000, 20_000, 50_000)
"""Resources that the gate is measured on."""
FOLLOWED = (10, 50, 200)
"""Tenancies that flows are followed through."""
APART = (10, 20, 50)
"""Tenancies whose flows are analysed one by one, as those of tenancies that differ are."""
FLOW_BUDGETS = {("flows", 50): "3 s", ("flows apart", 50): "7 s; 400 MiB", ("flows apart", 100): "2.3 times 50"}
TENANCIES = (1, 20)
"""Sizes of whole estates. More are measured on request: 60, 120 and 300 take from minutes to an hour."""
REQUESTS = 12
"""Approved requests that are brought up at once. 300 are the full measure, of hours."""
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CUSTOM_DATA = re.compile(r'("customData": ?")([A-Za-z0-9+/=]+)')
GLOBAL_NAME = re.compile(r'"(?:accountName|vaultName)": ?"([^"]+)"')
PER_GROUP = 250
"""Resources of a type in one group; Azure allows 800."""
MANY = """
import sys
sys.path.insert(0, {root!r})
from infra import sdk_patches
sdk_patches.apply()
from pulumi_azure_native import managedidentity, resources
for group in range(-(-{size} // ({per_group} + 1))):
    room = resources.ResourceGroup(f"rg-{{group}}", resource_group_name=f"rg-{{group}}", location="uksouth")
    for number in range(min({per_group}, {size} - group * ({per_group} + 1) - 1)):
        managedidentity.UserAssignedIdentity(
            f"id-{{group}}-{{number}}", resource_name_=f"id-{{group}}-{{number}}", resource_group_name=room.name,
            location="uksouth",
        )
"""
"""The program of one stack of many resources."""


@dataclass(frozen=True)
class Figure:
    """One line of the table. Seconds and MiB; the median of `runs`."""

    what: str
    seconds: float
    budget: str = ""
    peak: float | None = None
    runs: int = 1


def main() -> None:
    """Measure what was asked for, and print the table as it grows."""
    parser = argparse.ArgumentParser(description="How long things take on this machine.")
    parser.add_argument("--runs", type=int, default=3, help="how often each whole command is run (default 3)")
    parser.add_argument(
        "--only",
        choices=sorted({*MEASURES, "estates", "provision"}),
        action="append",
        help="one measure; repeat for more",
    )
    parser.add_argument("--requests", type=int, default=REQUESTS, help="requests to provision at once (default 12)")
    parser.add_argument("--tenancies", type=int, nargs="+", default=TENANCIES, help="estates to measure (default 1 20)")
    asked = parser.parse_args()
    measures = MEASURES | {"estates": partial(estates, sizes=asked.tenancies),
                           "provision": partial(provision, requests=asked.requests)}  # fmt: skip
    console = Console()
    table = Table("measure", "median", "peak", "budget", "runs", title=f"{os.cpu_count()} processors")
    for name in asked.only or measures:
        with console.status(f"measuring: {name}"):
            for figure in measures[name](asked.runs):
                peak = f"{figure.peak:,.0f} MiB" if figure.peak else ""
                table.add_row(figure.what, f"{figure.seconds:.2f} s", peak, figure.budget, str(figure.runs))
    console.print(table)


def stacks(runs: int) -> Iterator[Figure]:
    """The command line on the sample estate: from nothing, and with everything up."""
    with home() as environment:
        yield timed("preview platform, cold process, nothing up", ["preview", "platform"], environment, runs, "4 s")
        yield timed("the whole demo, after installation", ["up", "--all", "--yes"], environment, 1, "45 s")
        (tenancy,) = tenancies(environment)[:1]
        preview = timed(f"preview {tenancy}, all up", ["preview", tenancy], environment, runs, "4 s")
        up = timed(f"up {tenancy}, nothing to change", ["up", tenancy, "--yes"], environment, runs)
        yield preview
        yield up
        yield Figure("  of which on top of the preview", up.seconds - preview.seconds, "2 s", runs=runs)
        yield timed("up --all, nothing to change", ["up", "--all", "--yes"], environment, 1)
        yield timed("destroy --all", ["destroy", "--all", "--yes"], environment, 1)


def estates(runs: int, sizes: Sequence[int]) -> Iterator[Figure]:
    """Whole estates of tenancies that differ, in CPU seconds: one tenancy must cost the same in each of them."""
    alone: float | None = None
    for size in sizes:
        with home(size) as environment:
            yield cpu(f"up --all, {size} tenancies, CPU", ["up", "--all", "--yes"], environment, 1)
            one = cpu(f"preview tre-p0000 beside {size - 1} others, CPU", ["preview", "tre-p0000"], environment, runs,
                      f"{1.5 * alone:.1f} s; 500 MiB" if alone else "")  # fmt: skip
            alone = alone or one.seconds
            yield one
            yield cpu(f"preview --all, {size} tenancies, CPU", ["preview", "--all"], environment, 1)
            yield cpu(f"stacks, {size} tenancies, CPU", ["stacks"], environment, runs)
            yield from _report(size, environment)


def _report(size: int, environment: dict[str, str]) -> Iterator[Figure]:
    """The report of a whole estate, and the size of its first page."""
    folder = Path(environment["SDE_HOME"]).parent / "report"
    yield timed(f"report, {size} tenancies", ["report", "-o", str(folder)], environment, 1, "30 s at 100")
    kilobytes = (folder / "index.html").stat().st_size / 1000
    yield Figure(f"  first page of {kilobytes:,.0f} kB", 0.0, "1,000 kB at 100")


def scale(_: int) -> Iterator[Figure]:
    """One stack of many resources, brought up by the embedded engine in a process of its own."""
    for size in SIZES:
        with home() as environment:
            command = [sys.executable, __file__, "--stack-of", str(size)]
            seconds, peak = run(command, environment)
            budget = "linear; 1,500 MiB" if size == SIZES[-1] else ""
            yield Figure(f"up of {size:,} resources in one stack", seconds, budget, peak)


def engines(runs: int) -> Iterator[Figure]:
    """Each stack's preview by both engines and by plain `pulumi preview`, side by side, everything up."""
    command = pulumi_cli()
    if not command:
        yield Figure("Pulumi CLI: neither on PATH nor built (scripts/pulumi-cli), not compared", 0.0)
    with home() as environment:
        timed("", ["up", "--all", "--yes", "--engine", "embedded"], environment, 1)
        for name in stack_names(environment):
            yield from _previews(name, environment, runs, command)


def _previews(name: str, environment: dict[str, str], runs: int, command: Path | None) -> Iterator[Figure]:
    """One stack's preview in each way. The shares are of a run of their own."""
    plain = _plain(name, environment, runs, command) if command else None
    if plain:
        yield plain
    ways = {"embedded": "half of plain", "pulumi": "1.2 times plain"} if command else {"embedded": ""}
    for engine, aim in ways.items():
        arguments = ["preview", name, "--engine", engine]
        taken = timed(f"preview {name}, sde with the engine {engine}", arguments, environment, runs, aim)
        yield taken
        ratio = f"{taken.seconds / plain.seconds:.2f} times plain; " if plain else ""
        yield Figure(f"  {ratio}{_shares(arguments, environment)}", 0.0)


def _plain(name: str, environment: dict[str, str], runs: int, command: Path) -> Figure:
    """`pulumi preview` itself: with the installation's own Python host where there is one, else with the project's."""
    said = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "operations", "--estate", environment["SDE_BENCH_ESTATE"], "local", "env"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    exports = (line.removeprefix("export ").partition("=") for line in said.stdout.splitlines())
    local = environment | {key: shlex.split(value)[0] for key, _, value in exports} | {"PULUMI_SKIP_UPDATE_CHECK": "1"}
    config = next(Path(environment["SDE_HOME"]).rglob(f"Pulumi.{name}.yaml"))
    arguments = [str(command), "preview", "--non-interactive", "--stack", name, "--config-file", str(config)]
    if shutil.which("pulumi-language-python"):
        taken = [run(arguments, local) for _ in range(runs)]
        return Figure(f"preview {name}, plain pulumi", statistics.median(t for t, _ in taken), runs=runs)
    seconds = [_with_host(arguments, local) for _ in range(runs)]
    return Figure(f"preview {name}, plain pulumi (with our language host)", statistics.median(seconds), runs=runs)


def _with_host(arguments: list[str], environment: dict[str, str]) -> float:
    """Seconds of a `pulumi` command and the language host that it needs, started one after the other."""
    from operations.engine.language_host import LanguageServer  # noqa: PLC0415
    from operations.engine.program_process import ProgramProcess  # noqa: PLC0415

    began = time.perf_counter()
    program = ProgramProcess(ROOT)
    run([*arguments, f"--client={LanguageServer(program).address}"], environment)
    program.close()
    return time.perf_counter() - began


def _shares(arguments: list[str], environment: dict[str, str]) -> str:
    """What one run of a command is busy with: imports, program, engine, gate."""
    with tempfile.TemporaryDirectory(prefix="sde-bench-") as folder:
        file = Path(folder) / "shares.json"
        sampler = str(ROOT / "scripts" / "bench_shares.py")
        run([sys.executable, sampler, str(file), "--estate", environment["SDE_BENCH_ESTATE"], *arguments], environment)
        shares = json.loads(file.read_text())
        whole = sum(shares.values())
        named = ("imports", "program", "engine", "gate")
        return ", ".join(f"{share} {shares.get(share, 0.0) / whole:.0%}" for share in named)


def pulumi_cli() -> Path | None:
    """The Pulumi CLI on PATH, or the one that `scripts/pulumi-cli` built."""
    from operations.engine.installed_cli import built, on_path  # noqa: PLC0415
    from operations.settings import Settings  # noqa: PLC0415

    settings = Settings.load()
    return on_path(settings) or built(settings)


def policies(runs: int) -> Iterator[Figure]:
    """The gate, from the plan on: the sample estate, estates of many tenancies, and Checkov on the same templates."""
    with home() as environment, tempfile.TemporaryDirectory(prefix="sde-bench-") as folder:
        timed("", ["up", "--all", "--yes"], environment, 1)
        names = stack_names(environment)
        for form in ("plan", "arm"):
            (Path(folder) / form).mkdir()
            for name in names:
                timed("", ["export", form, name, "-o", f"{folder}/{form}/{name}.json"], environment, 1)
        yield judged(folder, 0, environment, "1 s")
        for size in JUDGED:
            yield judged(folder, size, environment, "linear" if size == JUDGED[-1] else "")
        templates = sorted(str(file) for file in (Path(folder) / "arm").iterdir())
        ours = timed("policy check of all templates, whole process", ["policy", "check", "--whole", *templates],
                     environment, runs)  # fmt: skip
        yield ours
        yield from _checkov(f"{folder}/arm", ours, environment, runs)


def flows(_: int) -> Iterator[Figure]:
    """From the plans on, the flows that must not exist: estates of many tenancies, each in a process of its own."""
    with home() as environment, tempfile.TemporaryDirectory(prefix="sde-bench-") as folder:
        timed("", ["up", "--all", "--yes"], environment, 1)
        (Path(folder) / "plan").mkdir()
        for name in stack_names(environment):
            timed("", ["export", "plan", name, "-o", f"{folder}/plan/{name}.json"], environment, 1)
        measures = [("flows", count) for count in FOLLOWED]
        measures += [(what, count) for count in APART for what in ("flows apart", "certificate", "check")]
        measures.append(("flows apart", 2 * APART[-1]))
        for what, count in measures:
            yield _measured(what, folder, count, environment, FLOW_BUDGETS.get((what, count), ""))


def _measured(measure: str, folder: str, count: int, environment: dict[str, str], budget: str) -> Figure:
    """A line of bench_flows.py: what it is, CPU seconds, and the peak of memory in MiB."""
    command = [sys.executable, "-m", "scripts.bench_flows", measure, folder, str(count)]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    what, seconds, most = said.stdout.split("\t")
    return Figure(what, float(seconds), budget, float(most))


def _checkov(folder: str, ours: Figure, environment: dict[str, str], runs: int) -> Iterator[Figure]:
    """Its built-in checks alone, in the environment of its own that `scripts/checkov` makes."""
    program = ROOT / ".venv-checkov" / "bin" / "checkov"
    if not program.exists():
        yield Figure("Checkov: not installed (scripts/checkov installs it), not compared", 0.0)
        return
    command = [str(program), "--skip-download", "--soft-fail", "--quiet", "--framework", "arm", "--directory", folder]
    taken = [run(command, environment) for _ in range(runs)]
    theirs = Figure("Checkov's own checks on the same templates", statistics.median(t for t, _ in taken), "",
                    max(p for _, p in taken), runs)  # fmt: skip
    yield theirs
    yield Figure(f"  ratio {ours.seconds / theirs.seconds:.2f}", ours.seconds - theirs.seconds)


def judged(folder: str, size: int, environment: dict[str, str], budget: str) -> Figure:
    """Seconds from plans to verdicts, in a process of its own that has read the plans and the catalogue."""
    command = [sys.executable, __file__, "--judge", folder, str(size)]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    resources, findings, seconds, peak = said.stdout.split()
    what = f"the gate over {int(resources):,} resources, {int(findings):,} findings"
    return Figure(what, float(seconds), budget, float(peak))


def judge(folder: str, size: int) -> None:
    """In the process of its own: the plans of a folder, and as many more tenancies as make the size."""
    from policies.plan_evaluation import evaluate_plans as report_on  # noqa: PLC0415
    from policies.rules import load  # noqa: PLC0415

    load()
    texts = texts_of(folder)
    plans = plans_of(texts)
    resources = sum(_real(plan.resources) for plan in plans)
    for number in itertools.count(1):
        if resources >= size:
            break
        plans.append(again(texts, number))
        resources += _real(plans[-1].resources)
    began = time.perf_counter()
    report = report_on(plans, is_complete=True)
    seconds = time.perf_counter() - began
    print(report.resources, len(report.findings), seconds, peak())


def texts_of(folder: str) -> dict[str, str]:
    return {file.stem: file.read_text() for file in sorted((Path(folder) / "plan").iterdir())}


def plans_of(texts: dict[str, str]) -> list[Plan]:
    from formats.plan import Plan  # noqa: PLC0415

    return [Plan.from_json(json.loads(text)) for text in texts.values()]


def again(texts: dict[str, str], number: int) -> Plan:
    """The first tenancy once more, with names, groups and a range of its own."""
    from formats.plan import Plan  # noqa: PLC0415

    pattern, shared = _pattern(texts)
    own = sorted(set(GLOBAL_NAME.findall(texts[pattern])))

    def renamed(text: str) -> str:
        text = GUID.sub(lambda found: found[0] if found[0] in shared else _guid(found[0], number), text)
        text = text.replace("10.65.0.", f"10.{65 + number // 256}.{number % 256}.")
        for name in own:
            first = name[: 24 - len(str(number))]  # Azure's longest name has 24 characters, as policies read it
            text = text.replace(name, f"{first}{number}")
        return text.replace(pattern.removeprefix("tre-"), f"p{number:05}")

    # The names and addresses of its stores are in the hosts file too, which the custom data has in base64.
    text = CUSTOM_DATA.sub(
        lambda found: found[1] + base64.b64encode(renamed(base64.b64decode(found[2]).decode()).encode()).decode(),
        renamed(texts[pattern]),
    )
    made = Plan._read(json.loads(text))  # the digest is another's
    assert made.digest  # noqa: S101 - worked out with the plan, as a preview does
    return made


def _pattern(texts: dict[str, str]) -> tuple[str, set[str]]:
    """The name of the first tenancy, and the ids in its plan that are not its own."""
    from policies.azure_semantics.roles import RIGHTS  # noqa: PLC0415

    pattern = next(name for name in texts if name.startswith("tre-"))
    others = (text for name, text in texts.items() if name != pattern)
    return pattern, {guid for text in others for guid in GUID.findall(text)} | set(map(str, RIGHTS))


def members_of_staff(texts: dict[str, str], tenancies: int) -> dict[str, frozenset[str]]:
    """The members of the sample estate's groups of staff, with the groups of the copies of its tenancy. Without them
    the analysis counts staff machines as open."""
    from operations.estate import load, render  # noqa: PLC0415
    from policies.expected.staff import members  # noqa: PLC0415

    _, shared = _pattern(texts)
    configs = {one.name: one.config for one in render(load(ROOT / "estate"))}
    return {
        group: frozenset(one if n == 0 or one in shared else _guid(one, n) for one in own for n in range(tenancies))
        for group, own in members(configs).items()
    }


def _guid(guid: str, number: int) -> str:
    return str(uuid.uuid5(uuid.UUID(guid), str(number)))


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _real(resources: Sequence[PlannedResource]) -> int:
    """How many of a plan's resources are judged."""
    return sum(r.custom and not r.type.startswith("pulumi:") for r in resources)


def provision(_: int, requests: int) -> Iterator[Figure]:
    """Approved requests at once, by one worker and by two: in one command, and by a queue."""
    for what, seconds, peak in provisioned(requests):
        yield Figure(what, seconds, peak=peak)


def ledgers(runs: int) -> Iterator[Figure]:
    """The ledger's appends and verification, without a deployment."""
    for what, seconds, budget in ledger(runs):
        yield Figure(what, seconds, budget, runs=runs)


MEASURES: dict[str, Callable[[int], Iterator[Figure]]] = {
    "stacks": stacks,
    "policies": policies,
    "flows": flows,
    "scale": scale,
    "engines": engines,
    "ledger": ledgers,
}


@contextmanager
def home(tenancies: int | None = None) -> Iterator[dict[str, str]]:
    """An environment whose state, local Azure and allocations are thrown away afterwards.

    Its estate is the sample, or with `tenancies` a generated one.
    """
    with tempfile.TemporaryDirectory(prefix="sde-bench-") as folder:
        estate = Path(folder) / "estate"
        if tenancies is None:
            shutil.copytree(ROOT / "estate", estate, ignore=shutil.ignore_patterns("approvals"))
        else:
            generate(estate, tenancies)
        quiet = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "SDE_"))}
        found = quiet | {"SDE_HOME": str(Path(folder) / "home"), "SDE_BENCH_ESTATE": str(estate), "NO_COLOR": "1"}
        if tenancies is None:
            run(_sde(["request", "approve", "--all", "--demo-keys"], found), found)
        yield found


def timed(what: str, arguments: list[str], environment: dict[str, str], runs: int, budget: str = "") -> Figure:
    """The median of several runs of one `sde` command."""
    taken = [run(_sde(arguments, environment), environment) for _ in range(runs)]
    return Figure(what, statistics.median(t for t, _ in taken), budget, max(p for _, p in taken), runs)


def cpu(what: str, arguments: list[str], environment: dict[str, str], runs: int, budget: str = "") -> Figure:
    """The median CPU time of several runs of one `sde` command. A busy machine changes it little."""
    taken = [usage(_sde(arguments, environment), environment) for _ in range(runs)]
    seconds = statistics.median(one.ru_utime + one.ru_stime for one in taken)
    return Figure(what, seconds, budget, max(one.ru_maxrss for one in taken) / 1024, runs)


def _sde(arguments: list[str], environment: dict[str, str]) -> list[str]:
    return [sys.executable, "-m", "operations", "--estate", environment["SDE_BENCH_ESTATE"], *arguments]


def run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds, and the peak of memory in MiB, of one process that must succeed."""
    began = time.perf_counter()
    peak = usage(command, environment).ru_maxrss / 1024
    return time.perf_counter() - began, peak


def usage(command: list[str], environment: dict[str, str]) -> resource.struct_rusage:
    """The resources that one process, which must succeed, and its ended children have used."""
    process = subprocess.Popen(  # noqa: S603 - our own command line
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr  # noqa: S101 - asked for above
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"error: {' '.join(command[2:])} ended with {process.returncode}\n{said}")
    return used


def tenancies(environment: dict[str, str]) -> list[str]:
    """The names of the estate's tenancy stacks."""
    return [name for name in stack_names(environment) if name.startswith("tre-")]


def stack_names(environment: dict[str, str]) -> list[str]:
    """The names of the estate's stacks."""
    command = [sys.executable, "-m", "operations", "--estate", environment["SDE_BENCH_ESTATE"], "stacks", "--json"]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    return [json.loads(line)["name"] for line in said.stdout.splitlines()]


def stack_of(size: int) -> None:
    """In the process of its own: groups of user-assigned identities, as many as asked for, against the local Azure."""
    from local_azure import create_providers  # noqa: PLC0415
    from operations.engine.embedded.engine import EmbeddedEngine  # noqa: PLC0415
    from operations.engine.port import StackSettings  # noqa: PLC0415
    from operations.engine.program_process import ProgramProcess  # noqa: PLC0415
    from operations.settings import Settings  # noqa: PLC0415

    settings = Settings.load()
    settings.local_environment()
    folder = settings.backend_folder
    assert folder  # noqa: S101 - the environment above names no other backend
    providers, passphrase = partial(create_providers, settings.local_db), partial(settings.passphrase, "local")
    root = settings.home / "project"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: sde\nruntime: python\n")
    (root / "__main__.py").write_text(MANY.format(size=size, per_group=PER_GROUP, root=str(ROOT)))
    engine = EmbeddedEngine(root, folder, providers, passphrase, ProgramProcess(root))
    subscription = "10ca1000-0000-4000-8000-000000000001"
    config = {"sde:cloud": "local", "azure-native:subscriptionId": subscription, "azure-native:location": "uksouth"}
    outcome = engine.up(StackSettings("many", config, settings.home / "Pulumi.many.yaml"))
    if outcome.resources != size:
        raise SystemExit(f"error: {outcome.resources} resources came up, not {size}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stack-of"]:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        stack_of(int(sys.argv[2]))
    elif sys.argv[1:2] == ["--judge"]:
        judge(sys.argv[2], int(sys.argv[3]))
    else:
        main()
