#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Exports and keys as an auditor and an attacker meet them: golden files, real traffic, three verifiers, every known lie.

Usage: run.py BUILD   (as root, for the daemon; BUILD has netaudit, netaudit-bpf and tests/journal_driver)
"""
import base64
import concurrent.futures
import gzip
import hashlib
import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from mutations import MUTATIONS, spoil

BUILD = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NETAUDIT, DRIVER = BUILD + "/netaudit", BUILD + "/tests/journal_driver"
PYTHON_VERIFIER = ROOT + "/tools/verify/netaudit_verify.py"
PLAIN = "import runpy, sys; sys.modules['cryptography'] = None; sys.argv[1:] = sys.argv[2:]; " \
        f"runpy.run_path({PYTHON_VERIFIER!r}, run_name='__main__')"
# Python without the `cryptography` package, Python with whatever is there, Python -O, and the shell
STANDALONE = {
    "python3": ["python3", PYTHON_VERIFIER],
    "python3 -O": ["python3", "-O", PYTHON_VERIFIER],
    "python3 alone": ["python3", "-c", PLAIN, "--"],
    "dash": ["dash", ROOT + "/tools/verify/netaudit-verify.sh"],
}
PATIENCE = 60
# SHA-256 of what tests/proof/golden.json holds: a format that changes by accident does not land
GOLDEN = {
    "journal": "6defa82845b802154260ae083dd51202afb7cf8c727c6ed6be984eec12b74fc8",
    "head": "d48f952c717a32792865b3ec828744fd21b08b0e75a84879ed70fded709cdd7d",
    "export": "58b319e39c9a0b8debbbd465f85959b589f5229b2fda372f168bae20336a487d",
}


def run(*command, code=0, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **options)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{command}: status {done.returncode} instead of {code}\n{done.stdout}{done.stderr}")
    return done


def drive(folder, records, how="run", code=0):
    return run(DRIVER, how, folder, str(records), code=code)


def fingerprint_of(folder):
    return run(NETAUDIT, "keys", "fingerprint", "--state-dir", folder).stdout.strip()


def export(folder, path, *conditions):
    return run(NETAUDIT, "export", "--state-dir", folder, *conditions, path)


def lines_of(path):
    with gzip.open(path) as file:
        return file.read().split(b"\n")[:-1]


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="netaudit-proof-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.state = self.folder + "/state"
        self.file = self.folder + "/export.gz"

    def accepted(self, path, fingerprint, says, code=0):
        for name, command in STANDALONE.items():
            with self.subTest(verifier=name):
                said = run(*command, fingerprint, path, code=code).stdout
                self.assertTrue(said.startswith("verified"), said)
                self.assertIn(says, said)
        said = run(NETAUDIT, "verify", "--key", fingerprint, path, code=code).stdout
        self.assertRegex(said, "^Export verified")

    def rejected(self, path, fingerprint, what):
        """Every verifier says so, and none of them says `verified` anywhere."""
        for name, command in {"netaudit": [NETAUDIT, "verify", "--key"], **STANDALONE}.items():
            done = run(*command, fingerprint, path, code=None)
            said = done.stdout + done.stderr
            self.assertTrue(done.returncode == 1 and "verified" not in said and "Traceback" not in said and "BROKEN" in said,
                            f"{name} took '{what}': status {done.returncode}, {said}")


class GoldenFiles(Folder):
    def setUp(self):
        super().setUp()
        with open(ROOT + "/tests/proof/golden.json", encoding="utf-8") as file:
            self.golden = json.load(file)
        os.makedirs(self.state + "/journal")
        database = sqlite3.connect(self.state + "/journal/journal.db")
        database.executescript(self.golden["journal"])
        notes = [note for note, in database.execute("SELECT note FROM checkpoint ORDER BY size")]
        database.close()
        with open(self.state + "/journal/anchors.log", "wb") as file:
            file.write(b"".join(notes))

    def test_formats_are_those_of_the_golden_files(self):
        for name, digest in GOLDEN.items():
            self.assertEqual(hashlib.sha256(self.golden[name].encode()).hexdigest(), digest, name)

    def test_the_golden_journal_verifies_and_exports_as_then(self):
        key = self.golden["fingerprint"]
        self.assertEqual(fingerprint_of(self.state), key)
        head = self.folder + "/head"
        with open(head, "w", encoding="utf-8") as file:
            file.write(self.golden["head"])
        run(NETAUDIT, "verify", "--key", key, "--head", head, self.state + "/journal")
        export(self.state, self.file)
        self.assertEqual(b"\n".join(lines_of(self.file)).decode() + "\n", self.golden["export"])
        self.accepted(self.file, key, "complete: every record from 1 to")
        run(NETAUDIT, "verify", "--key", key, "--head", head, self.file)
        run(*STANDALONE["python3"], key, self.file, head)

    def test_every_known_lie_is_told(self):
        key = self.golden["fingerprint"]
        lines = self.golden["export"].encode().split(b"\n")[:-1]
        self.assertGreaterEqual(len(MUTATIONS), 30)

        def one(number, name, function):
            path = f"{self.folder}/{number}.gz"
            with open(path, "wb") as file:
                file.write(spoil(function, lines))
            self.rejected(path, key, name)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for done in [pool.submit(one, number, *case) for number, case in enumerate(MUTATIONS)]:
                done.result()

    def test_another_key_is_another_journal(self):
        export(self.state, self.file)
        self.rejected(self.file, "0" * 64, "another fingerprint")

    def test_without_a_key_nothing_is_called_verified(self):
        export(self.state, self.file)
        said = run(NETAUDIT, "verify", self.file, code=4).stdout
        self.assertIn("the key is the file's own", said)
        self.assertNotIn("verified", said)
        for name, command in STANDALONE.items():
            with self.subTest(verifier=name):
                done = run(*command, self.file, code=2)
                self.assertNotIn("verified", done.stdout)


class Exports(Folder):
    def test_spans_and_filters_prove_what_they_say(self):
        for records in (300, 40):
            drive(self.state, records)
        key = fingerprint_of(self.state)
        export(self.state, self.file, "--from", "100", "--to", "120")
        self.accepted(self.file, key, "complete: every record from 100 to 120")
        words = [line.split(b" ")[0] for line in lines_of(self.file)]
        self.assertGreaterEqual(words.count(b"record"), 21)
        self.assertLess(words.count(b"record"), 60)
        self.assertIn(b"skip", words)
        filtered = self.folder + "/filtered.gz"
        export(self.state, filtered, "--flow", "7")
        self.accepted(filtered, key, "it proves what is in it, not what is absent")
        self.assertEqual(sum(b'"flow":"0000000000000007"' in line for line in lines_of(filtered)), 2)
        lines = lines_of(filtered)
        lines[5] = lines[5].replace(b"filtered", b"complete")
        with open(self.file, "wb") as file:
            file.write(gzip.compress(b"\n".join(lines) + b"\n"))
        self.rejected(self.file, key, "a filtered export that says it is complete")

    def test_what_was_pruned_is_bridged_by_its_heads(self):
        for records in (700, 400):
            drive(self.state, records)
            run(NETAUDIT, "keys", "rotate", "--state-dir", self.state)
        key = fingerprint_of(self.state)
        export(self.state, self.file)
        before = [line for line in lines_of(self.file) if line.startswith(b"head ")]
        run(DRIVER, "prune", self.state, "500", "0", "200000")
        pruned = self.folder + "/pruned.gz"
        self.assertIn("were pruned", export(self.state, pruned).stdout)
        first = int(lines_of(pruned)[5].split()[1])
        self.assertGreater(first, 256)
        self.accepted(pruned, key, f"complete: every record from {first} to")
        heads = [line for line in lines_of(pruned) if line.startswith(b"head ")]
        self.assertEqual(heads[:len(before)], before)
        self.assertEqual(json.loads(run(NETAUDIT, "keys", "show", "--json", "--state-dir", self.state).stdout)["rotations"], 2)
        lines = lines_of(pruned)
        at = next(i for i, line in enumerate(lines) if line.startswith(b"skip "))
        lines[at] = lines[at][:-1] + (b"1" if lines[at].endswith(b"0") else b"0")
        with open(self.file, "wb") as file:
            file.write(gzip.compress(b"\n".join(lines) + b"\n"))
        self.rejected(self.file, key, "another node of the pruned part")

    def test_an_export_is_written_whole_or_not_at_all(self):
        drive(self.state, 20)
        export(self.state, self.file)
        run(NETAUDIT, "export", "--state-dir", self.state, self.file, code=3)   # never over another file
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        run(NETAUDIT, "export", "--state-dir", self.state, "--since", "2001-01-01", "--until", "2001-01-02",
            self.folder + "/none", code=5)
        self.assertFalse(os.path.exists(self.folder + "/none"))
        database = sqlite3.connect(self.state + "/journal/journal.db")
        database.execute("DROP TRIGGER record_update")
        database.execute("UPDATE record SET row_hash = zeroblob(32) WHERE seq = 9")
        database.commit()
        database.close()
        run(NETAUDIT, "export", "--state-dir", self.state, self.folder + "/changed", code=1)
        self.assertFalse(os.path.exists(self.folder + "/changed"))

    def test_a_copy_that_cannot_be_written_is_exported_alike(self):
        drive(self.state, 20)
        export(self.state, self.file)
        copy = self.folder + "/copy"
        shutil.copytree(self.state, copy)
        run("chmod", "-R", "a-w", copy)
        export(copy, self.folder + "/again.gz")
        self.assertEqual(lines_of(self.file), lines_of(self.folder + "/again.gz"))


class Keys(Folder):
    def test_a_rotation_is_followed_by_everyone(self):
        drive(self.state, 10)
        key = fingerprint_of(self.state)
        before = json.loads(run(NETAUDIT, "keys", "show", "--json", "--state-dir", self.state).stdout)
        run(NETAUDIT, "keys", "rotate", "--state-dir", self.state)
        drive(self.state, 10)
        after = json.loads(run(NETAUDIT, "keys", "show", "--json", "--state-dir", self.state).stdout)
        self.assertEqual((before["rotations"], after["rotations"]), (0, 1))
        self.assertNotEqual(before["identity"], after["identity"])
        self.assertEqual(after["fingerprint"], key)
        self.assertEqual(sorted(os.listdir(self.state + "/signer")), ["identity.key", "state"])
        run(NETAUDIT, "verify", "--key", key, self.state + "/journal")
        export(self.state, self.file)
        self.accepted(self.file, key, "identity key changed 1 times")

    def test_a_rotation_survives_kills(self):
        drive(self.state, 5)
        key = fingerprint_of(self.state)
        for _ in range(3):
            run(NETAUDIT, "keys", "rotate", "--state-dir", self.state)
            drive(self.state, 10, "crash")
        drive(self.state, 5)
        self.assertIn(run(NETAUDIT, "verify", "--key", key, self.state + "/journal", code=None).returncode, (0, 4))
        self.assertEqual(json.loads(run(NETAUDIT, "keys", "show", "--json", "--state-dir", self.state).stdout)["rotations"], 3)

    def test_files_that_others_may_read_are_told_and_refused(self):
        drive(self.state, 5)
        os.chmod(self.state + "/signer/identity.key", 0o644)
        said = run(NETAUDIT, "keys", "show", "--state-dir", self.state, code=4).stderr
        self.assertIn("identity.key has mode 0644", said)
        self.assertNotEqual(drive(self.state, 5, code=None).returncode, 0)

    def test_lost_keys_are_refused_and_a_new_journal_names_the_old(self):
        drive(self.state, 10)
        old = fingerprint_of(self.state)
        shutil.rmtree(self.state + "/signer")
        refused = drive(self.state, 5, code=3)
        self.assertEqual(refused.stderr.count("\n"), 1, refused.stderr)
        self.assertIn("netaudit keys renew", refused.stderr)
        moved = run(NETAUDIT, "keys", "renew", "--state-dir", self.state).stdout
        self.assertIn(old, moved)
        drive(self.state, 5)
        database = sqlite3.connect(self.state + "/journal/journal.db")
        first = json.loads(database.execute("SELECT body FROM record WHERE seq = 1").fetchone()[0])
        database.close()
        aside, = [name for name in os.listdir(self.state) if name.startswith("journal.old-")]
        database = sqlite3.connect(f"{self.state}/{aside}/journal.db")
        size, note = database.execute("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1").fetchone()
        database.close()
        self.assertEqual((first["previous_fingerprint"], first["previous_head_size"], first["previous_note"]),
                         (old, size, hashlib.sha256(note).hexdigest()))
        self.assertNotEqual(fingerprint_of(self.state), old)
        run(NETAUDIT, "verify", "--key", old, f"{self.state}/{aside}")
        run(NETAUDIT, "verify", "--key", fingerprint_of(self.state), self.state + "/journal")

    def test_a_lost_journal_is_named_by_what_was_written_down(self):
        drive(self.state, 10)
        old = fingerprint_of(self.state)
        shutil.rmtree(self.state + "/journal")
        self.assertIn("netaudit keys renew", drive(self.state, 5, code=76).stderr)
        run(NETAUDIT, "keys", "renew", "--state-dir", self.state, code=3)
        run(NETAUDIT, "keys", "renew", "--previous", old, "--state-dir", self.state)
        drive(self.state, 5)
        said = run(NETAUDIT, "show", "1", "--state-dir", self.state).stdout
        self.assertIn(old, said)


class Witness:
    """A witness as C2SP tlog-witness has it, with nothing of ours: openssl signs, RFC 9162 is done again here."""

    def __init__(self, folder, name="witness.example.org/w"):
        self.name, self.folder, self.seen = name, folder, (0, b"")
        self.secret = folder + "/witness.pem"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.secret)
        public = subprocess.run(["openssl", "pkey", "-in", self.secret, "-pubout", "-outform", "DER"], check=True, capture_output=True)
        self.key = b"\4" + public.stdout[-32:]
        self.id = hashlib.sha256(name.encode() + b"\n" + self.key).digest()[:4]
        self.published = f"{name}+{self.id.hex()}+{base64.b64encode(self.key).decode()}"

    @staticmethod
    def extends(old, old_root, size, root, proof):
        """RFC 9162, section 2.1.4.2."""
        if old in (0, size):
            return not proof and (old == 0 or old_root == root)
        if old & (old - 1) == 0:
            proof = [old_root, *proof]
        fn, sn = old - 1, size - 1
        while fn & 1:
            fn, sn = fn >> 1, sn >> 1
        fr = sr = proof[0]
        for hash_ in proof[1:]:
            if sn == 0:
                return False
            if fn & 1 or fn == sn:
                fr, sr = (hashlib.sha256(b"\1" + hash_ + side).digest() for side in (fr, sr))
                while not fn & 1 and fn:
                    fn, sn = fn >> 1, sn >> 1
            else:
                sr = hashlib.sha256(b"\1" + sr + hash_).digest()
            fn, sn = fn >> 1, sn >> 1
        return sn == 0 and fr == old_root and sr == root

    def answer(self, request):
        asked, _, note = request.partition("\n\n")
        old, *proof = asked.split("\n")
        body = "\n".join(note.split("\n")[:3]) + "\n"
        size, root = int(body.split("\n")[1]), base64.b64decode(body.split("\n")[2])
        if old != f"old {self.seen[0]}" or not self.extends(*self.seen, size, root, [base64.b64decode(line) for line in proof]):
            return None
        self.seen = (size, root)
        now = int(time.time())
        with open(self.folder + "/message", "w", encoding="utf-8") as file:
            file.write(f"cosignature/v1\ntime {now}\n{body}")
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.secret, "-rawin", "-in", self.folder + "/message"],
                                   check=True, capture_output=True).stdout
        return f"\u2014 {self.name} {base64.b64encode(self.id + now.to_bytes(8, 'big') + signature).decode()}\n"


class Bombs(Folder):
    """Small files that unpack to a great deal."""

    def refused_in_little_room(self, pieces):
        """Says so, with 512 MiB of address space and files of at most 1 MiB."""
        with gzip.open(self.file, "wb") as file:
            for piece in pieces:
                file.write(piece)
        self.assertLess(os.path.getsize(self.file), 2 << 20)
        for name, command in {"netaudit": [NETAUDIT, "verify", "--key"], **STANDALONE}.items():
            with self.subTest(verifier=name):
                done = run("prlimit", "--as=536870912", "--fsize=1048576", "--", *command, "0" * 64, self.file, code=1)
                self.assertIn("a line is too long", done.stdout + done.stderr)

    def test_a_line_of_a_quarter_of_a_gigabyte(self):
        self.refused_in_little_room([b"x" * (1 << 20)] * 256)

    def test_a_line_a_little_too_long_after_good_ones(self):
        good = b"netaudit-export/v1\norigin netaudit.test/journal\n"
        for which in (0, 1):
            line = b"identity " + b"0" * (65665 - 9 - which) + b"\n"
            with gzip.open(self.file, "wb") as file:
                file.write(good + line)
            for name, command in STANDALONE.items():
                said = run(*command, "0" * 64, self.file, code=1).stdout
                self.assertEqual("too long" in said, not which, (name, said))


class Anchors(Folder):
    def ask(self, *arguments, code=0):
        return run(NETAUDIT, "witness", *arguments, "--state-dir", self.state, code=code)

    def test_a_witness_follows_the_journal_and_its_cosignature_is_in_exports(self):
        drive(self.state, 10)
        key, witness = fingerprint_of(self.state), Witness(self.folder)
        answer = self.folder + "/answer"
        for records in (30, 7, 45):
            said = witness.answer(self.ask("request", "--witness", witness.published).stdout)
            self.assertIsNotNone(said, "the witness sees no consistent tree")
            with open(answer, "w", encoding="utf-8") as file:
                file.write(said)
            drive(self.state, records)     # the journal goes on before the answer is there
            self.assertIn("has cosigned records 1 to", self.ask("accept", answer, "--witness", witness.published).stdout)
            self.ask("accept", answer, "--witness", witness.published)     # twice is once
        export(self.state, self.file)
        self.accepted(self.file, key, "3 cosignatures")
        stranger = Witness(self.folder, "stranger.example.org/w")
        self.cosigned(key, witness, 0, "aw records 1 to")
        self.cosigned(key, stranger, 1, "BROKEN")
        self.ask("accept", answer, "--witness", stranger.published, code=5)
        with open(answer, "w", encoding="utf-8") as file:
            file.write(stranger.answer(self.ask("request", "--old", "0").stdout).replace("stranger", "witness"))
        self.assertNotEqual(self.ask("accept", answer, "--witness", witness.published, code=None).returncode, 0)
        self.spoiled_cosignatures(key, witness)
        for wrong in ("witness", witness.published[:-4], witness.published.replace("witness", "witnes"),
                      witness.published.replace(witness.id.hex(), "00000000"), witness.published + "\n"):
            for command in STANDALONE.values():
                run(*command, key, self.file, "--witness", wrong, code=2)

    def cosigned(self, key, witness, code, says):
        """What all verifiers say of the export when they have this witness's key."""
        run(NETAUDIT, "verify", "--key", key, "--witness", witness.published, self.file, code=code)
        for name, command in {"netaudit": [NETAUDIT, "verify", "--key"], **STANDALONE}.items():
            options = ["--witness", witness.published]
            done = run(*command, *((key, *options, self.file) if name == "netaudit" else (key, self.file, *options)), code=None)
            self.assertEqual((done.returncode, says in done.stdout, "Traceback" in done.stderr), (code, True, False), (name, done))
            self.assertTrue(code == 0 or "verified" not in done.stdout.lower(), (name, done))

    def spoiled_cosignatures(self, key, witness):
        """Every lie in a cosignature: told with the witness's key, or to everybody where it is not even one."""
        whole = lines_of(self.file)
        at = [i for i, line in enumerate(whole) if line.startswith(b"witness ")]
        name, _, text = whole[at[0]].rpartition(b" ")
        raw = base64.b64decode(text)

        def with_bytes(position, value):
            spoiled = raw[:position] + bytes([raw[position] ^ value]) + raw[position + 1:]
            return [name + b" " + base64.b64encode(spoiled) if i == at[0] else line for i, line in enumerate(whole)]

        def without(*places):
            return [line for i, line in enumerate(whole) if i not in places]

        moved = without(at[0])
        moved.insert(at[1], whole[at[0]])
        lies = {f"byte {position}": with_bytes(position, 1) for position in (4, 11, 12, 43, 44, 75)}
        lies |= {"under another head": moved, "none": without(*at), "none before a record": whole[:at[0] - 1] + whole[at[0]:]}
        lies |= {"a longer word": [line + b"A" if i == at[0] else line for i, line in enumerate(whole)],
                 "another spelling": [line[:-3] + b"/==" if i == at[0] else line for i, line in enumerate(whole)],
                 "another name in all": [line.replace(b"witness witness", b"witness witnesz") for line in whole],
                 "another key id in all": [line[:-104] + base64.b64encode(bytes(4) + base64.b64decode(line[-104:])[4:])
                                           if i in at else line for i, line in enumerate(whole)]}
        for what, lines in lies.items():
            with self.subTest(lie=what), open(self.file, "wb") as file:
                file.write(gzip.compress(b"\n".join(lines) + b"\n"))
                file.flush()
                self.cosigned(key, witness, 1, "BROKEN")
        with open(self.file, "wb") as file:
            file.write(gzip.compress(b"\n".join(whole) + b"\n"))
        self.cosigned(key, witness, 0, "aw records 1 to")

    def test_a_head_that_was_kept_tells_a_cut_journal(self):
        drive(self.state, 20)
        copy = self.folder + "/copy"
        shutil.copytree(self.state, copy)
        drive(self.state, 20)
        for arguments in ([], ["--qr"]):
            page = run(NETAUDIT, "head", *arguments, "--state-dir", self.state).stdout.split("\n")
            kept = page[3:8] if arguments else page[:-1]
            self.assertEqual(len(kept), 5 if arguments else 6)
            with open(self.folder + "/head", "w", encoding="utf-8") as file:
                file.write("\n".join(kept) + "\n")
            run(NETAUDIT, "verify", "--head", self.folder + "/head", self.state + "/journal")
            run(NETAUDIT, "verify", "--head", self.folder + "/head", copy + "/journal", code=1)
            key = fingerprint_of(copy)
            for name, folder, code in (("whole", self.state, 0), ("cut", copy, 1)):
                export(folder, f"{self.folder}/{name}{len(arguments)}.gz")
                for command in ([NETAUDIT, "verify", "--key", key, "--head", self.folder + "/head"], ):
                    run(*command, f"{self.folder}/{name}{len(arguments)}.gz", code=code)
                run(*STANDALONE["python3"], key, f"{self.folder}/{name}{len(arguments)}.gz", self.folder + "/head", code=code)

    @unittest.skipUnless(shutil.which("zbarimg"), "zbarimg reads the QR code back; it is not here")
    def test_the_code_on_the_page_says_what_the_page_says(self):
        drive(self.state, 5)
        page = run(NETAUDIT, "head", "--qr", "--state-dir", self.state).stdout.split("\n")
        rows = [line for line in page[8:] if line and all(character in " \u2580\u2584\u2588" for character in line)]
        modules = [[(" \u2580\u2584\u2588".index(character) >> half) & 1 for character in row] for row in rows for half in (0, 1)]
        scale = 4
        with open(self.folder + "/code.pgm", "wb") as file:
            file.write(b"P5\n%d %d\n255\n" % (len(modules[0]) * scale, len(modules) * scale))
            for row in modules:
                file.write(bytes(0 if module else 255 for module in row for _ in range(scale)) * scale)
        said = run("zbarimg", "--quiet", "--raw", "--oneshot", self.folder + "/code.pgm").stdout
        self.assertEqual(said.rstrip("\n"), "\n".join(page[3:8]))

    @unittest.skipUnless(shutil.which("go") and os.path.isdir("/usr/share/gocode/src/golang.org/x/mod/sumdb"),
                         "Go and golang.org/x/mod (Debian: golang-go golang-golang-x-mod-dev) are another implementation of notes "
                         "and trees; they are not here")
    def test_another_implementation_reads_our_notes_and_proofs(self):
        drive(self.state, 300)
        once = {}
        database = sqlite3.connect(self.state + "/journal/journal.db")
        identity, once[0] = (value for value, in database.execute("SELECT value FROM meta WHERE id IN (2, 3) ORDER BY id"))
        heads = database.execute("SELECT size, note FROM checkpoint ORDER BY size").fetchall()
        for body, in database.execute("SELECT body FROM record"):
            body = json.loads(body)
            if body["kind"] == "head":
                once[body["number"] + 1] = bytes.fromhex(body["next_key"])
        database.close()
        arguments = []
        for number, (_, note) in enumerate(heads):
            path = f"{self.folder}/note{number}"
            with open(path, "wb") as file:
                file.write(note)
            arguments += [path, identity.hex(), once[number].hex()]
        with open(self.folder + "/request", "w", encoding="utf-8") as file:
            file.write(run(NETAUDIT, "witness", "request", "--old", str(heads[1][0]), "--state-dir", self.state).stdout)
        said = run("go", "run", ROOT + "/tests/proof/c2sp.go", self.folder + "/request", f"{self.folder}/note1", *arguments,
                   env={**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": self.folder + "/go"}).stdout
        self.assertEqual(said, f"{len(heads)} notes with both signatures, 1 consistency proof\n")


class Walkthrough(Folder):
    def test_the_commands_of_the_auditors_page_do_what_it_says(self):
        for records in (20, 10):
            drive(self.state, records)
        with open(self.folder + "/netaudit", "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nexec {NETAUDIT} "$@" --state-dir {self.state}\n')
        os.chmod(self.folder + "/netaudit", 0o755)
        for tool in ("netaudit_verify.py", "netaudit-verify.sh"):
            shutil.copy(ROOT + "/tools/verify/" + tool, self.folder)
        with open(ROOT + "/docs/verify-yourself.md", encoding="utf-8") as file:
            blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", file.read())
        self.assertEqual(len(blocks), 6)
        key = fingerprint_of(self.state)
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "FINGERPRINT": key}
        said = [run("sh", "-euc", block, cwd=self.folder, env=environment).stdout for block in blocks]
        self.assertEqual(said[0].strip(), key)
        self.assertEqual(said[2].count("verified: journal"), 3)
        self.assertIn("complete: every record from 2 to 9", said[2])
        self.assertIn("filtered:", said[3])
        self.assertEqual([json.loads(line)["kind"] for line in said[4].splitlines()], ["config", "head", "close"])
        self.assertIn("verified: journal", said[5])


class RealTraffic(Folder):
    """What a real daemon saw of real connections on loopback."""

    def start_daemon(self):
        os.chmod(self.folder, 0o755)
        os.makedirs(self.state)
        run_dir = self.folder + "/run"
        os.makedirs(run_dir)
        daemon = subprocess.Popen([BUILD + "/netaudit-bpf", "--scope", "host", "--state-dir", self.state, "--run-dir", run_dir],
                                  stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + PATIENCE
        while '"state": "running"' not in self.read_status(run_dir):
            self.assertIsNone(daemon.poll(), daemon.stderr.read() if daemon.poll() is not None else "")
            self.assertLess(time.monotonic(), until, "the daemon is not ready")
            time.sleep(0.05)
        return daemon

    @staticmethod
    def read_status(run_dir):
        try:
            with open(run_dir + "/status.json", encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def talk(self):
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]

        def answer():
            for _ in range(5):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(connection.recv(100))
        thread = threading.Thread(target=answer)
        thread.start()
        for number in range(5):
            with socket.create_connection(("127.0.0.1", port)) as client:
                client.sendall(b"question %d" % number)
                client.recv(100)
        thread.join()
        server.close()
        return port

    def test_an_export_of_real_traffic_is_accepted_and_its_changes_are_not(self):
        daemon = self.start_daemon()
        port = self.talk()
        daemon.terminate()
        self.assertEqual(daemon.wait(PATIENCE), 0, daemon.stderr.read())
        daemon.stderr.close()
        key = fingerprint_of(self.state)
        export(self.state, self.file, "--destination", f":{port}")
        records = [json.loads(line.split(b" ", 3)[3]) for line in lines_of(self.file) if line.startswith(b"record ")]
        mine = [record for record in records if record["kind"] == "open" and record.get("dport") == port]
        self.assertGreaterEqual(len(mine), 5)
        noted = {"gap", "lost"} & {record["kind"] for record in records}
        self.accepted(self.file, key, "it proves what is in it, not what is absent", code=4 if noted else 0)
        lines = lines_of(self.file)
        at = next(i for i, line in enumerate(lines) if b'"dport":%d' % port in line)
        spoilt = lines[:at] + [lines[at].replace(b'"dport":%d' % port, b'"dport":%d' % (port ^ 1))] + lines[at + 1:]
        with open(self.folder + "/spoilt.gz", "wb") as file:
            file.write(gzip.compress(b"\n".join(spoilt) + b"\n"))
        self.rejected(self.folder + "/spoilt.gz", key, "another port")


if __name__ == "__main__":
    unittest.main()
