"""One measure of the flow analysis, in a process of its own: `bench_flows.py MEASURE FOLDER COUNT`.

The folder has the plans of an estate. It prints what was measured, CPU seconds, and the peak of
memory in MiB, with tabs between them.
"""

from __future__ import annotations

import contextlib
import io
import sys
import time
from pathlib import Path

from policies.model import PolicyContext
from policies.plan_resources import resources_of
from policies.reachability.certificate import certificate
from policies.reachability.forbidden_flows import FlowReport, analyse_flows
from scripts.bench import again, members_of_staff, peak, plans_of, texts_of
from scripts.check_certificate import main as check_certificate


def main(measure: str, folder: str, count: int) -> None:
    """Measure, and print."""
    file = Path(folder) / f"certificate-{count}.json"
    if measure == "check":
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            code = check_certificate([str(file)])
        what = "  the checker" if code == 0 else "  the checker rejects it"
    elif measure == "certificate":
        report = _report(folder, count, exhaustive=True)[0]
        began = time.process_time()
        file.write_text(certificate(report, {}))
        what = f"  their certificate, {file.stat().st_size / 1e6:.1f} MB, on top"
    else:
        report, began = _report(folder, count, exhaustive=measure == "flows apart")
        differ = " that differ" if measure == "flows apart" else ""
        what = f"{len(report.flows):,} flows through {count} tenancies{differ}, CPU"
    print(what, time.process_time() - began, peak(), sep="\t")


def _report(folder: str, count: int, *, exhaustive: bool) -> tuple[FlowReport, float]:
    """The flows of the plans with so many tenancies in all, and the time at which the analysis began."""
    texts = texts_of(folder)
    plans = [*plans_of(texts), *(again(texts, number) for number in range(1, count))]
    resources = [r for plan in plans for r in resources_of(plan)]
    estate = PolicyContext(resources, is_complete=True, members=members_of_staff(texts, count))
    del plans
    began = time.process_time()
    return analyse_flows(estate, exhaustive=exhaustive), began


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
