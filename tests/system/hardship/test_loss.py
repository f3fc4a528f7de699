#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""No silent loss: whatever does not fit is counted, exactly, and named.

usage: test_loss.py BUILD [TEST...]; as root
"""
import collections
import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import threading

from kernel_map import Map
from hardship import LOAD, TYPES, Hardship, Load, boottime_us, lost, main, recorded, run_load, wait_for

MIX = "tcp:3000 fin:300 udp:1200 unix:1000 process:400"
SMALLEST = ("--ring-kib", "4", "--bulk-ring-kib", "4")


class Throttle(threading.Thread):
    """Lets a process run for a fortieth of the time."""

    def __init__(self, pid):
        super().__init__()
        self.pid, self.over = pid, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.001):
            os.kill(self.pid, signal.SIGSTOP)
            self.over.wait(0.039)
            os.kill(self.pid, signal.SIGCONT)

    def end(self):
        self.over.set()
        self.join()


class Loss(Hardship):
    def lost_to_load(self):
        """What `lost` records say of the load: (boottime of the record, entry)."""
        return [(record["tb"], entry) for record in self.journal.records("lost") for entry in record["losses"]
                if entry["comm"] == LOAD]

    def named_all(self):
        """The kernel's table of names is empty: nothing was added to the records for two looks of the observer."""
        before = self.journal.records("lost")
        looked_ns = self.daemon.status()["now_boottime_ns"]
        wait_for("time to pass", lambda: self.daemon.status()["now_boottime_ns"] > looked_ns + 2_500_000_000)
        return before and len(before) == len(self.journal.records("lost"))

    def overflow(self):
        """The mix, with nobody draining. Returns what was made and the boottime when draining resumed."""
        resume = self.pause("observer")
        made, resumed_us = run_load(MIX), boottime_us()
        resume()
        return made, resumed_us

    def test_rings_that_overflow_lose_nothing_silently(self):
        self.start(*SMALLEST)
        made, resumed_us = self.overflow()
        seen_us = wait_for("a lost record", self.lost_to_load)[0][0]
        self.say(f"the first lost record was made {(seen_us - resumed_us) / 1000:.0f} ms after draining resumed")
        made += run_load(MIX)  # and again with the observer at work, as far as so small a ring lets it be
        self.stop()
        mine = self.assert_balance(made)
        for name in TYPES:
            self.assertGreater(mine[name], 0, f"no {name} was lost: the test showed nothing")
        losses = [entry for _, entry in self.lost_to_load()]
        names = {entry.get("dst") for entry in losses if entry["type"] == "datagram"}
        self.assertGreater(len(names), 1000, "destinations of lost datagrams are named")
        self.assertTrue(all(entry["pid"] > 0 and entry["reason"] == "ring" for entry in losses))
        self.assertTrue(all("dst" in entry and entry["dport"] for entry in losses if entry["type"] in ("open", "close")))
        self.assertEqual(self.verify()["losses"] > 0, True)

    def test_lost_records_say_everything_without_further_losses(self):
        self.start(*SMALLEST)
        made, _ = self.overflow()
        wait_for("every lost event to be named", self.named_all)
        self.assertGreater(len(self.lost_to_load()), 1000)
        self.stop()
        self.assert_balance(made)

    def test_losses_are_said_once_although_the_observer_was_replaced(self):
        self.start(*SMALLEST)
        made, _ = self.overflow()
        wait_for("every lost event to be named", self.named_all)
        self.kill_child("observer")
        again, _ = self.overflow()
        made += again
        self.stop()
        gaps = [r for r in self.journal.records("gap") if r["component"] == "observer"]
        self.assertEqual(len(gaps), 1)
        self.assert_balance(made, allowance=gaps[0]["uncommitted"])

    def test_lost_datagram_flows_leave_nothing_behind_in_the_kernel(self):
        self.start(*SMALLEST, "--max-peers", "4096", "--datagram-seconds", "1")
        made = run_load("udp:1200")
        for _ in range(5):
            resume = self.pause("observer")
            made += run_load("udp:1200")
            said = len(self.lost_to_load())
            resume()
            wait_for("the losses to be on record", lambda said=said: len(self.lost_to_load()) > said)
        self.stop()
        self.assert_balance(made)
        reasons = {entry["reason"] for _, entry in self.lost_to_load()}
        self.assertEqual(reasons, {"ring"}, "the map of peers filled up with flows that are over")

    def test_lost_closes_leave_nothing_behind_in_the_observer(self):
        self.start("--bulk-ring-kib", "4", "--progress-seconds", "1")
        before = self.daemon.status()["flows_open"]
        made = run_load("tcp:100")
        for _ in range(5):
            resume = self.pause("observer")
            made += run_load("tcp:1000")
            resume()
        wait_for("lost closes", lambda: [entry for _, entry in self.lost_to_load() if entry["type"] == "close"])
        wait_for("flows without a close to be forgotten", lambda: self.daemon.status()["flows_open"] < before + 1000)
        self.stop()
        self.assert_balance(made)

    def test_a_connect_during_a_flood_of_bulk_events_is_not_lost(self):
        self.start("--bulk-ring-kib", "4")
        flood = Load(*["udp:20000"] * 2)
        calm = Load("tcp:400:400")
        flood.finish()
        made = calm.finish()
        self.stop()
        records = self.journal.records()
        mine, _, _ = lost(records)
        self.say(f"the flood lost {mine['datagram']} datagram events and {mine['close']} closes")
        self.assertGreater(mine["datagram"] + mine["close"], 0, "the flood overflowed nothing: the test showed nothing")
        self.assertEqual(mine["open"], 0)
        self.assertEqual(recorded(records)["open"], made["open"])

    def test_what_is_due_every_second_does_not_wait_for_full_rings_to_be_empty(self):
        self.start("--ring-kib", "65536", "--bulk-ring-kib", "4", "--heartbeat-seconds", "1")
        self.pause("observer")
        made, began_us = run_load("tcp:30000", "tcp:30000"), boottime_us()
        throttle = Throttle(self.daemon.child("observer"))
        wait_for("six seconds of work", lambda: boottime_us() > began_us + 6_000_000)
        ended_us = boottime_us()
        throttle.end()
        self.stop()
        self.assert_balance(made)
        records = self.journal.records()
        told = [number for number, r in enumerate(records) if r["kind"] == "lost" and r["tb"] > began_us]
        opens = [number for number, r in enumerate(records) if r["kind"] == "open" and r["comm"] == LOAD]
        heartbeats = [r for r in records if r["kind"] == "heartbeat" and began_us < r["tb"] < ended_us]
        self.say(f"in 6 s: {len(heartbeats)} heartbeats; before the first lost record "
                 f"{sum(number < told[0] for number in opens)} of {len(opens)} opens")
        self.assertGreaterEqual(len(heartbeats), 3)
        self.assertLess(told[0], opens[len(opens) // 2], "losses are said before everything else has been")

    def kinds_by_flow(self, port):
        flows = collections.defaultdict(list)
        for record in self.journal.records():
            if record["kind"] in ("open", "progress", "close") and port in (record.get("sport"), record.get("dport")):
                flows[record["flow"]].append(record["kind"])
        return flows

    def test_an_observer_that_lags_says_nothing_of_a_flow_before_its_open(self):
        self.start("--ring-kib", "4096", "--progress-seconds", "1")
        resume, began_us = self.pause("observer"), boottime_us()
        with socket.create_server(("127.0.0.1", 0), backlog=64) as server, contextlib.ExitStack() as both:
            for _ in range(1500):   # three times what the observer handles between two looks at the clock
                both.enter_context(socket.create_connection(server.getsockname()))
                both.enter_context(server.accept()[0])
            wait_for("progress to be due", lambda: boottime_us() > began_us + 2_000_000)
            port = server.getsockname()[1]
            resume()
            wait_for("progress", lambda: any("progress" in kinds for kinds in self.kinds_by_flow(port).values()))
        self.stop()
        flows = self.kinds_by_flow(port)
        self.assertEqual(len(flows), 3000)
        self.assertEqual([kinds for kinds in flows.values() if kinds[0] != "open" or kinds[-1] != "close"], [])

    def mine(self, sockets):
        """{key: entry} of this process's own sockets, as the kernel's side keeps them."""
        entries = {key: sockets.get(key) for key in sockets.keys()}
        return {key: entry for key, entry in entries.items() if entry and struct.pack("I", os.getpid()) in entry}

    def left_behind(self, sockets):
        """Puts what is kept of a datagram socket where the ends of connections were kept, which are over."""
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.sendto(b"x", server.getsockname())
            (key, entry), = self.mine(sockets).items()
            with contextlib.ExitStack() as both:
                for _ in range(100):
                    both.enter_context(socket.create_connection(server.getsockname()))
                    both.enter_context(server.accept()[0])
                ends = self.mine(sockets).keys() - {key}
                self.assertEqual(len(ends), 200)
            wait_for("the ends to be forgotten", lambda: self.mine(sockets).keys() == {key})
            for end in ends:
                sockets.put(end, entry)
        return {end: entry for end in ends}

    def test_what_another_socket_left_behind_hides_no_connection(self):
        self.start()
        sockets = Map(self.daemon.pid, "sockets")
        self.addCleanup(sockets.close)
        processors = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, processors)
        os.sched_setaffinity(0, {min(processors)})   # each processor has freed memory of its own
        left, made = self.left_behind(sockets), collections.Counter()
        for _ in range(20):
            made += run_load("tcp:200")
            if any(sockets.get(key) != entry for key, entry in left.items()):
                break
        else:
            self.fail("no connection got the memory of an earlier one: the test showed nothing")
        self.stop()
        self.assertEqual(sum(self.assert_balance(made).values()), 0)

    def test_slow_fdatasync_loses_nothing_at_rated_load(self):
        if not shutil.which("strace"):
            self.skip("no strace to delay fdatasync with")
        self.start()
        log = os.path.join(self.folder, "strace")
        tracer = subprocess.Popen(["strace", "-f", "-o", log, "-p", str(self.daemon.child("journal")), "-e",
                                   "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_exit=2000000"],
                                  stderr=subprocess.PIPE, text=True)
        wait_for("strace", lambda: "attached" in tracer.stderr.readline())
        made = run_load(f"tcp:{2000 * 10}:2000")
        waiting = self.daemon.status()["queue_used_bytes"]
        tracer.send_signal(signal.SIGTERM)
        tracer.wait()
        self.stop()
        with open(log) as file:
            delayed = file.read().count("DELAYED")
        tracer.stderr.close()
        self.say(f"{delayed} calls took 2 s longer; {waiting >> 20} MiB were waiting in the queue when the load ended")
        self.assertGreater(delayed, 0)
        mine = self.assert_balance(made)
        self.assertEqual(sum(mine.values()), 0, mine)
        self.assertEqual(self.final["records_refused"], 0)


if __name__ == "__main__":
    main()
