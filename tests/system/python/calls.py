# SPDX-License-Identifier: GPL-2.0-or-later
"""
Ways a Python program comes to make a call, each a function whose name starts with `case_`. The peers are on loopback
and take everything.
"""
import _thread
import asyncio
import functools
import importlib
import os
import socket
import subprocess
import sys
import threading

import truth

PEER = ("127.0.0.1", 0)		# set by the target
ECHO_PEER = ("127.0.0.1", 0)	# answers every write
UNIX_PEER = ""


def call(case):
    with truth.tcp(case) as made:
        made.connect(PEER)


def deeper(case, levels):
    if levels:
        return deeper(case, levels - 1)
    return call(case)


def case_main():
    call("main")


def case_depths():
    for levels in (1, 2, 5, 10, 20, 40, 80):
        deeper("depths", levels)


def case_same_again():
    for _ in range(50):
        deeper("same-again", 12)


def case_very_deep():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(6000)
    try:
        deeper("very-deep", 5000)
    finally:
        sys.setrecursionlimit(limit)


def case_from_c():
    """C code between Python frames: sorted, map, functools, a property, a comprehension, a class body."""
    sorted([2], key=lambda _: call("from-c"))
    list(map(lambda _: call("from-c"), [1]))
    functools.reduce(lambda _, __: call("from-c"), [1, 2])
    functools.partial(call, "from-c")()
    list(call("from-c") for _ in range(1))

    class Body:
        @property
        def value(self):
            return call("from-c")

        made = call("from-c")

        def __del__(self):
            call("from-c")

    assert Body().value is None


def generator(case, levels):
    if levels:
        yield from generator(case, levels - 1)
    else:
        yield call(case)


def case_generators():
    for _ in generator("generators", 6):
        call("generators")


def case_closure():
    def outer(value):
        def inner():
            return call("closure"), value
        return inner
    outer(1)()


async def awaited(case, levels):
    if levels:
        return await awaited(case, levels - 1)
    with truth.tcp(case) as made:
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, PEER)
    return None


def case_asyncio():
    async def together():
        await asyncio.gather(*(awaited("asyncio", level) for level in range(5)))
    asyncio.run(together())


