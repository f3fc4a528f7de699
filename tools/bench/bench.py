#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the auditor costs, each figure beside its aim: `make bench`, `make bench-check`.

    bench.py --build FOLDER [--pairs N] [--count N] [--seconds S] [--json FILE] [--check] [--only PART]

What each figure means, and how far it can be trusted, is in docs/cost.md.
"""
import argparse
import json
import os
import signal
import sys

import walk
from auditor import BenchError, raise_memlock
from measure import EVENTS_PER_CONNECTION, LIVES_PER_CONNECTION, Bench, say

CHECK_FACTOR = 2	# --check fails when a figure is worse than its aim by more than this


class Figure:
    def __init__(self, name, value, unit, aim=None, more_is_better=False):
        self.name, self.value, self.unit, self.aim = name, value, unit, aim
        self.more_is_better = more_is_better

    @property
    def ratio(self):
        """How often the aim; above 1 is worse than the aim, whichever way the figure counts."""
        if self.aim is None:
            return None
        return self.aim / self.value if self.more_is_better else max(self.value, 0) / self.aim

    def line(self):
        aim = "" if self.aim is None else f"{'>=' if self.more_is_better else '<'} {self.aim:,.4g}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return f"{self.name:<58} {self.value:>10,.2f} {self.unit:<8} {aim:>10} {ratio:>6}"


def kernel_figures(bench, results):
    say(f"kernel alone: {bench.pairs} rounds of {bench.count} connections each")
    slowdown = results["slowdown"] = bench.slowdown()
    ours, plain = slowdown["audited"], slowdown["without"]
    figures = [
        Figure("a connection without the auditor, processor time", plain["cpu"]["us"], "us"),
        Figure("the same run again (the noise)", slowdown["again"]["cpu"]["per_cent"], "%"),
        Figure("(a) slowdown, consumer stopped, processor time", ours["cpu"]["per_cent"], "%", aim=5),
        Figure("(a) slowdown, consumer stopped, wall time", ours["wall"]["per_cent"], "%"),
    ]
    if "tcplife" in slowdown:
        tcplife = slowdown["tcplife"]["cpu"]["per_cent"]
        figures += [Figure("    tcplife's slowdown, processor time", tcplife, "%"),
                    Figure("    tcplife's slowdown, wall time", slowdown["tcplife"]["wall"]["per_cent"], "%"),
                    Figure("(a) our slowdown over tcplife's", ours["cpu"]["per_cent"] / tcplife, "x", aim=1)]
    return figures + [
        Figure("    out of scope (--scope odoo): what the filter costs", slowdown["out_of_scope"]["cpu"]["per_cent"],
               "%"),
        Figure("(d) processor time an event", ours["cpu"]["more_us"] / EVENTS_PER_CONNECTION, "us"),
        Figure("(d) wall time an event", ours["wall"]["more_us"] / EVENTS_PER_CONNECTION, "us"),
    ]


def program_figures(bench, results):
    say("program time: the kernel's clock around each program")
    ours = results["programs"] = bench.program_time()
    aim = None
    figures = []
    if "tcplife" not in bench.skipped:
        try:
            theirs = results["tcplife_programs"] = bench.tcplife_program_time()
            aim = theirs["us_per_life"]
            figures = [Figure("    tcplife's program time a socket life", aim, "us")]
        except BenchError as error:
            bench.skipped["tcplife"] = str(error)
    return [Figure("(a) program time a socket life", ours["us_per_life"], "us", aim=aim), *figures,
            Figure("(d) program time an event", ours["us_per_life"] * LIVES_PER_CONNECTION / EVENTS_PER_CONNECTION,
                   "us")]


def rate_figures(bench, results):
    say(f"rate: both ends of every connection on this host; short probes, then {bench.seconds} s")
    probe = results["sustained"] = bench.sustained()
    cost = probe["cpu_s_per_million"]
    counted = cost["observer"] + cost["journal"]
    return [
        Figure(f"(b) connections/s kept up for {probe['seconds']:.0f} s without loss", probe["achieved"], "/s",
               aim=10000, more_is_better=True),
        Figure("    rows the index was behind at the end of it", probe["index_behind"], "rows"),
        Figure("(c) processor seconds a million records", counted, "s", aim=15),
        Figure("    of these the observer", cost["observer"], "s"),
        Figure("    of these the journal and its index", cost["journal"], "s"),
        Figure("    signer and supervisor, not in it", cost["signer"] + cost["supervisor"], "s"),
        Figure("(e) memory of all four, rings left out, under that load", sum(probe["memory_kib"].values()) / 1024,
               "MiB", aim=40),
        Figure("    the same when everything is written", sum(probe["idle_memory_kib"].values()) / 1024, "MiB"),
    ]


WALK_AIMS_US = {10: 4, 40: 8}


def walk_figures(bench, results):
    say(f"walks: {bench.pairs} pairs of {walk.WALKS} connects under 10, 20 and 40 Python frames")
    results["walks"] = walk.walks(os.path.join(bench.build, "tests/python/walk"), bench.pairs)
    figures = []
    for frames, cost in results["walks"].items():
        figures += [Figure(f"(f) a walk of {frames} Python frames, program time", cost["program_us"], "us",
                           aim=WALK_AIMS_US.get(frames)),
                    Figure(f"    a walk of {frames} Python frames, wall time", cost["wall_us"], "us")]
    return figures


PARTS = {"kernel": kernel_figures, "programs": program_figures, "rate": rate_figures, "walk": walk_figures}


def print_table(figures, results, bench):
    print(f"\n{'':<58} {'measured':>10} {'':<8} {'aim':>10} {'x aim':>6}")
    for figure in figures:
        print(figure.line())
    if "programs" in results:
        print(f"\n(d) {'program':<28} {'runs/life':>10} {'ns/run':>10} {'us/life':>10}")
        programs = results["programs"]["programs"]
        for name, cost in sorted(programs.items(), key=lambda item: -item[1]["us_per_life"]):
            if cost["us_per_life"] >= 0.005:
                print(f"    {name:<28} {cost['runs_per_life']:>10.2f} {cost['ns_per_run']:>10.0f} "
                      f"{cost['us_per_life']:>10.3f}")
    for name, reason in bench.skipped.items():
        print(f"skipped: {name}: {reason}")
    print("load average %s before, %s after; another auditor was loaded during %d runs" %
          (results["load_before"], results["load_after"], bench.disturbed))


def load_average():
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True, help="where netaudit-bpf and tools/bench/flood are")
    parser.add_argument("--pairs", type=int, default=7, help="interleaved rounds; figures are medians over them")
    parser.add_argument("--count", type=int, default=40000, help="connections of one run")
    parser.add_argument("--seconds", type=int, default=60, help="how long a rate must be kept up")
    parser.add_argument("--json", help="write everything measured to this file")
    parser.add_argument("--check", action="store_true", help=f"fail past {CHECK_FACTOR} times an aim")
    parser.add_argument("--only", choices=PARTS, action="append", help="only this part (may be repeated)")
    options = parser.parse_args()
    if os.geteuid():
        print("bench: run as root (BPF programs are loaded)", file=sys.stderr)
        return 77
    raise_memlock()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))	# nothing that was started stays behind
    bench, results, figures = Bench(options), {"load_before": load_average()}, []
    try:
        for part in options.only or PARTS:
            figures += PARTS[part](bench, results)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    results["load_after"] = load_average()
    results["figures"] = [{**vars(figure), "ratio": figure.ratio} for figure in figures]
    results["skipped"] = bench.skipped
    print_table(figures, results, bench)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    worse = [figure for figure in figures if figure.ratio and figure.ratio > CHECK_FACTOR]
    for figure in worse if options.check else []:
        print(f"bench-check: {figure.name.strip()} is {figure.ratio:.2f} times its aim")
    return 1 if options.check and worse else 0


if __name__ == "__main__":
    sys.exit(main())
