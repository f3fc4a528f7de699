# SPDX-License-Identifier: GPL-2.0-or-later
"""A route that starts a sub-process and stays in its request, so that a test can look at both from outside."""
import os
import subprocess
import time

from odoo import http


class Probe(http.Controller):
    @http.route("/netaudit_probe/hold", type="http", auth="none")
    def hold(self):
        """Announce (worker pid, sub-process pid) in the file "held"; return once the file "release" exists."""
        folder = os.environ["NETAUDIT_PROBE_FOLDER"]
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
            with open(os.path.join(folder, "held.new"), "w") as announce:
                announce.write(f"{os.getpid()} {child.pid}")
            os.rename(os.path.join(folder, "held.new"), os.path.join(folder, "held"))
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and not os.path.exists(os.path.join(folder, "release")):
                time.sleep(0.05)
            child.kill()
        return "released"