def case_threads():
    """By the hundred, at different depths, all alive at once."""
    gate = threading.Barrier(200)

    def work(levels):
        gate.wait()
        deeper("threads", levels)
        gate.wait()

    threads = [threading.Thread(target=work, args=(number % 20,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def case_short_threads():
    """One after the other: each takes over the stack of the one before, and so its thread pointer."""
    for number in range(60):
        thread = threading.Thread(target=deeper, args=("short-threads", number % 7))
        thread.start()
        thread.join()


def start_raw(name):
    started = threading.Event()
    told = []

    def body():
        told.append(threading.get_native_id())
        started.set()

    about = truth.innermost(sys._getframe(), 1)
    _thread.start_new_thread(body, ())
    started.wait()
    truth.write(case="thread-start", key=f"thread {told[0]}", name=name, **about)


def case_thread_start():
    for number in range(20):
        start_raw(str(number))


def forked(case, generations):
    about = truth.innermost(sys._getframe(), 1)
    child = os.fork()
    if child:
        truth.write(case="fork", key=f"process {child}", **about)
        assert os.waitpid(child, 0)[1] == 0
        return
    call(case)
    deeper(case, 5)
    if generations:
        forked(case, generations - 1)
    os._exit(0)


def case_fork():
    forked("forked-child", 3)


def case_subprocess():
    about = truth.chain(sys._getframe())[1:]
    with subprocess.Popen(["/bin/true"]) as child:
        truth.write(case="subprocess", key=f"process {child.pid}", outer=True, frames=about, lines=[],
                    pid=os.getpid(), tid=threading.get_native_id())


FILE_NAMES = ["", "x", "<string>", "ir.actions.server(158,)", "/srv/\u00e4\u00f6\u00fc/models.py", "/srv/\u4e2d\u6587/models.py",
              "/srv/\U0001f40d/models.py", "/long/" + 280 * "p" + "/models.py", "/long/" + 300 * "\u4e2d" + "/models.py",
              "/long/" + 300 * "\U0001f40d" + "/m.py", "new\nline\x1b[31m.py"]


def run_named(case, file, names=None):
    names = {"call": call, "case": case} if names is None else names
    exec(compile("def made_up():\n  call(case)\nmade_up()", file, "exec"), names)


def case_file_names():
    for file in FILE_NAMES:
        run_named("file-names", file)
        run_named("file-names", file, {"call": call, "case": "file-names", "__name__": "odoo.addons.sale.models.sale"})


def case_module_names():
    names = {"call": call, "case": "module-names"}
    for name in ("a", "odoo.addons." + 100 * "x", "odoo.addons.\u00e4", 7, None):
        run_named("module-names", "/srv/x.py", {**names, "__name__": name})
        run_named("module-names", "/srv/x.py", {"__name__": name, **names})
    run_named("module-names", "/srv/x.py", {**{f"k{i}": i for i in range(7)}, "__name__": "eighth", **names})
    run_named("module-names", "/srv/x.py", {1: 2, "__name__": "general keys", **names})


def case_reused_code():
    """Code that is compiled and freed in a loop: the same addresses, other names of the same length."""
    for number in range(100, 200):
        run_named("reused-code", f"ir.actions.server({number},)")


def case_reused_globals():
    """One code object, in dicts that come and go at the same address."""
    code = compile("call(case)", "/srv/y.py", "exec")
    for number in range(100, 160):
        exec(code, {"__name__": f"odoo.addons.a{number}", "call": call, "case": "reused-globals"})


def case_renamed_module():
    names = {"call": call, "case": "renamed-module", "__name__": "odoo.addons.before"}
    code = compile("call(case)", "/srv/z.py", "exec")
    exec(code, names)
    names["__name__"] = "odoo.addons.after_"
    exec(code, names)


def case_unix():
    with truth.unix("unix") as made:
        made.connect(UNIX_PEER)


def case_unix_refused():
    with truth.unix("unix-refused") as made:
        try:
            made.connect(UNIX_PEER + ".not")
        except OSError:
            pass


def case_refused():
    with truth.tcp("refused") as made:
        try:
            made.connect(("127.0.0.1", 1))
        except OSError:
            pass


def case_udp():
    for _ in range(3):
        with truth.udp("udp") as made:
            made.sendto(b"x", PEER)
            socket.socket.sendto(made, b"y", PEER)	# no first datagram, so no second stack


def case_udp_threads():
    def work(levels):
        if levels:
            return work(levels - 1)
        with truth.udp("udp-threads") as made:
            made.sendto(b"x", PEER)
        return None

    threads = [threading.Thread(target=work, args=(number % 9,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def later_user(made, levels):
    return later_user(made, levels - 1) if levels else made.exchange()


def case_exchanges():
    """A connection that was opened by one function and is used by others, one of them in another thread."""
    with truth.tcp("exchanges") as made:
        made.connect(ECHO_PEER)
        made.exchange(written=False)
        for levels in range(6):
            later_user(made, levels)
        thread = threading.Thread(target=later_user, args=(made, 3))
        thread.start()
        thread.join()


def case_many_exchanges():
    """More than are examined: they are counted."""
    with truth.tcp("many-exchanges") as made:
        made.connect(ECHO_PEER)
        port = made.getsockname()[1]
        for _ in range(101):
            made.sendall(b"question")
            made.recv(100)
    truth.write(case="many-exchanges", key=f"count port {port}", count=100)


IN_SUB_INTERPRETER = """
import sys
sys.path[:0] = [{folder!r}]
import calls
import truth
truth.log_fd, calls.PEER = {log_fd}, {peer!r}
calls.deeper("sub-interpreter", {levels})
"""


def case_sub_interpreter():
    """Code in another interpreter, of a thread that has frames in the first one, and the first one again."""
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            made = importlib.import_module(name)
            break
        except ImportError:
            continue
    else:
        return
    deeper("sub-interpreter", 2)
    other = made.create()
    for levels in (0, 3):
        script = IN_SUB_INTERPRETER.format(folder=os.path.dirname(__file__), log_fd=truth.log_fd, peer=PEER,
                                           levels=levels)
        (made.exec if hasattr(made, "exec") else made.run_string)(other, script)
        deeper("sub-interpreter", 2)
    made.destroy(other)
    deeper("sub-interpreter", 2)


def all_cases():
    return {name[5:]: made for name, made in globals().items() if name.startswith("case_")}
