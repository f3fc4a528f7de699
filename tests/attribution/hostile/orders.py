# SPDX-License-Identifier: GPL-2.0-or-later
"""Works through a file of hostile cases; beside it one line each: the case and the source ports of its calls."""
import json
import traceback


def work(path, function):
    with open(path) as file, open(path + ".done", "w") as done:
        for line in file:
            case, to = json.loads(line)
            try:
                ports, problem = function(case, to), ""
            except Exception:
                ports, problem = [], traceback.format_exc()
            done.write(json.dumps([case, ports, problem]) + "\n")
        done.write("end\n")
