# SPDX-License-Identifier: GPL-2.0-or-later
"""How a test against a real Odoo begins and ends: options, a network of its own, a folder; problems."""
import os
import shutil
import sys

import server

sys.path[:0] = [os.path.join(os.path.dirname(server.HERE), "attribution")]
import lab  # noqa: E402

STAMPS = ("netaudit-odoo-ready", "netaudit-odoo-tools-2-ready")     # of prepare


def begin(parser, name):
    """A test's options, and its empty folder below the build; without a real Odoo the program ends here, saying so."""
    parser.add_argument("--build", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--prepared", action="store_true", help="skip where the root is not there yet")
    options = parser.parse_args()
    if options.prepared and not all(os.path.exists(os.path.join(options.root, stamp)) for stamp in STAMPS):
        print("skip: there is no real Odoo here, or an older one: make odoo-root")
        raise SystemExit(0)
    if "NETAUDIT_UNSHARED" not in os.environ:
        status = server.prepared(options.root)
        if status:
            raise SystemExit(0 if status == 77 else 1)
    lab.enter_own_network("--mount")
    folder = os.path.join(os.path.abspath(options.build), "tests", name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return options, folder


def end(problems, what):
    """Says them; the exit code."""
    for problem in problems:
        print(f"FAIL: {problem}")
    print(f"{what}, {len(problems)} problems")
    return 1 if problems else 0
