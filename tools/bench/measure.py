# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurements. Each starts what it needs, and returns plain numbers."""
import os
import statistics
import sys
import time

from auditor import Auditor, BenchError, RunTimeStatistics, Tcplife, flood, lost, other_auditors, program_names, \
    programs_of

EVENTS_PER_CONNECTION = 4	# open and close at each end
LIVES_PER_CONNECTION = 2
RING_BYTES_PER_CONNECTION = 512	# two events and their headers, in each of the two rings, rounded up
QUIET_SECONDS = 15
ATTEMPTS = 3
PROBE_SECONDS = 8
SETTLE_SECONDS = 2


def say(text):
    print(text, file=sys.stderr, flush=True)


def ring_settings(connections):
    """Rings that hold a whole run, and as much again for whatever else the host does."""
    kib = 4096
    while kib * 1024 < connections * RING_BYTES_PER_CONNECTION * 2:
        kib *= 2
    return ["--ring-kib", str(kib), "--bulk-ring-kib", str(kib), "--queue-mib", "1024"]


class Bench:
    def __init__(self, options):
        self.build = options.build
        self.program = os.path.join(options.build, "netaudit-bpf")
        self.flood_program = os.path.join(options.build, "tools/bench/flood")
        self.pairs, self.count, self.seconds = options.pairs, options.count, options.seconds
        self.cpu = max(os.sched_getaffinity(0))
        self.alone = True
        self.disturbed = 0	# runs with another auditor beside them
        self.skipped = {}

    # (a) what the kernel pays

    def timed_flood(self, own_pid=0):
        result = flood(self.flood_program, count=self.count, cpu=self.cpu)
        self.alone = not other_auditors(own_pid)
        return {"cpu": result["cpu_ns"] / result["connections"] / 1000,
                "wall": result["wall_ns"] / result["connections"] / 1000}

    def flood_without(self):
        return self.timed_flood()

    def flood_with_tcplife(self):
        tool = Tcplife()
        try:
            return self.timed_flood(tool.pid)
        finally:
            tool.stop()

    def flood_audited(self, statistics_wanted=False):
        """The observer is stopped, the rings hold everything; void if anything was lost."""
        auditor = Auditor(self.program, settings=ring_settings(self.count))
        try:
            auditor.wait_drained()
            auditor.pause_observer()
            before = programs_of(auditor.pid)
            try:
                result = self.timed_flood(auditor.pid) if not statistics_wanted else \
                    flood(self.flood_program, count=self.count, cpu=self.cpu)
                after = programs_of(auditor.pid)
                names = program_names()
            finally:
                auditor.resume_observer()
            status = auditor.wait_drained(closes=LIVES_PER_CONNECTION * self.count)
            if lost(status):
                raise BenchError(f"void: the rings did not hold the run, lost {lost(status)}")
        finally:
            auditor.stop()
        return result if not statistics_wanted else difference(before, after, names)

    def flood_out_of_scope(self):
        """Only the filter runs: no Odoo is on this host, and the flood is none."""
        auditor = Auditor(self.program, scope="odoo")
        try:
            auditor.wait_drained()
            return self.timed_flood(auditor.pid)
        finally:
            auditor.stop()

    def undisturbed(self, variant):
        """A run without another auditor beside it, if one can be had: several are tried, the last one counts."""
        for _ in range(ATTEMPTS):
            deadline = time.monotonic() + QUIET_SECONDS
            while other_auditors(0) and time.monotonic() < deadline:
                time.sleep(0.2)
            run = variant()
            if self.alone:
                return run
        self.disturbed += 1
        return run

    def one_round(self, variants):
        return {name: self.undisturbed(variant) for name, variant in variants.items()}

    def slowdown(self):
        """{variant: {clock: medians over the rounds}}"""
        variants = {"without": self.flood_without, "tcplife": self.flood_with_tcplife, "audited": self.flood_audited,
                    "out_of_scope": self.flood_out_of_scope, "again": self.flood_without}
        try:
            Tcplife().stop()
        except BenchError as error:
            self.skipped["tcplife"] = str(error)
            del variants["tcplife"]
        rounds = []
        for number in range(self.pairs):
            rounds.append(self.one_round(variants))
            say(f"  round {number + 1}: " +
                ", ".join(f"{name} {run['cpu']:.1f} us" for name, run in rounds[-1].items()))
        return {name: {clock: self.compare(rounds, name, clock) for clock in ("cpu", "wall")} for name in variants}

    @staticmethod
    def compare(rounds, name, clock):
        """Against the same round's runs without any auditor, one before and one after; the last shows the noise."""
        def plain(one):
            return one["without"][clock] if name == "again" else (one["without"][clock] + one["again"][clock]) / 2

        return {"us": statistics.median(one[name][clock] for one in rounds),
                "more_us": statistics.median(one[name][clock] - plain(one) for one in rounds),
                "per_cent": 100 * statistics.median(one[name][clock] / plain(one) - 1 for one in rounds),
                "per_cent_of_each": [round(100 * (one[name][clock] / plain(one) - 1), 1) for one in rounds]}

    # program time, from the kernel's own clock around each program

    def program_time(self):
        with RunTimeStatistics():
            ours = self.flood_audited(statistics_wanted=True)
        return self.per_life(ours)

    def tcplife_program_time(self):
        tool = Tcplife()
        try:
            before = programs_of(tool.pid)
            with RunTimeStatistics():
                flood(self.flood_program, count=self.count, cpu=self.cpu)
            return self.per_life(difference(before, programs_of(tool.pid), program_names()))
        finally:
            tool.stop()

    def per_life(self, programs):
        lives = LIVES_PER_CONNECTION * self.count
        return {"us_per_life": sum(time_ns for _, time_ns in programs.values()) / lives / 1000,
                "programs": {name: {"runs_per_life": runs / lives, "ns_per_run": time_ns / runs,
                                    "us_per_life": time_ns / lives / 1000}
                             for name, (runs, time_ns) in programs.items() if runs}}

    # (b) the rate that is kept up, (c) what a record costs, (e) memory

    def probe(self, rate, seconds):
        """One flood at this rate: whether all of it arrived, and what it cost."""
        auditor = Auditor(self.program)
        try:
            before, cpu_before = auditor.wait_drained(indexed=True), auditor.cpu_seconds()
            made = flood(self.flood_program, seconds=seconds, **({"rate": rate} if rate else {}))
            ended = auditor.fresh_status()
            memory = auditor.memory_kib()
            after = auditor.wait_drained(indexed=True)
            cpu = {name: value - cpu_before[name] for name, value in auditor.cpu_seconds().items()}
            idle_memory = auditor.memory_kib()
        finally:
            auditor.stop()
        records = after["last_seq"] - before["last_seq"]
        achieved = made["connections"] * 1e9 / made["wall_ns"]
        return {"asked": rate, "achieved": achieved, "seconds": made["wall_ns"] / 1e9, "records": records,
                "lost": lost(after), "waiting_bytes": ended["queue_used_bytes"],
                "capacity_bytes": ended["queue_capacity_bytes"],
                "index_behind": ended["last_seq"] - ended["index_seq"],
                "cpu_s_per_million": {name: 1e6 * value / records for name, value in cpu.items()},
                "memory_kib": memory, "idle_memory_kib": idle_memory}

    def holds(self, probe):
        """Whether it would also have gone well for the full time: what waited must not grow into a full queue."""
        growth = probe["waiting_bytes"] * max(1, self.seconds / probe["seconds"])
        return not probe["lost"] and growth < probe["capacity_bytes"]

    def try_rate(self, rate, seconds):
        probe = self.probe(rate, seconds)
        good = self.holds(probe)
        say(f"  {probe['achieved']:,.0f} connections/s for {probe['seconds']:.0f} s: " +
            ("kept up" if good else f"not kept up, lost {probe['lost'] or 'nothing'}") +
            f", {probe['waiting_bytes'] >> 20} MiB waiting")
        return good, probe

    def sustained(self):
        """
        The highest rate: binary search with short probes, then the full time. A flood that does not reach the rate it
        was asked for found no processor: with nothing lost, what it reached counts.
        """
        good, probe = self.try_rate(0, PROBE_SECONDS)
        low, high = (probe["achieved"], probe["achieved"]) if good else (1000, probe["achieved"])
        while high - low > 0.1 * low:
            middle = (low + high) / 2
            good, probe = self.try_rate(int(middle), PROBE_SECONDS)
            low, high = (middle, high) if good else (low, middle)
        for rate in (low, 0.9 * low, 0.8 * low, 0.6 * low, 0.4 * low):
            good, probe = self.try_rate(int(rate), self.seconds)
            if good:
                return probe
        raise BenchError("no rate was kept up for the full time")


def difference(before, after, names):
    """{name: (runs, ns)} of what ran in between."""
    return {names.get(number, "?"): (runs - before.get(number, (0, 0))[0], time_ns - before.get(number, (0, 0))[1])
            for number, (runs, time_ns) in after.items()}
