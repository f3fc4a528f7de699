# SPDX-License-Identifier: GPL-2.0-or-later
"""What a walk over Python frames costs: the same connects with and without a layout for their process."""
import json
import os
import statistics
import subprocess
import sys

from auditor import BenchError, RunTimeStatistics, programs_of

RING_KIB = 65536
FRAMES = (10, 20, 40)
WALKS = 8000	# of one run: their events fit the ring


class Walker:
    """The test's program that loads the hooks and does as it is told; while paused it reads nothing."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "auto", str(RING_KIB)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.until("ready")
        self.tell("mute")

    def until(self, kind):
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == kind:
                return event
        raise BenchError("the walker ended")

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        result = self.until("answer")["result"]
        if result:
            raise BenchError(f"{' '.join(map(str, words))}: {os.strerror(-result)}")

    def nanoseconds(self):
        return sum(time_ns for _, time_ns in programs_of(self.process.pid).values())

    def stop(self):
        self.process.stdin.close()
        counts = self.until("counts")
        self.process.wait()
        return counts


class Target:
    def __init__(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "walk_target.py")
        self.process = subprocess.Popen([sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.pid = int(self.process.stdout.readline())

    def connects(self, frames, count=WALKS):
        print(frames, count, file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Pair:
    """Two processes in scope that do the same: of one the stacks are walked."""

    def __init__(self, walker):
        self.walker, self.walked, self.plain = walker, Target(), Target()
        for target in (self.walked, self.plain):
            walker.tell("scope", target.pid)
        walker.tell("python", self.walked.pid)

    def run(self, target, frames, clock):
        """Nanoseconds a connect, once everything that is said only once has been said."""
        target.connects(frames, 50)
        self.walker.tell("pause")
        before = self.walker.nanoseconds()
        wall = target.connects(frames)
        programs = self.walker.nanoseconds() - before
        self.walker.tell("forget")	# reads the ring, too
        return (wall if clock == "wall" else programs) / WALKS

    def difference(self, frames, clock):
        return self.run(self.walked, frames, clock) - self.run(self.plain, frames, clock)

    def stop(self):
        for target in (self.walked, self.plain):
            target.stop()


def walks(program, pairs):
    """{frames: {"program_us", "wall_us"}} of one walk: medians over the pairs."""
    walker = Walker(program)
    pair, found = Pair(walker), {frames: {} for frames in FRAMES}
    try:
        for frames in FRAMES:
            found[frames]["wall_us"] = statistics.median(pair.difference(frames, "wall") for _ in range(pairs)) / 1000
        with RunTimeStatistics():
            for frames in FRAMES:
                found[frames]["program_us"] = statistics.median(pair.difference(frames, "program")
                                                                for _ in range(pairs)) / 1000
    finally:
        pair.stop()
        counts = walker.stop()
    if counts["stacks_lost"]:
        raise BenchError("void: the ring did not hold the run")
    return found
