#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
No BPF program needs more stack than the verifier gives: 512 bytes over the whole chain of calls, each frame rounded up
to 32. Programs of a backend that this machine's kernel does not load are checked here, too: bpf_stack.py OBJECT ...
"""
import re
import subprocess
import sys

LIMIT, ROUND = 512, 32
CALL, OF_SUBPROGRAM = 0x85, 1	# opcode; source register of a call within the object
STORE, LOAD = (0x62, 0x63, 0x6a, 0x6b, 0x72, 0x73, 0x7a, 0x7b, 0xc3, 0xdb), (0x61, 0x69, 0x71, 0x79)
ADD, MOVE, FRAME = 0x07, 0xbf, 10


def functions(path):
    """{(section, first instruction): (name, number of instructions)}"""
    found = {}
    for line in subprocess.run(["llvm-objdump", "-t", path], check=True, capture_output=True, text=True).stdout.split("\n"):
        match = re.match(r"([0-9a-f]+)\s+\w\s+F\s+(\S+)\s+([0-9a-f]+)\s+(\S+)", line)
        if match:
            start, size = int(match.group(1), 16), int(match.group(3), 16)
            found[match.group(2), start // 8] = (match.group(4), size // 8)
    return found


def instructions(path):
    """Yields (section, number, its 8 bytes, relocation or None)."""
    listed = subprocess.run(["llvm-objdump", "-dr", path], check=True, capture_output=True, text=True).stdout
    section, last = None, None
    for line in listed.split("\n"):
        match = re.match(r"Disassembly of section (\S+):", line)
        if match:
            section = match.group(1)
        match = re.match(r"\s+(\d+):\s+((?:[0-9a-f]{2} ){7}[0-9a-f]{2})", line)
        if match:
            if last:
                yield last
            last = (section, int(match.group(1)), bytes.fromhex(match.group(2).replace(" ", "")), None)
        match = re.search(r"R_BPF_64_32\s+(\S+)", line)
        if match and last:
            last = (*last[:3], match.group(1))
    if last:
        yield last


class Object:
    def __init__(self, path):
        self.starts = functions(path)
        self.names = {name: name for name, _ in self.starts.values()}
        self.depth = dict.fromkeys(self.names, 0)
        self.calls = {name: set() for name in self.names}
        copies = {}
        for section, number, raw, relocation in instructions(path):
            name = self.at(section, number)
            if not name:
                continue
            copies = copies if copies.get("of") == name else {"of": name, FRAME: True}
            self.follow(name, section, number, raw, relocation, copies)

    def at(self, section, number):
        for (place, start), (name, count) in self.starts.items():
            if place == section and start <= number < start + count:
                return name
        return None

    def follow(self, name, section, number, raw, relocation, copies):
        target, source = raw[1] & 15, raw[1] >> 4
        offset = int.from_bytes(raw[2:4], "little", signed=True)
        immediate = int.from_bytes(raw[4:8], "little", signed=True)
        if raw[0] in STORE and target == FRAME or raw[0] in LOAD and source == FRAME:
            self.depth[name] = max(self.depth[name], -offset)
        elif raw[0] == MOVE:
            copies[target] = source == FRAME
        elif raw[0] == ADD and copies.get(target):
            self.depth[name] = max(self.depth[name], -immediate)
            copies[target] = False
        elif raw[0] == CALL and source == OF_SUBPROGRAM:
            called = self.at(".text", immediate + 1) if relocation == ".text" else \
                self.names.get(relocation) or self.at(section, number + 1 + immediate)
            if called:
                self.calls[name].add(called)

    def chain(self, name):
        """The deepest: (bytes, names and their bytes)."""
        own = max(ROUND, -(-self.depth[name] // ROUND) * ROUND)
        below = max((self.chain(called) for called in self.calls[name] if called != name), default=(0, []))
        return own + below[0], [f"{name} {own}", *below[1]]


def main():
    worst, bad = (0, []), 0
    for path in sys.argv[1:]:
        compiled = Object(path)
        for name in compiled.depth:
            chain = compiled.chain(name)
            worst = max(worst, chain)
            if chain[0] > LIMIT:
                bad += 1
                print(f"{path}: {chain[0]} bytes of BPF stack: {', '.join(chain[1])}")
    if not worst[1]:
        print("lint-bpf-stack: no functions were found")
        return 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
