# SPDX-License-Identifier: GPL-2.0-or-later
"""A BPF map of a running daemon, found among its descriptors by name, to look into and to put things in its way."""
import ctypes
import errno
import os
import struct

SYS_BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
SYS_PIDFD_GETFD = 438
LOOKUP, UPDATE, REMOVE, NEXT_KEY, INFORMATION = 1, 2, 3, 4, 15   # enum bpf_cmd
LIBC = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    if LIBC.syscall(SYS_BPF, command, buffer, len(attributes)) < 0:
        raise OSError(ctypes.get_errno(), f"bpf command {command}")


class Map:
    def __init__(self, pid, name):
        process = os.pidfd_open(pid)
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{number}") != "anon_inode:bpf-map":
                    continue
                self.descriptor = LIBC.syscall(SYS_PIDFD_GETFD, process, int(number), 0)
                if self.descriptor >= 0 and self._name() == name:
                    return
                os.close(self.descriptor)
        finally:
            os.close(process)
        raise AssertionError(f"process {pid} has no BPF map {name}")

    def _name(self):
        """struct bpf_map_info: type, id, key_size, value_size, max_entries, map_flags, name[16]"""
        found = ctypes.create_string_buffer(88)
        _bpf(INFORMATION, struct.pack("IIQ", self.descriptor, len(found), ctypes.addressof(found)))
        self.key_bytes, self.value_bytes = struct.unpack_from("II", found, 8)
        return found.raw[24:40].rstrip(b"\0").decode()

    def _call(self, command, key, value):
        _bpf(command, struct.pack("IIQQQ", self.descriptor, 0, ctypes.addressof(key) if key else 0,
                                   ctypes.addressof(value), 0))

    def keys(self):
        """Of one moment only if nobody else writes: what is put in meanwhile may be missing."""
        key, following, found = None, ctypes.create_string_buffer(self.key_bytes), set()
        try:
            while True:
                self._call(NEXT_KEY, key, following)
                key = ctypes.create_string_buffer(following.raw, self.key_bytes)
                found.add(following.raw)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
        return found

    def get(self, key):
        """The value's bytes; None when there is none."""
        value = ctypes.create_string_buffer(self.value_bytes)
        try:
            self._call(LOOKUP, ctypes.create_string_buffer(key, len(key)), value)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise
            return None
        return value.raw

    def put(self, key, value):
        self._call(UPDATE, ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(value, len(value)))

    def remove(self, key):
        kept = ctypes.create_string_buffer(key, len(key))
        _bpf(REMOVE, struct.pack("IIQ", self.descriptor, 0, ctypes.addressof(kept)))

    def close(self):
        os.close(self.descriptor)
