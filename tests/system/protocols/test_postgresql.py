#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
psql and psycopg2 talk to PostgreSQL, inside TLS and once without. Every connection must be one outbound and one inbound exchange with user,
database and how the server took it, and nothing else: passwords and SQL are kept nowhere. test_postgresql.py BUILD
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

PORT = 15432
SETTINGS = """
listen_addresses = '127.0.0.1'
port = {0}
unix_socket_directories = '{1}'
ssl = on
ssl_cert_file = '{1}/cert.pem'
ssl_key_file = '{1}/key.pem'
fsync = off
"""
# psycopg2 in a process of its own: the secret is not on its command line
CLIENT = """
import sys, psycopg2
for line in sys.stdin:
    where, _, sql = line.rstrip("\\n").partition("|")
    try:
        connection = psycopg2.connect(where)
        connection.cursor().execute(sql)
        connection.close()
    except psycopg2.Error:
        pass
"""


def binaries():
    root = "/usr/lib/postgresql"
    return f"{root}/{max(os.listdir(root), key=float)}/bin"


def as_postgres(*command, **options):
    return subprocess.run(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command], check=True,
                          stdout=subprocess.DEVNULL, cwd="/", **options)


def start_server(folder, secret):
    peer.make_certificate(folder)
    with open(f"{folder}/password", "w", encoding="ascii") as file:
        file.write(secret)
    for name in ("", "/key.pem", "/cert.pem", "/password"):
        shutil.chown(folder + name, "postgres", "postgres")
    as_postgres(f"{binaries()}/initdb", "-D", f"{folder}/data", "-A", "scram-sha-256", "--pwfile", f"{folder}/password", "-U", "odoo")
    with open(f"{folder}/data/postgresql.conf", "a", encoding="ascii") as file:
        file.write(SETTINGS.format(PORT, folder))
    as_postgres(f"{binaries()}/pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w", "start")


def stop_server(folder):
    as_postgres(f"{binaries()}/pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")


def call(secret):
    """All connections; returns what must be recorded of them."""
    to = f"host=127.0.0.1 port={PORT} sslmode=require"
    clear = to.replace("require", "disable")
    psql = {**os.environ, "PGPASSWORD": secret}
    for database in ("postgres", "missing12345"):
        subprocess.run(["psql", "-q", "-d", f"{to} user=odoo dbname={database}"], env=psql, input=f"select '{secret}';\n", text=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
    lines = [f"{to} user=odoo dbname=template1 password={secret}|select '{secret}'",
             f"{clear} user=odoo dbname=template1 password=no{secret}|select 1", f"{to} user=jane@example.com dbname=odoo password={secret}|"]
    subprocess.run([peer.PYTHON, "-c", CLIENT], input="\n".join(lines) + "\n", text=True, check=True, timeout=60)
    return [{"user": user, "database": database, "result": result, "tls": tls} for user, database, result, tls in (
        ("odoo", "postgres", "ok", True), ("odoo", "missing#####", "3D000", True), ("odoo", "template1", "ok", True),
        ("odoo", "template1", "28P01", None), ("####@#######.###", "odoo", "28P01", True))]


def main():
    build = peer.begin("test-postgresql")
    folder, secret = os.path.join(build, "tests/protocols/postgresql"), "Leak" + secrets.token_hex(16)
    place = tempfile.mkdtemp(prefix="netaudit-postgresql-")
    start_server(place, secret)
    auditor = peer.audit(build, folder)
    try:
        wanted = call(secret)
        auditor.auditor.wait_drained()
        looked = test_leaks.look_everywhere(build, folder, auditor, secret, "after the connections")
        records = auditor.records()
    finally:
        stop_server(place)
        auditor.stop()
        shutil.rmtree(place)
    wanted = [{**want, "method": "STARTUP", "channel": "postgresql", "protocol": "postgresql"} for want in wanted]
    failed = []
    for direction in ("outbound", "inbound"):
        failed += peer.differences(direction, peer.exchanges(records, direction, "postgresql"), wanted)
    for line in failed:
        print("FAIL " + line)
    print(f"test-postgresql: {len(wanted)} connections of psql and psycopg2, {len(failed)} wrong; nothing of their content in {looked >> 20} MiB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
