#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
OpenLDAP's own clients talk to slapd in the clear (Debian's use GnuTLS inside TLS, which is not seen into). Every operation must
be one outbound and one inbound exchange with its name and result code; names of entries, filters, attributes and passwords
are kept nowhere. test_ldap.py BUILD
"""
import os
import secrets
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import test_leaks  # noqa: E402

PORT = 10389
CONFIGURATION = """
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {0}/pid
argsfile {0}/arguments
database mdb
suffix "dc=example"
rootdn "cn=admin,dc=example"
rootpw {1}
directory {0}/data
"""
ENTRIES = """dn: dc=example
objectClass: organization
objectClass: dcObject
o: {0}
dc: example

dn: cn={0},dc=example
objectClass: organizationalRole
cn: {0}
description: {0}

"""


def start_server(folder, secret):
    os.mkdir(f"{folder}/data")
    with open(f"{folder}/slapd.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(folder, secret))
    server = subprocess.Popen(["/usr/sbin/slapd", "-d", "0", "-h", f"ldap://127.0.0.1:{PORT}", "-f", f"{folder}/slapd.conf"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peer.wait_listening(PORT, server)
    return server


def run(folder, program, *arguments, text="", password="password"):
    subprocess.run([program, "-x", "-H", f"ldap://127.0.0.1:{PORT}", "-D", "cn=admin,dc=example", "-y", f"{folder}/{password}", *arguments],
                   input=text, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)


def call(folder, secret):
    """All operations. Returns (name, result code) of what is done; UNBIND has no answer."""
    for name, password in (("password", secret), ("wrong", "no" + secret)):
        with open(f"{folder}/{name}", "w", encoding="ascii") as file:
            file.write(password)
    run(folder, "ldapadd", text=ENTRIES.format(secret))
    run(folder, "ldapsearch", "-b", "dc=example", f"(cn={secret})")
    run(folder, "ldapsearch", "-b", f"dc={secret}", "(cn=x)")
    run(folder, "ldapdelete", f"cn={secret},dc=example")
    run(folder, "ldapsearch", "-b", "dc=example", password="wrong")
    bind, unbind = ("BIND", 0), ("UNBIND", None)
    return [bind, ("ADD", 0), ("ADD", 0), unbind, bind, ("SEARCH", 0), unbind, bind, ("SEARCH", 32), unbind, bind, ("DELETE", 0), unbind,
            ("BIND", 49)]


def in_order(records):
    """An UNBIND is told when its connection has ended, which may be after another has begun."""
    connections = list(dict.fromkeys(record["connection"] for record in sorted(records, key=lambda record: record["tb"])))
    return sorted(records, key=lambda record: (connections.index(record["connection"]), record["request"]))


def main():
    build = peer.begin("test-ldap")
    folder, secret = os.path.join(build, "tests/protocols/ldap"), "leak" + secrets.token_hex(16)
    place = tempfile.mkdtemp(prefix="netaudit-ldap-")
    server, auditor = None, peer.audit(build, folder)
    try:
        server = start_server(place, secret)
        wanted = [{"method": method, "status": status, "channel": "ldap"} for method, status in call(place, secret)]
        auditor.auditor.wait_drained()
        looked = test_leaks.look_everywhere(build, folder, auditor, secret, "after the operations")
        records = auditor.records()
    finally:
        if server:
            server.terminate()
            server.wait()
        auditor.stop()
        shutil.rmtree(place)
    failed = []
    for direction in ("outbound", "inbound"):
        ours = [record for record in in_order(peer.exchanges(records, direction, "ldap"))]
        failed += peer.differences(direction, ours[:len(wanted)], wanted)
        failed += [f"{direction}: {record['method']} was not asked for" for record in ours[len(wanted):] if record["method"] != "UNBIND"]
    for line in failed:
        print("FAIL " + line)
    print(f"test-ldap: {len(wanted)} operations, {len(failed)} wrong; nothing of their content in {looked >> 20} MiB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
