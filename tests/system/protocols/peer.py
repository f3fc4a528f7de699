# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of protocols share: an auditor, servers with a certificate, and the hunt for secrets in what is kept."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TESTS, "attribution"), os.path.join(os.path.dirname(HERE), "tls")]
import lab  # noqa: E402
import test_exchanges  # noqa: E402

PYTHON = "/usr/bin/python3"


def begin(name, *more):
    """The build folder, in a network (and `more`) of our own; the end of the program where the kernel cannot."""
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15):
        print(f"{name}: left out: this kernel has no cookies for probes")
        sys.exit(0)
    lab.enter_own_network(*more)
    return os.path.abspath(sys.argv[1])


def audit(build, folder, settings=()):
    """An auditor whose probes are in the system's OpenSSL."""
    os.makedirs(folder, exist_ok=True)
    auditor = lab.Auditor(build, folder, scope="host", settings=settings)
    lab.wait_for("the probes", lambda: auditor.auditor.status().get("probes", 0) >= 6)
    return auditor


def start(build, folder, program):
    os.makedirs(folder, exist_ok=True)
    auditor = lab.Auditor(build, folder, scope="host")
    server = test_exchanges.Server(folder, "https", program)
    test_exchanges.wait_probed(auditor, server.process)
    return auditor, server.process, server.port


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True,
                   stderr=subprocess.DEVNULL)


def wait_listening(port, process):
    """Looked up in /proc: a connection of ours would be recorded."""
    def listens():
        with open("/proc/net/tcp", encoding="ascii") as table:
            return f"0100007F:{port:04X} 00000000:0000 0A" in table.read()
    lab.wait_for(f"port {port}", listens, process)


def differences(what, records, wanted):
    """Lines that say where the records are not as the dictionaries `wanted`, in order."""
    failed = [] if len(records) == len(wanted) else [f"{what}: {len(records)} exchanges instead of {len(wanted)}"]
    for number, (record, want) in enumerate(zip(records, wanted)):
        failed += [f"{what} {number}, {record['method']}: {name} is {record.get(name)}, not {value}"
                   for name, value in want.items() if record.get(name) != value]
    return failed


def exchanges(records, direction, *protocols):
    """Of these protocols: everybody is in scope, also who runs other tests on this machine."""
    return [record for record in records if record["kind"] == "exchange" and record["direction"] == direction and
            record["protocol"] in protocols]
