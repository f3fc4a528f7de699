#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Connections in the clear on which client and server talk by turns: each command or mail is of the function that wrote
its first bytes, not of the one that connected, and none is without. Functions are told by the hash of their stack.
test_turns.py BUILD
"""
import os
import socket
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(os.path.dirname(HERE)), "attribution")]
import lab  # noqa: E402
import peer  # noqa: E402

# Who wrote it. The first write of a connection is of whoever connected.
WANTED = {"pop3": [("USER", "connects"), ("PASS", "user_1"), ("STAT", "user_2"), ("QUIT", "user_3")],
          "smtp": [("MAIL", "user_1"), ("MAIL", "user_2")]}
ANSWERS = {"pop3": (b"+OK\r\n", lambda line: b"+OK\r\n"),
           "smtp": (b"220 a\r\n", lambda line: b"354 go on\r\n" if line == b"DATA\r\n" else b"250 ok\r\n")}


def serve(listener, protocol):
    greeting, answer = ANSWERS[protocol]
    connection, _ = listener.accept()
    with connection:
        connection.sendall(greeting)
        while line := connection.recv(4096):
            connection.sendall(answer(line))


def talk(client, protocol):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener, protocol))
        server.start()
        client.stdin.write(f"{protocol} {listener.getsockname()[1]}\n")
        client.stdin.flush()
        if client.stdout.readline() != "done\n":
            raise SystemExit("FAIL: the client ended")
        server.join()


def is_known(client, auditor):
    """Whether a connection made now has an author."""
    talk(client, "pop3")
    auditor.auditor.wait_drained()
    path = os.path.join(auditor.options.out, "known")
    with open(path, "wb") as file:
        lab.census.ask(auditor.options, auditor.auditor.state_dir, "log", "--json", "--pid", str(client.pid), "--author",
                       "library", "--kind", "open", output=file)
    return os.path.getsize(path)


def make_calls(auditor):
    """The client's process id."""
    client = subprocess.Popen([peer.PYTHON, f"{HERE}/turns_client.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    lab.wait_for("its interpreter to be known", lambda: is_known(client, auditor))
    for protocol in WANTED:
        talk(client, protocol)
    client.stdin.close()
    client.wait()
    return client.pid


def main():
    build = peer.begin("test-turns")
    folder = os.path.join(build, "tests/protocols/turns")
    os.makedirs(folder, exist_ok=True)
    auditor = lab.Auditor(build, folder, scope="host")
    try:
        pid = make_calls(auditor)
        records = [body for body in auditor.records() if body.get("pid") == pid]
    finally:
        auditor.stop()
    failed, user_of = 0, {}
    for body in records:
        if body["kind"] == "open":
            user_of[body.get("stack")] = "connects"
    for protocol, wanted in WANTED.items():
        bodies = peer.exchanges(records, "outbound", protocol)[-len(wanted):]
        for body, (_, user) in zip(bodies, wanted):
            user_of.setdefault(body.get("stack"), user)
        seen = [(body["method"], user_of[body.get("stack")] if "stack" in body else body.get("author_reason"))
                for body in bodies]
        if seen != wanted:
            failed += 1
            print(f"FAIL: {protocol}: {seen}, should be {wanted}")
    print(f"test-turns: {len(WANTED)} connections, {failed} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
