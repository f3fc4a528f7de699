#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 of every process, under load: no committed record is lost, every death is on record, nobody else notices.

usage: test_crash.py BUILD [TEST...]; as root. FULL=1: 100 kills of each instead of 10.
"""
import os
import random
import signal
import time

import tampering
from hardship import FULL, LOAD, Hardship, Load, life, link_ids, main, recorded, run_load, wait_for

KILLS = 100 if FULL else 10
SEED = 20261122
LONGEST_LIFE = 0.6  # seconds under load before a kill
RATE = 150


class Crash(Hardship):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.known = {}

    def remember(self):
        """Everything that is committed now."""
        after = max(self.known, default=0)
        self.known.update((row.seq, row.digest) for row in self.journal.rows(after))

    def assert_nothing_committed_changed(self):
        now = {row.seq: row.digest for row in self.journal.rows()}
        changed = [seq for seq, digest in self.known.items() if now.get(seq) != digest]
        self.assertFalse(changed, f"{len(changed)} of {len(self.known)} committed records are gone or changed")
        self.say(f"{len(self.known)} records seen before kills are unchanged in {len(now)}")

    def live_for_a_random_time(self):
        """The one sleep there is: the moment of a kill is the test's input, not something it waits for."""
        time.sleep(self.random.uniform(0.02, LONGEST_LIFE))
        self.remember()

    def known_gaps(self, name):
        """Generations of a component whose coming is on record. Deaths in quick succession may share a gap."""
        return [record["generation"] for record in self.journal.records("gap", after=max(self.known, default=0))
                if record["component"] == name]

    def load_without_end(self):
        return Load(f"tcp:{RATE * 86400}:{RATE}", f"unix:{RATE * 86400}:{RATE}")

    def kill_children(self, name):
        """Returns what was made, and the gap records of the victim."""
        self.start()
        links = link_ids(self.daemon.pid)
        self.assertTrue(links)
        load = self.load_without_end()
        for kill in range(1, KILLS + 1):
            self.live_for_a_random_time()
            self.kill_child(name)
            wait_for("the gap on record", lambda kill=kill: kill in self.known_gaps(name))
            self.assertEqual(link_ids(self.daemon.pid), links, "a hook was detached")
        made = load.end()
        self.stop()
        self.assert_nothing_committed_changed()
        gaps = [record for record in self.journal.records("gap") if record["component"] == name]
        self.assertEqual([gap["generation"] for gap in gaps], list(range(1, KILLS + 1)), "each death has its gap")
        self.assertEqual({gap["cause"] for gap in gaps}, {"killed by signal 9"})
        # the journal may have ended too, while it waited for a signer that was killed
        self.assertEqual(self.verify()["gaps"], len(self.journal.records("gap")))
        return made, gaps

    def test_observer(self):
        made, gaps = self.kill_children("observer")
        uncommitted = sum(gap["uncommitted"] for gap in gaps)
        self.say(f"{uncommitted} drained events never became records")
        self.assertTrue(all(gap["exact"] for gap in gaps))
        self.assert_balance(made, allowance=uncommitted)
        tampering.assert_every_change_is_told(self)

    def test_journal(self):
        made, gaps = self.kill_children("journal")
        self.assertEqual(sum(gap["uncommitted"] for gap in gaps), 0, "the queue outlives the journal process")
        self.assert_balance(made)

    def test_signer(self):
        made, _ = self.kill_children("signer")
        self.assert_balance(made)

    def kill_daemon(self, kill):
        """Kills with kill() and starts again, under load, many times."""
        load = self.load_without_end()
        for _ in range(KILLS):
            self.start()
            self.live_for_a_random_time()
            children = [self.daemon.child(name) for name in life.CHILDREN]
            kill(children)
            self.daemon.wait()
            for pid in children:
                wait_for(f"the end of {pid}", lambda pid=pid: not life.is_alive(pid))
            self.daemon.close()
        made = load.end()
        self.start()
        self.stop()
        self.assert_nothing_committed_changed()
        records = self.journal.records()
        starts = [at for at, record in enumerate(records) if record["kind"] == "start"]
        self.assertEqual([records[at]["clean"] for at in starts], [True] + [False] * KILLS)
        for at in starts[1:]:
            gap = records[at + 1]
            self.assertEqual((gap["kind"], gap["component"], gap["cause"]), ("gap", "daemon", "unclean stop"))
            self.assertEqual(gap["from_tb"], records[at - 1]["tb"])
        self.assertEqual(self.verify()["unclean_starts"], KILLS)
        written = recorded(records)
        for name in ("open", "close", "unix"):
            self.assertLessEqual(written[name], made[name])
            self.assertGreater(written[name], 0)

    def test_supervisor(self):
        self.kill_daemon(lambda children: self.daemon.process.kill())

    def test_all_at_once(self):
        def kill(children):
            for pid in [self.daemon.pid] + self.random.sample(children, len(children)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # its parent was quicker
        self.kill_daemon(kill)

    def test_events_made_while_the_observer_is_dead_are_recorded(self):
        self.start()
        before = self.daemon.status()["components"]["observer"]
        links = link_ids(self.daemon.pid)
        resume = self.pause("supervisor")
        os.kill(before["pid"], signal.SIGKILL)
        wait_for("the end of the observer", lambda: not life.is_alive(before["pid"]))
        made = run_load("tcp:200 fin:50 udp:100 unix:100 process:50")
        self.assertFalse([r for r in self.journal.records("open") if r["comm"] == LOAD], "nobody was there to record")
        resume()
        self.wait_back("observer", before["restarts"])
        self.assertEqual(link_ids(self.daemon.pid), links)
        self.stop()
        mine = self.assert_balance(made)
        self.assertEqual(sum(mine.values()), 0)
        datagrams = [r for r in self.journal.records("datagram") if r["comm"] == LOAD]
        self.assertEqual(sum(r["messages_out"] for r in datagrams), made["datagram"], "said twice, or not at all")
        self.assertTrue(all(r["dport"] == 9 and r["seen_by"] == "send" for r in datagrams))


if __name__ == "__main__":
    main()
