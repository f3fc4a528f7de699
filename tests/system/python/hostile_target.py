#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A process that lies about its frames, in its own memory: hostile_target.py LOG. Written for CPython 3.11, whose frames
lie at known places; the expected answer of each lie is decided here, before it is told.
"""
import ctypes
import os
import socket
import sys
import threading

import truth

FRAME_OF_OBJECT, PREVIOUS, CODE, FILE = 24, 48, 32, 112
STRING_LENGTH = 16
COMPLETE, TRUNCATED, BROKEN, NO_PYTHON, NO_STATE = 0, 1, 2, 3, 4


def word(address):
    return ctypes.c_uint64.from_address(address)


def internal(frame):
    return word(id(frame) + FRAME_OF_OBJECT).value


class Lie:
    """One word of memory that says something else for a while."""

    def __init__(self, address, value):
        self.place, self.value, self.kept = word(address), value, word(address).value

    def __enter__(self):
        self.place.value = self.value

    def __exit__(self, *_):
        self.place.value = self.kept


def connect(case, lie, **expected):
    """A connect from here, while something is not as it is. The frames up to the liar's are as they are."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.bind(("127.0.0.1", 0))
    truth.write(case=case, key=f"port {made.getsockname()[1]}", pid=os.getpid(), **expected)
    address = ("127.0.0.1", 1)
    with lie:
        made.connect_ex(address)
    made.close()


def in_between(case, lie, **expected):
    connect(case, lie, **expected)


def lies(name="lies"):
    """Each is about this function's frame: two frames further in stand before it."""
    frame = sys._getframe()
    here, code = internal(frame), id(frame.f_code)
    inner = internal(frame) if frame.f_back is None else internal(frame.f_back)
    noise = ctypes.create_string_buffer(os.urandom(4096))
    text = "/srv/" + "x" * 40 + ".py"
    made_up = compile("in_between(case, lie, **expected)", text, "exec")

    def tell(case, lie, **expected):
        in_between(case, lie, **expected)

    tell("an outer frame leads to itself", Lie(here + PREVIOUS, here), status=TRUNCATED, count=96)
    tell("outer frames lead around", Lie(inner + PREVIOUS, here), status=TRUNCATED, count=96)
    tell("a frame leads nowhere", Lie(here + PREVIOUS, 0xdead0000), status=BROKEN, count=4)
    tell("a frame leads into the kernel", Lie(here + PREVIOUS, 0xffff888000000000), status=BROKEN, count=4)
    tell("a frame leads beyond all memory", Lie(here + PREVIOUS, 2 ** 64 - 8), status=BROKEN, count=4)
    tell("a frame leads into noise", Lie(here + PREVIOUS, ctypes.addressof(noise)), status=BROKEN, count=4)
    tell("a frame leads to the last bytes before", Lie(here + PREVIOUS, 1), status=BROKEN, count=4)
    tell("the code is no code object", Lie(here + CODE, id(None)), status=BROKEN, count=3)
    tell("the code is nowhere", Lie(here + CODE, 0), status=BROKEN, count=3)
    tell("the file is no string", Lie(code + FILE, id(None)), status=COMPLETE, no_file=3)
    tell("the file is nowhere", Lie(code + FILE, 16), status=COMPLETE, no_file=3)
    for length, what in ((2 ** 63, "endless"), (2 ** 31, "longer than memory")):
        case, lie, expected = f"the file's name is {what}", Lie(id(text) + STRING_LENGTH, length), \
            {"status": COMPLETE, "no_file": 2}
        exec(made_up, {"in_between": in_between, "case": case, "lie": lie, "expected": expected})
    return name


class AddressRequest(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("service", ctypes.c_void_p), ("request", ctypes.c_void_p),
                ("result", ctypes.c_void_p), ("status", ctypes.c_int), ("reserved", ctypes.c_int * 5)]


def native_thread():
    """The C library looks up a name in a thread of its own, which connects to the name service's daemon."""
    request = AddressRequest(name=b"localhost")
    wanted = (ctypes.POINTER(AddressRequest) * 1)(ctypes.pointer(request))
    library = ctypes.CDLL(None)
    truth.write(case="a native thread", native=True, pid=os.getpid(), python=threading.get_native_id())
    library.getaddrinfo_a(0, wanted, 1, None)


def many_threads(count):
    threading.stack_size(131072)
    gate = threading.Event()

    def work():
        gate.wait()
        made = truth.tcp("threads by the thousand")
        made.connect_ex = made.connect
        try:
            made.connect(("127.0.0.1", 1))
        except OSError:
            pass
        made.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()


def main():
    truth.open_log(sys.argv[1])
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        if line.startswith("lies"):
            lies()
        elif line.startswith("native"):
            native_thread()
        elif line.startswith("threads"):
            many_threads(int(line.split()[1]))
        elif line.startswith("connects"):
            for _ in range(int(line.split()[1])):
                connect("plain", Lie(id(sys) + 16, word(id(sys) + 16).value), status=COMPLETE)
        elif line.startswith("storm"):
            for _ in range(8):
                threading.Thread(target=storm, daemon=True).start()
        print("done", flush=True)


def storm():
    """Connects without end, under frames that come and go: somebody will kill this process."""
    def deeper(levels):
        if levels:
            return deeper(levels - 1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
            return made.connect_ex("/nonexistent/netaudit")

    level = 0
    while True:
        level = (level + 7) % 60
        exec(compile("deeper(level)", f"/srv/{level}.py", "exec"), {"deeper": deeper, "level": level})


if __name__ == "__main__":
    main()
