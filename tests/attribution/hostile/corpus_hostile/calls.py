# SPDX-License-Identifier: GPL-2.0-or-later
"""What an add-on may try so that its calls are taken for somebody else's, or so that nobody can tell.

A case is a function `case_NAME(to)`: makes its calls to the peers of `to`, returns the source ports they have. What
each must be answered is written down in tests/attribution/hostile.py.
"""
import copy
import ctypes
import functools
import importlib.util
import logging.handlers
import os
import queue
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import types

import odoo
from odoo.addons.corpus_victim import calls as victim

from . import renamed

HOST = "127.0.0.1"
GO = "def go(sock, address):\n    sock.connect(address)\n"
FRAME_OF_OBJECT, BACK_OF_FRAME = 24, 48     # CPython 3.11: PyFrameObject.f_frame, _PyInterpreterFrame.previous
DEPTH = 5000
VICTIM = "odoo.addons.corpus_victim.calls"


def unconnected():
    """A socket, and the port that it will call from."""
    sock = socket.socket()
    sock.bind((HOST, 0))
    return sock, sock.getsockname()[1]


def made_up(file, names):
    """A function that connects, with that file name and those globals."""
    module = compile(GO, file, "exec")
    code = next(constant for constant in module.co_consts if isinstance(constant, types.CodeType))
    return types.FunctionType(code, names)


def called(function, to, call=lambda function, *arguments: function(*arguments)):
    sock, port = unconnected()
    with sock:
        call(function, sock, (HOST, to["raw"]))
    return [port]


def case_file_of_another(to):
    return called(made_up(victim.__file__, globals()), to)


def case_file_of_a_library(to):
    return called(made_up(socket.__file__, globals()), to)


def case_file_of_odoo(to):
    return called(made_up(odoo.__file__, globals()), to)


def case_file_of_another_without_globals(to):
    return called(made_up(victim.__file__, {}), to)


def case_own_file_without_globals(to):
    return called(made_up(__file__, {}), to)


def case_text_that_names_another(to):
    sock, port = unconnected()
    with sock:
        exec(compile("sock.connect(address)", victim.__file__, "exec"),
             {"__name__": VICTIM, "sock": sock, "address": (HOST, to["raw"])})
    return [port]


def case_exec(to):
    sock, port = unconnected()
    with sock:
        exec("sock.connect(address)", dict(globals(), sock=sock, address=(HOST, to["raw"])))
    return [port]


def case_exec_without_globals(to):
    sock, port = unconnected()
    with sock:
        exec("sock.connect(address)", {"sock": sock, "address": (HOST, to["raw"])})
    return [port]


def case_eval(to):
    sock, port = unconnected()
    with sock:
        eval("sock.connect(address)", {"sock": sock, "address": (HOST, to["raw"])})
    return [port]


def case_nameless_called_by_odoo(to):
    sock, port = unconnected()
    odoo.LATER.append(functools.partial(made_up("<nothing>", {}), sock, (HOST, to["raw"])))
    return [port]


def case_nameless_called_by_another(to):
    """The other add-on is called by Odoo, so that nothing of ours is on the stack."""
    sock, port = unconnected()
    odoo.LATER.append(functools.partial(victim.run, made_up("<nothing>", {}), sock, (HOST, to["raw"])))
    return [port]


def case_name_of_another(to):
    return called(renamed.go, to)


def case_name_of_another_and_invented_file(to):
    return called(made_up("<frozen nothing>", {"__name__": VICTIM}), to)


def case_behind_a_link(to):
    from odoo.addons.corpus_linked import calls as linked
    return called(linked.go, to)


def case_first_twin(to):
    from odoo.addons.corpus_twin import calls as twin
    return called(twin.go, to)


def case_second_twin(to):
    """The one that Odoo would not load."""
    spec = importlib.util.spec_from_file_location("odoo.addons.corpus_twin.second", to["second_twin"])
    twin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(twin)
    return called(twin.go, to)


def with_changed_back(to, change):
    """The frame of this function has another caller while it calls."""
    sock, port = unconnected()
    frame = ctypes.c_void_p.from_address(id(sys._getframe()) + FRAME_OF_OBJECT).value
    back = ctypes.c_void_p.from_address(frame + BACK_OF_FRAME)
    true, address = back.value, (HOST, to["raw"])
    back.value = change(frame)
    try:
        sock.connect(address)
    finally:
        back.value = true
    sock.close()
    return [port]


def case_frames_that_loop(to):
    return with_changed_back(to, lambda frame: frame)


def case_frame_at_an_unmapped_address(to):
    return with_changed_back(to, lambda frame: 0x1000)


def case_frame_at_a_wild_address(to):
    return with_changed_back(to, lambda frame: 0xdead0000beef0000)


def case_frame_full_of_garbage(to):
    garbage = ctypes.create_string_buffer(b"\x41" * 4096)
    return with_changed_back(to, lambda frame: ctypes.addressof(garbage))


