#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
imaplib and poplib read mail from dovecot, inside TLS. Every command must be one outbound and one inbound exchange with the
client's name for it and the server's answer, and nothing of users, passwords, mailboxes and mails may be kept anywhere.
test_mailboxes.py BUILD
"""
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import test_leaks  # noqa: E402

IMAP_PORT, POP3_PORT = 10993, 10995
CONFIGURATION = """
base_dir = {0}/run
state_dir = {0}/run
log_path = {0}/dovecot.log
protocols = imap pop3
ssl = required
ssl_cert = <{0}/cert.pem
ssl_key = <{0}/key.pem
first_valid_uid = 1
mail_location = maildir:{0}/mail/%u
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {0}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={0}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {1}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = 0
  }}
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {2}
    ssl = yes
  }}
}}
"""


def start_server(folder, secret):
    os.chmod(folder, 0o755)
    os.mkdir(f"{folder}/mail")
    shutil.chown(f"{folder}/mail", "mail", "mail")
    peer.make_certificate(folder)
    with open(f"{folder}/users", "w", encoding="ascii") as users:
        users.write(f"{secret}:right{secret}\n{secret}2:right{secret}\n")
    with open(f"{folder}/dovecot.conf", "w", encoding="ascii") as file:
        file.write(CONFIGURATION.format(folder, IMAP_PORT, POP3_PORT))
    server = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", f"{folder}/dovecot.conf"])
    peer.wait_listening(IMAP_PORT, server)
    peer.wait_listening(POP3_PORT, server)
    return server


def deliver(folder, secret):
    """For POP3, which reads the inbox."""
    mail = f"Subject: {secret}\r\n\r\n{secret}\r\n" * 1000
    box = f"{folder}/mail/{secret}"
    for place in ("", "/cur", "/new", "/tmp"):
        os.mkdir(box + place)
        shutil.chown(box + place, "mail", "mail")
    with open(f"{box}/new/1.1.localhost", "w", encoding="ascii", newline="") as file:
        file.write(mail)
    shutil.chown(file.name, "mail", "mail")


def main():
    build = peer.begin("test-mailboxes")
    folder, secret = os.path.join(build, "tests/protocols/mailboxes"), "leak" + secrets.token_hex(16)
    place = tempfile.mkdtemp(prefix="netaudit-mailboxes-")
    auditor, server = peer.audit(build, folder), None
    try:
        server = start_server(place, secret)
        deliver(place, secret)
        client = subprocess.run([peer.PYTHON, f"{peer.HERE}/mailbox_client.py", f"{place}/cert.pem", str(IMAP_PORT), str(POP3_PORT)],
                                input=secret + "\n", check=True, timeout=120, stdout=subprocess.PIPE, text=True)
        auditor.auditor.wait_drained()
        looked = test_leaks.look_everywhere(build, folder, auditor, secret, "after the session")
        records = auditor.records()
    finally:
        if server:
            server.terminate()
            server.wait()
        auditor.stop()
        shutil.rmtree(place)
    said = [json.loads(line) for line in client.stdout.splitlines()]
    wanted = [{"method": method, "result": result, "uids": uids} for method, result, _, uids in said]
    failed = []
    for direction in ("outbound", "inbound"):
        ours = peer.exchanges(records, direction, "imap", "pop3")
        failed += peer.differences(direction, ours, wanted)
        failed += [f"{direction} {method}: {record['response_bytes']} bytes, not {at_least}" for record, (method, _, at_least, _)
                   in zip(ours, said) if record.get("response_bytes", 0) < at_least or record.get("request_bytes", 0) < 5]
    for line in failed:
        print("FAIL " + line)
    print(f"test-mailboxes: {len(said)} commands of imaplib and poplib to dovecot, {len(failed)} wrong; nothing of their content in {looked >> 20} MiB")
    return 1 if failed or len(said) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())
