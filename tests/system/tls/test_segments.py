#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
A peer that sends its segments twice, overlapping, in another order or with other bytes the second time: what is recorded of
its requests is what a real server read, or less, and then it is said. The peer is this program, behind a tun device.
test_segments.py BUILD
"""
import fcntl
import os
import re
import select
import socket
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(HERE)), "attribution")]
import lab  # noqa: E402

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 1, 0x1000
OURS, PEER, PORT = "10.77.0.1", "10.77.0.2", 8069
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BODY = bytes(range(256)) * 16
WAIT = 20    # seconds for an answer that must come


def checksum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Wire:
    """The far end of a tun device."""

    def __init__(self):
        self.device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.device, TUNSETIFF, struct.pack("16sH", b"na-test", IFF_TUN | IFF_NO_PI))
        for command in (f"ip address add {OURS}/24 dev na-test", "ip link set na-test up"):
            subprocess.run(command.split(), check=True)

    def send(self, port, sequence, acknowledged, flags, data=b""):
        ends = socket.inet_aton(PEER) + socket.inet_aton(OURS)
        head = struct.pack(">HHIIBBHHH", port, PORT, sequence & 0xffffffff, acknowledged & 0xffffffff, 5 << 4, flags, 65535, 0, 0)
        total = checksum(ends + struct.pack(">BBH", 0, 6, len(head) + len(data)) + head + data)
        segment = head[:16] + struct.pack(">H", total) + head[18:] + data
        packet = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, 6, 0) + ends
        os.write(self.device, packet[:10] + struct.pack(">H", checksum(packet)) + packet[12:] + segment)

    def receive(self, port):
        """The next segment to this port: (sequence, flags, data)."""
        while select.select([self.device], [], [], WAIT)[0]:
            packet = os.read(self.device, 65536)
            segment = packet[(packet[0] & 15) * 4:]
            if packet[0] >> 4 == 4 and packet[9] == 6 and struct.unpack(">H", segment[2:4])[0] == port:
                return struct.unpack(">I", segment[4:8])[0], segment[13], segment[(segment[12] >> 4) * 4:]
        raise SystemExit(f"FAIL: nothing came to port {port}")


def converse(wire, port, segments):
    """A connection: [(offset, bytes)] are sent in this order, then the answer is waited for."""
    start = 1000 * port
    wire.send(port, start - 1, 0, SYN)
    theirs, flags, _ = wire.receive(port)
    if flags & (SYN | ACK) != SYN | ACK:
        raise SystemExit("FAIL: the server did not accept")
    wire.send(port, start, theirs + 1, ACK)
    for offset, data in segments:
        wire.send(port, start + offset, theirs + 1, ACK | PSH, data)
    end = start + max(offset + len(data) for offset, data in segments)
    answer, ended = b"", False
    while not ended:
        sequence, flags, data = wire.receive(port)
        if sequence == theirs + 1 + len(answer):
            answer += data
            ended = flags & FIN
        wire.send(port, end, theirs + 1 + len(answer) + bool(ended), ACK)
    wire.send(port, end, theirs + 2 + len(answer), FIN | ACK)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"FAIL: the server said {answer}")


def serve(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            data = b""
            while b"\r\n\r\n" not in data or len(data) < data.index(b"\r\n\r\n") + 4 + len(BODY):
                data += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def cut(data, *places):
    ends = [*places, len(data)]
    return [(begin, data[begin:end]) for begin, end in zip([0, *places], ends)]


def cases():
    """name: (segments, what is to be recorded: "all", "hole" in the body, "lost": nothing)."""
    def request(name):
        return f"POST /{name} HTTP/1.1\r\nHost: odoo.example\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY

    a, b, c, d = cut(request("order"), 20, 1000, 2000)
    yield "order", ([a, b, c, d], "all")
    a, b, c, d = cut(request("twice"), 20, 1000, 2000)
    yield "twice", ([a, a, b, a, c, b, c, d], "all")
    data = request("overlap")
    yield "overlap", ([(0, data[:600]), (300, data[300:1500]), (100, data[100:1600]), (1500, data[1500:])], "all")
    a, b, c, d = cut(request("other"), 20, 1000, 2000)
    yield "other", ([a, b, (b[0], b"X" * len(b[1])), c, d], "all")
    a, b, c, d = cut(request("hole"), 300, 1000, 2000)
    yield "hole", ([a, c, b, d], "hole")
    a, b, c, d = cut(request("late"), 300, 1000, 2000)
    yield "late", ([a, b, d, c], "hole")
    a, b, c, d = cut(request("head"), 20, 50, 2000)
    yield "head", ([a, c, b, d], "lost")
    a, b, c, d = cut(request("first"), 20, 1000, 2000)
    yield "first", ([b, a, c, d], "lost")


def check(name, kind, records):
    exchanges = [record for record in records if record["kind"] == "exchange" and record.get("path") == "/" + name]
    if kind == "lost":
        return not exchanges
    if len(exchanges) != 1:
        return False
    record = exchanges[0]
    same = (record["method"], record.get("host"), record["request_bytes"], record.get("status"), record["channel"]) == (
        "POST", "odoo.example", len(BODY), 200, "http")
    return same and bool(record.get("request_hole")) == (kind == "hole") and ("request_fingerprint" in record) == (kind == "all")


def main():
    build = os.path.abspath(sys.argv[1])
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15) or not os.path.exists("/dev/net/tun"):
        print("test-segments: left out: this kernel looks at no stream, or has no tun devices")
        return 0
    lab.enter_own_network()
    folder = os.path.join(build, "tests/segments")
    os.makedirs(folder, exist_ok=True)
    wire, all_cases = Wire(), list(cases())
    auditor = lab.Auditor(build, folder, scope="host")
    try:
        listener = socket.create_server((OURS, PORT))
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        for number, (_, (segments, _)) in enumerate(all_cases):
            converse(wire, 40000 + number, segments)
        records = auditor.records()
    finally:
        auditor.stop()
    failed = [name for name, (_, kind) in all_cases if not check(name, kind, records)]
    lost = {record["sport"] for record in records if record["kind"] == "close" and record.get("text_lost")}
    if lost != {40000 + number for number, (_, (_, kind)) in enumerate(all_cases) if kind == "lost"}:
        failed.append(f"text_lost of {sorted(lost)}")
    prints = {record["request_fingerprint"] for record in records if record["kind"] == "exchange" and "request_fingerprint" in record}
    if len(prints) != 1:
        failed.append(f"{len(prints)} fingerprints of one body")
    for name in failed:
        print("FAIL " + name)
    print(f"test-segments: {len(all_cases)} connections, {len(failed)} wrong")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
