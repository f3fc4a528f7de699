# SPDX-License-Identifier: GPL-2.0-or-later
"""What Python itself says of its frames, written down just before a call that the kernel will see."""
import itertools
import json
import os
import socket
import sys
import threading

log_fd = -1
sequence = itertools.count(1)


def open_log(path):
    global log_fd
    log_fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def write(**fields):
    os.write(log_fd, json.dumps(fields, ensure_ascii=True).encode() + b"\n")


def chain(frame):
    """Innermost first, as far as the kernel tells them."""
    frames = []
    while frame is not None and len(frames) < 100:
        code, name = frame.f_code, frame.f_globals.get("__name__")
        frames.append([code.co_filename, getattr(code, "co_qualname", code.co_name), code.co_firstlineno, frame.f_lasti,
                       frame.f_lineno, name if isinstance(name, str) else None])
        frame = frame.f_back
    return frames


def innermost(frame, lines_on=1):
    """The frame logs a line before it makes its call; its other lines tell which offset is which line."""
    frames = chain(frame)
    frames[0][3] = None
    frames[0][4] += lines_on
    return {"frames": frames, "lines": [list(line) for line in frame.f_code.co_lines() if line[2] is not None],
            "pid": os.getpid(), "tid": threading.get_native_id()}


class LoggedSocket(socket.socket):
    """A socket whose calls are the innermost frame, whoever makes them."""
    case = "?"

    def name_itself(self):
        if self.family == socket.AF_INET:
            if self.getsockname()[1] == 0:
                self.bind(("127.0.0.1", 0))
            return f"port {self.getsockname()[1]}"
        return f"unix {os.getpid()} {threading.get_native_id()}"

    def connect(self, address):
        write(case=self.case, key=self.name_itself(), **innermost(sys._getframe()))
        return super().connect(address)

    def exchange(self, written=True):
        """One write and the answer. The first on a connection belongs to the connect."""
        about = innermost(sys._getframe(), 3)
        if written:
            write(case=self.case, key=f"exchange {self.name_itself()}", **about)
        self.sendall(b"question")
        return self.recv(100)

    def sendto(self, data, address):
        write(case=self.case, key=self.name_itself(), **innermost(sys._getframe()))
        return super().sendto(data, address)


def tcp(case):
    made = LoggedSocket(socket.AF_INET, socket.SOCK_STREAM)
    made.case = case
    return made


def udp(case):
    made = LoggedSocket(socket.AF_INET, socket.SOCK_DGRAM)
    made.case = case
    return made


def unix(case):
    made = LoggedSocket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.case = case
    return made
