# SPDX-License-Identifier: GPL-2.0-or-later
"""A program that knows its own stacks: it prints what every thread of it runs, as JSON, and waits for its input to end.

Run by each interpreter under test, from 3.6 on. A thread reports on the line it then waits on, so that what it said
stays true. Its forked copy does the same, with the one thread a fork leaves.
"""
import json
import os
import sys
import threading

BEFORE_COPY = []  # what the copy waits for to be closed


def frames_of(frame):
    result = []
    while frame is not None:
        code = frame.f_code
        module = frame.f_globals.get("__name__")
        result.append({"file": code.co_filename, "name": code.co_name, "qualname": getattr(code, "co_qualname", ""),
                       "line": frame.f_lineno, "module": module if type(module) is str else "",
                       "first_line": code.co_firstlineno})
        frame = frame.f_back
    return result


def report():
    """Prints one line: this process and its threads, the caller's frames as the caller's thread."""
    current = threading.get_ident()
    threads = {}
    for ident, frame in sys._current_frames().items():
        threads[str(ident)] = frames_of(sys._getframe(1) if ident == current else frame)
    text = json.dumps({"pid": os.getpid(), "version": sys.version.split()[0], "threads": threads})
    os.write(1, text.encode("ascii") + b"\n")
    while BEFORE_COPY:
        os.close(BEFORE_COPY.pop())


def leaf():
    report(), os.read(0, 1)


def module_of(name, file, function, globals_name):
    """A function of a module that exists nowhere, with names of our choosing."""
    source = "\n\n\ndef %s(go_on):\n    return (\n        [1,\n         go_on()])\n" % function
    space = {} if globals_name is None else {"__name__": globals_name}
    exec(compile(source, file, "exec"), space)
    return space[name]


def generator():
    yield 1
    yield descend()


class Word(str):
    """Not a plain string: whoever expects one must not believe it."""


def through_c(function):
    def called_from_c(_):
        return function()
    return sorted([1], key=called_from_c)


def steps():
    """From the outermost on: what each does to get one further in."""
    yield lambda function: [function() for _ in (1,)]
    yield through_c
    yield module_of("plain", "/opt/odoo/addons/sale/models/sale.py", "plain", "odoo.addons.sale.models.sale")
    yield module_of("gr\u00fc\u00dfe", "/opt/\u00fcber/caf\u00e9.py", "gr\u00fc\u00dfe", "caf\u00e9")
    yield module_of("\u0437\u0430\u043f\u0440\u043e\u0441", "/opt/\u4e2d\u6587/\u0437.py",
                    "\u0437\u0430\u043f\u0440\u043e\u0441", "\u043c\u043e\u0434\u0443\u043b\u044c")
    yield module_of("smile", "/opt/\U0001f600.py", "smile", "\U0001f600")
    yield module_of("nameless", "ir.actions.server(158,)", "nameless", None)
    yield module_of("word", "<frozen x>", "word", Word("not.believed"))
    yield module_of("empty", "", "empty", "")
    many = module_of("many", "many.py", "many", "many")
    many.__globals__.update(("name_%d" % number, number) for number in range(2000))
    yield many
    changed = module_of("changed", "changed.py", "changed", "before")
    for number in range(50):
        changed.__globals__["other_%d" % number] = number
    del changed.__globals__["__name__"]
    changed.__globals__["__name__"] = "after"
    yield changed
    mixed = module_of("mixed", "mixed.py", "mixed", "mixed")
    mixed.__globals__[1] = "a key that is no string makes keys of another kind"
    yield mixed


REMAINING = []  # steps


def descend():
    if not REMAINING:
        return leaf()
    step = REMAINING.pop()
    return step(descend)


def deep(depth):
    if depth:
        return deep(depth - 1)
    iterator = generator()
    next(iterator)
    return next(iterator)


class Thread:
    """Locks are C code: they add no frames of their own."""

    def __init__(self, way):
        self.ready, self.gate = threading.Lock(), threading.Lock()
        self.ready.acquire()
        self.gate.acquire()
        threading.Thread(target=getattr(self, way), daemon=True).start()
        self.ready.acquire()

    def wait(self):
        self.ready.release(); self.gate.acquire()  # one line, see above

    def in_coroutine(self):
        async def coroutine():
            self.wait()

        async def outer():
            await coroutine()

        try:
            outer().send(None)
        except StopIteration:
            pass


def main():
    threads = [Thread("wait"), Thread("in_coroutine")]
    REMAINING.extend(reversed(list(steps())))
    first, second = os.pipe()
    if os.fork() == 0:
        os.close(second)
        os.read(first, 1)  # after its parent, so that their lines do not mix
    else:
        BEFORE_COPY.append(second)
    deep(20)
    threads.clear()


main()
