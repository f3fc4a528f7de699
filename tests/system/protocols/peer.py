# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of protocols share: an auditor, and a server with a certificate whose library is probed."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TESTS, "attribution"), os.path.join(os.path.dirname(HERE), "tls")]
import lab  # noqa: E402
import test_exchanges  # noqa: E402

PYTHON = "/usr/bin/python3"


def begin(name):
    """The build folder, in a network of our own; the end of the program where the kernel cannot."""
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15):
        print(f"{name}: left out: this kernel has no cookies for probes")
        sys.exit(0)
    lab.enter_own_network()
    return os.path.abspath(sys.argv[1])


def start(build, folder, program):
    os.makedirs(folder, exist_ok=True)
    auditor = lab.Auditor(build, folder, scope="host")
    server = test_exchanges.Server(folder, "https", program)
    test_exchanges.wait_probed(auditor, server.process)
    return auditor, server.process, server.port
