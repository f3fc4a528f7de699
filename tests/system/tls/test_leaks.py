#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
The leak hunt: a secret is sent inside TLS as a body, a cookie, a header value, a query value and a bare query word; then
looked for, in several spellings, in everything the auditor keeps: its files, logs, BPF maps and rings, and the memory of all
its processes, in the middle of the request and at the end. First the hunt proves that it can find. test_leaks.py BUILD
"""
import argparse
import base64
import os
import re
import secrets
import string
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(os.path.dirname(HERE)), "attribution")]
import lab  # noqa: E402
import test_exchanges  # noqa: E402


def spellings(secret):
    raw = secret.encode()
    out = {"raw": raw, "upper case": raw.upper(), "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(),
           "UTF-16": secret.encode("utf-16-le"), "reversed": raw[::-1]}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).rstrip(b"=")
        out[f"base64+{shift}"] = coded[(0, 2, 3)[shift]:-2]    # without what its neighbours decide
    return out


def memory_of(pid):
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end, rights = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if rights[0] != "r" or "[v" in line:
                continue
            try:
                memory.seek(int(start, 16))
                yield memory.read(int(end, 16) - int(start, 16))
            except (OSError, OverflowError, ValueError):
                continue    # a mapping without memory behind it, or gone


def files_below(*places):
    for place in places:
        for folder, _, names in os.walk(place) if os.path.isdir(place) else [(os.path.dirname(place), [], [os.path.basename(place)])]:
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    yield file.read()


def processes_of(parent):
    children = subprocess.run(["pgrep", "-P", str(parent)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return [parent, *map(int, children)]


def map_ids(pid):
    ids = set()
    for name in os.listdir(f"/proc/{pid}/fdinfo"):
        try:
            with open(f"/proc/{pid}/fdinfo/{name}", encoding="ascii") as file:
                ids.update(re.findall(r"^map_id:\s*(\d+)", file.read(), re.MULTILINE))
        except OSError:
            continue
    return sorted(ids)


def maps(build, ids):
    yield subprocess.run([f"{build}/tests/tls/maps", *ids], stdout=subprocess.PIPE, check=True).stdout


def hunt(secret, sources):
    """Which spellings are anywhere in the sources, and how many bytes were looked through."""
    found, looked = set(), 0
    for content in sources:
        looked += len(content)
        found.update(name for name, spelling in spellings(secret).items() if spelling in content)
    return found, looked


def prove(build, folder):
    """Plants every spelling in every kind of place; the hunt must find each."""
    secret = "planted" + secrets.token_hex(12)
    for name, spelling in spellings(secret).items():
        path = os.path.join(folder, "planted")
        with open(path, "wb") as file:
            file.write(b"before" + spelling + b"after")
        holder = subprocess.Popen([sys.executable, "-c", "import sys; kept = open(sys.argv[1], 'rb').read(); print(flush=True); sys.stdin.read()",
                                   path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.readline()
        planter = subprocess.Popen([f"{build}/tests/tls/maps", "plant"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        planter.stdin.write(spelling + b"\n")
        planter.stdin.flush()
        number = planter.stdout.readline().decode().strip()
        for place, sources in (("a file", files_below(path)), ("a process", memory_of(holder.pid)), ("a map", maps(build, [number]))):
            if name not in hunt(secret, sources)[0]:
                raise SystemExit(f"test-leaks: the hunt does not find {name} in {place}")
        for process in (holder, planter):
            process.stdin.close()
            process.wait()
        os.unlink(path)


def look_everywhere(build, folder, auditor, secret, when):
    pids, total = processes_of(auditor.auditor.process.pid), 0
    places = {"files": files_below(f"{folder}/state", f"{folder}/run", f"{folder}/daemon.log"),
              "maps and rings": maps(build, map_ids(pids[0]))}
    places.update({f"memory of process {pid}": memory_of(pid) for pid in pids})
    for place, sources in places.items():
        found, looked = hunt(secret, sources)
        if found or not looked:
            raise SystemExit(f"FAIL {when}: {sorted(found)} in {place}, {looked} bytes looked through")
        total += looked
    return total


WORDS = string.ascii_lowercase
MASKED = ("method", "path", "query", "status", "request_names", "response_names", "request_fingerprint", "response_fingerprint",
          "request_hashed", "response_hashed")


def word():
    """Short, and of letters only: nothing that would be masked by its looks."""
    return "".join(secrets.choice(WORDS) for _ in range(18))


def ask(server, secret):
    """A request with the word in its path, in the name of a key and in the name of a field."""
    test_exchanges.curl(server, f"/{secret}?{secret}=1", "-H", f"{secret}: 1", "-d", "body")


def hunt_strict(build, folder, servers):
    """Strict redaction: names are nowhere either. Returns how many bytes were looked through."""
    secret, folder = word(), os.path.join(folder, "strict")
    os.makedirs(folder, exist_ok=True)
    auditor = lab.Auditor(build, folder, scope="host", settings=("--redaction", "strict"))
    try:
        test_exchanges.wait_probed(auditor, servers[0].process)
        for server in servers:
            ask(server, secret)
        auditor.auditor.wait_drained()
        looked = look_everywhere(build, folder, auditor, secret, "with strict redaction")
        records = [record for record in auditor.records() if record["kind"] == "exchange" and
                   record.get("host") in [server.origin.split("//")[1] for server in servers]]
    finally:
        auditor.stop()
    if hunt(secret, files_below(f"{folder}/state", f"{folder}/daemon.log"))[0]:
        raise SystemExit("FAIL with strict redaction, after the stop: in a file")
    if len(records) != 4 or any(name in record for record in records for name in MASKED) or \
            any((record.get("strict"), record["request_bytes"], record.get("server_name", "localhost")) != (True, 4, "localhost")
                for record in records):
        raise SystemExit(f"FAIL with strict redaction: {records}")
    return looked


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--plain", action="store_true", help="the request goes in clear text")
    options = parser.parse_args()
    build, name, channel = os.path.abspath(options.build), "test-leaks", "https"
    if options.plain:
        name, channel = "test-leaks-clear", "http"
    if tuple(map(int, re.findall(r"\d+", os.uname().release)[:2])) < (5, 15):
        print(f"{name}: left out: this kernel has no cookies for probes")
        return
    lab.enter_own_network()
    folder, secret = os.path.join(build, "tests", channel, "leaks"), "Leak" + secrets.token_hex(16)
    os.makedirs(folder, exist_ok=True)
    prove(build, folder)
    auditor = lab.Auditor(build, folder, scope="host")
    server = test_exchanges.Server(folder, channel)
    os.makedirs(f"{folder}/clear", exist_ok=True)
    clear, client = test_exchanges.Server(f"{folder}/clear", "http"), None
    try:
        if channel == "https":
            test_exchanges.wait_probed(auditor, server.process)
        client = subprocess.Popen([test_exchanges.PYTHON, f"{HERE}/client.py", "pause", server.certificate, server.port],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        client.stdin.write(secret + "\n")
        client.stdin.flush()
        client.stdout.readline()
        client.stdout.readline()
        auditor.auditor.wait_drained()
        looked = look_everywhere(build, folder, auditor, secret, "in the middle of the request")
        client.communicate("go on\n", timeout=60)
        auditor.auditor.wait_drained()
        looked += look_everywhere(build, folder, auditor, secret, "at the end")
        shown = word()
        ask(server, shown)
        auditor.auditor.wait_drained()
        if "raw" not in hunt(shown, files_below(f"{folder}/state"))[0]:
            raise SystemExit("test-leaks: the hunt does not find what is recorded")
        records = auditor.records()
        auditor.auditor.notify.close()    # the next one's has the same name
        looked += hunt_strict(build, folder, [server, clear])
    finally:
        if client:
            client.kill()
            client.wait()
        server.stop()
        clear.stop()
        auditor.stop()
    if hunt(secret, files_below(f"{folder}/state", f"{folder}/daemon.log"))[0]:
        raise SystemExit("FAIL after the stop: in a file")
    exchanges = [record for record in records if record["kind"] == "exchange" and record["channel"] == channel
                 and record.get("path") == "/pause"]
    if len(exchanges) != 2 or any(record.get("query") != ["token", "*"] for record in exchanges):
        raise SystemExit(f"FAIL the request was not recorded: {exchanges}")
    print(f"{name}: nothing in {looked >> 20} MiB of files, maps, rings and memory; the request is recorded")


if __name__ == "__main__":
    main()