def deep(depth, function, *arguments):
    return deep(depth - 1, function, *arguments) if depth else function(*arguments)


def case_deep_recursion(to):
    sys.setrecursionlimit(4 * DEPTH)
    return called(functools.partial(deep, DEPTH), to, lambda function, sock, address: function(sock.connect, address))


def case_deep_recursion_in_a_library(to):
    """Copying what is nested deeply; the innermost thing connects when it is copied."""
    sys.setrecursionlimit(4 * DEPTH)
    sock, port = unconnected()
    sock.close()
    connect = functools.partial(smtplib.SMTP, HOST, to["smtp"], source_address=(HOST, port))
    nested = type("Leaf", (), {"__deepcopy__": connect})()
    for _ in range(DEPTH // 2):
        nested = [nested]
    copy.deepcopy(nested)
    return [port]


def case_dies_after_the_call(to):
    ports = []
    for _ in range(to["deaths"]):
        sock, port = unconnected()
        child = os.fork()
        if child == 0:
            try:
                sock.connect((HOST, to["raw"]))
                os.kill(os.getpid(), signal.SIGKILL)
            finally:
                os._exit(1)
        os.waitpid(child, 0)
        sock.close()
        ports.append(port)
    return ports


def case_fork(to):
    """Ours, whose number somebody else's child will have."""
    sock, port = unconnected()
    child = os.fork()
    if child == 0:
        try:
            sock.connect((HOST, to["raw"]))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    sock.close()
    return [port, -child]


def case_curl(to):
    sock, port = unconnected()
    sock.close()
    command = ["curl", "-s", "-o", "/dev/null", "--local-port", str(port), "http://{}:{}/".format(HOST, to["http"])]
    child = os.posix_spawn("/usr/bin/curl", command, {})
    os.waitpid(child, 0)
    return [port, -child]


def case_threads_by_the_thousand(to):
    """Idle ones first; then each calls without any function of ours in it."""
    release, ports = threading.Event(), []
    idle = [threading.Thread(target=release.wait) for _ in range(to["threads"])]
    for thread in idle:
        thread.start()
    for _ in range(to["threads"]):
        sock, port = unconnected()
        thread = threading.Thread(target=sock.connect, args=((HOST, to["raw"]),))
        thread.start()
        thread.join()
        sock.close()
        ports.append(port)
    release.set()
    for thread in idle:
        thread.join()
    return ports


def case_pool_of_another(to):
    """A library's function, handed to the thread of a pool that another add-on has made."""
    sock, port = unconnected()
    victim.start_pool().submit(sock.connect, (HOST, to["raw"])).result()
    sock.close()
    return [port]


LATE = """
import socket, time
names = {{"__name__": {module!r}}}
exec(compile("def go(sock, address):\\n    sock.connect(address)\\n", {file!r}, "exec"), names)
for _ in range(60):
    with socket.socket() as sock:
        sock.bind(({host!r}, 0))
        names["go"](sock, ({host!r}, {port}))
        port = sock.getsockname()[1]
    time.sleep(0.05)
print(port, flush=True)
"""


def case_python_that_comes_later(to):
    """A program that has called before there was a Python in it, whose frames are then another add-on's."""
    code = LATE.format(module=VICTIM, file=victim.__file__, host=HOST, port=to["raw"])
    done = subprocess.run([to["embed"], to["library"], "late", code], check=True, stdout=subprocess.PIPE)
    return [int(done.stdout)]


def case_finalizer_of_a_library(to):
    """A temporary file's closer closes what it was given, whenever and in whose code it dies."""
    sock, port = unconnected()
    garbage = [tempfile._TemporaryFileCloser(
        types.SimpleNamespace(close=functools.partial(sock.connect, (HOST, to["raw"]))), "", delete=False)]
    victim.run(garbage.clear)
    sock.close()
    return [port]


def case_thread_of_a_library(to):
    """A queue's thread serves whoever puts something into it."""
    records = queue.Queue()
    handler = logging.handlers.SocketHandler(HOST, to["raw"])
    listener = logging.handlers.QueueListener(records, handler)
    listener.start()
    records.put(logging.makeLogRecord({"msg": "x"}))
    while handler.sock is None:
        threading.Event().wait(0.01)
    port = handler.sock.getsockname()[1]
    listener.stop()
    handler.close()
    return [port]


def case_text_that_calls_odoo_only(to):
    """As a server action of ours that has Odoo do it: only Odoo's code and a text are on the stack."""
    sock, port = unconnected()
    text = compile("run(connect, address)", "ir.actions.server(1,)", "exec")
    names = {"run": odoo.tools.run, "connect": sock.connect, "address": (HOST, to["raw"])}
    odoo.LATER.append(functools.partial(odoo.tools.safe_eval, text, names))
    return [port]


def call(case, to):
    return globals()["case_" + case](to)
