# SPDX-License-Identifier: GPL-2.0-or-later
"""Works through a file of orders: for processes that nobody can ask over HTTP."""
import json


def work(path, function):
    """Every order of the file; beside it one line each with what went wrong, and a last one when all are done."""
    with open(path) as file, open(path + ".done", "w") as done:
        for line in file:
            order = json.loads(line)
            try:
                function(order["style"], order["to"], order["token"])
            except Exception as problem:
                done.write(json.dumps([order["token"], repr(problem)]) + "\n")
        done.write("end\n")
