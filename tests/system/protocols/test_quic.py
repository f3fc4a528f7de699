#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A real client and server of QUIC: the datagrams of both are called so, with the version; what only looks a little like it
is not. test_quic.py BUILD
"""
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
from peer import lab  # noqa: E402

PORT, SILENT = 18443, "127.0.0.78"
QUIC_2 = 0x6b3343cf
# the first bytes of a datagram of 1,200, and the version that its record has to have
DATAGRAMS = (
    (b"\xc3\0\0\0\1\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08", 1), (b"\xd3\x6b\x33\x43\xcf\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08", QUIC_2),
    (b"\x43\0\0\0\1\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08", None), (b"\xc3\0\0\0\2\x08\x83\x94\xc8\xf0\x3e\x51\x57\x08", None),
    (b"\xc3\0\0\0\1\x15\x83\x94\xc8\xf0\x3e\x51\x57\x08", None), (bytes(14), None),
)


def send():
    """Each from a socket of its own: {port: version}."""
    ports = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((SILENT, PORT))
        for start, version in DATAGRAMS:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.connect((SILENT, PORT))
                client.send(start + bytes(1200 - len(start)))
                ports[client.getsockname()[1]] = version
    return ports


def call(folder):
    done = subprocess.run(["gtlsclient", "--exit-on-all-streams-close", "127.0.0.1", str(PORT), f"https://localhost:{PORT}/small"],
                          check=False, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder)
    if b"handshake has completed" not in done.stderr:
        raise SystemExit(f"FAIL: the client has seen no handshake: {done.stderr[-2000:]}")


def main():
    build = peer.begin("test-quic")
    folder = os.path.join(build, "tests/protocols/quic")
    os.makedirs(folder, exist_ok=True)
    peer.make_certificate(folder)
    with open(f"{folder}/small", "w", encoding="ascii") as file:
        file.write("small\n")
    auditor = lab.Auditor(build, folder, scope="host")
    server = subprocess.Popen(["gtlsserver", "-q", "-d", folder, "127.0.0.1", str(PORT), f"{folder}/key.pem", f"{folder}/cert.pem"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        lab.wait_for("the server", lambda: f"0100007F:{PORT:04X}" in open("/proc/net/udp", encoding="ascii").read(), server)
        call(folder)
        ports = send()
        server.terminate()
        server.wait()
        records = auditor.records()
    finally:
        server.kill()
        server.wait()
        auditor.stop()
    failed, found = [], [record for record in records if record["kind"] == "datagram" and PORT in (record.get("dport"), record.get("sport"))]
    for direction in ("outbound", "inbound"):
        ours = [record for record in found if record["direction"] == direction and record["dst"] == "127.0.0.1"]
        if not ours or any((record["channel"], record.get("quic_version")) != ("quic", 1) for record in ours):
            failed.append(f"{direction}: {[(record['channel'], record.get('quic_version')) for record in ours]}")
    for port, version in ports.items():
        ours = [record for record in found if record["sport"] == port and record["direction"] == "outbound"]
        want = ("quic", version) if version else ("udp", None)
        if [(record["channel"], record.get("quic_version")) for record in ours] != [want]:
            failed.append(f"port {port} is not {want}: {ours}")
    for line in failed:
        print("FAIL " + line)
    print(f"test-quic: a connection and {len(ports)} datagrams, {len(failed)} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
