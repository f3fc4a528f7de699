#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
smtplib sends mail to aiosmtpd, inside TLS, after STARTTLS and in the clear. Every mail must be one outbound and one inbound exchange with what the server
wrote down: domains and number of recipients, size, result. Addresses, subjects, texts and passwords are in no record, nor
anywhere else that the auditor keeps. test_mail.py BUILD
"""
import os
import secrets
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TESTS, "attribution"), os.path.join(os.path.dirname(HERE), "tls")]
import lab  # noqa: E402
import peer  # noqa: E402
import test_leaks  # noqa: E402

# What the client does beyond the mails that the server took, in its order: a mail without recipients, a log-in that fails.
REFUSED = {"method": "MAIL", "status": 550, "recipients": 1, "recipients_refused": 1, "recipient_domains": ["four.example"],
           "commands": ["RSET", "MAIL", "RCPT", "RSET"], "replies": [250, 550, 250]}
LOGIN = {"method": "QUIT", "status": 535, "recipients": None, "recipient_domains": None, "request_bytes": 0}
STARTTLS = {"method": "STARTTLS", "status": 220, "recipients": None, "commands": ["EHLO", "STARTTLS"], "replies": [220, 250, 220]}


def wanted(truth, first):
    taken = len(truth["domains"])
    domains = [domain for at, domain in enumerate(truth["domains"]) if not at or truth["domains"][at - 1] != domain]
    return {"method": "MAIL", "status": truth["status"], "request_bytes": truth["bytes"], "recipients": taken + truth["refused"],
            "recipients_refused": truth["refused"] or None,
            "recipient_domains": (["one.example"] if truth["refused"] else []) + domains,
            "commands": (["EHLO", "AUTH"] if first else []) + ["MAIL", "RCPT", "DATA"]}


def compare(records, truths, direction):
    mails = [wanted(truth, number in (0, 4)) for number, truth in enumerate(truths)]
    mails[5]["commands"] = ["EHLO", *mails[5]["commands"]]
    mails[5]["recipient_domains"] = ["six.example"]
    want = [{**mail, "channel": "smtps"} for mail in (*mails[:4], REFUSED, LOGIN)]
    want += [{**STARTTLS, "channel": "smtp"}, {**mails[4], "channel": "smtps"}, {**mails[5], "channel": "smtp"}]
    # a large packet's middle is not looked at: that may be so of the last
    want = [{**mail, "request_partial": None} | ({"request_about": None} if mail is not want[-1] else {}) for mail in want]
    return peer.differences(direction, peer.exchanges(records, direction, "smtp"), want)


def call(folder, port, secret):
    with open(f"{folder}/port.starttls", encoding="ascii") as file:
        starttls_port = file.read()
    subprocess.run([peer.PYTHON, f"{HERE}/mail_client.py", f"{folder}/cert.pem", port, starttls_port], input=secret + "\n", check=True,
                   timeout=120, text=True)


def main():
    build = peer.begin("test-mail")
    folder, secret = os.path.join(build, "tests/protocols/mail"), "Leak" + secrets.token_hex(16)
    auditor, server, port = peer.start(build, folder, f"{HERE}/mail_server.py")
    try:
        call(folder, port, secret)
        auditor.auditor.wait_drained()
        looked = test_leaks.look_everywhere(build, folder, auditor, secret, "after the mails")
        records = auditor.records()
    finally:
        server.kill()
        server.wait()
        auditor.stop()
    truths = lab.read_lines(f"{folder}/truth.jsonl")
    failed = compare(records, truths, "outbound") + compare(records, truths, "inbound")
    for line in failed:
        print("FAIL " + line)
    print(f"test-mail: {len(truths)} mails taken, {len(failed)} wrong; nothing of them in {looked >> 20} MiB of files, maps and memory")
    return 1 if failed or len(truths) != 6 else 0


if __name__ == "__main__":
    sys.exit(main())
