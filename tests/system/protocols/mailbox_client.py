#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Reads mail inside TLS as Odoo does, with imaplib and poplib: mailbox_client.py CERTIFICATE IMAP_PORT POP3_PORT. The secret is
its first line of input. Prints what it asked and how it was answered, one JSON array a line.
"""
import imaplib
import json
import poplib
import ssl
import sys

CERTIFICATE, IMAP_PORT, POP3_PORT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SECRET = sys.stdin.readline().strip()
CONTEXT = ssl.create_default_context(cafile=CERTIFICATE)
MAIL = f"Subject: {SECRET}\r\n\r\n{SECRET}\r\n".encode() * 1000


def said(method, result, at_least=0, uids=None):
    print(json.dumps([method, result, at_least, uids]))


def imap(method, answer, at_least=0, uids=None):
    said(method, answer[0], at_least, uids)
    return answer[1]


def imap_connect():
    session = imaplib.IMAP4_SSL("localhost", IMAP_PORT, ssl_context=CONTEXT)
    said("CAPABILITY", "OK")    # it asks by itself
    return session


def use_imap():
    session = imap_connect()
    try:
        session.login(SECRET, "wrong" + SECRET)
    except imaplib.IMAP4.error:
        said("LOGIN", "NO")
    imap("LOGIN", session.login(SECRET, "right" + SECRET))
    imap("CREATE", session.create("Box" + SECRET))
    imap("SELECT", session.select("Box" + SECRET))
    imap("APPEND", session.append("Box" + SECRET, None, None, MAIL))
    imap("NOOP", session.noop())
    imap("SEARCH", session.search(None, "SUBJECT", SECRET))
    imap("FETCH", session.fetch("1", "(BODY.PEEK[])"), len(MAIL))
    imap("FETCH", session.uid("FETCH", "1:*", "(FLAGS)"), 0, True)
    imap("SELECT", session.select("None" + SECRET))
    session.logout()
    said("LOGOUT", "OK")
    session = imap_connect()
    imap("AUTHENTICATE", session.authenticate("PLAIN", lambda _: f"\0{SECRET}\0right{SECRET}".encode()))
    session.logout()
    said("LOGOUT", "OK")


def use_pop3():
    session = poplib.POP3_SSL("localhost", POP3_PORT, context=CONTEXT)
    session.user(SECRET)
    said("USER", "+OK")
    try:
        session.pass_("wrong" + SECRET)
    except poplib.error_proto:
        said("PASS", "-ERR")
    session.user(SECRET)
    said("USER", "+OK")
    session.pass_("right" + SECRET)
    said("PASS", "+OK")
    session.stat()
    said("STAT", "+OK")
    session.list()
    said("LIST", "+OK")
    session.list(1)
    said("LIST", "+OK")
    session.retr(1)
    said("RETR", "+OK", len(MAIL))
    session.uidl()
    said("UIDL", "+OK")
    try:
        session.retr(77)
    except poplib.error_proto:
        said("RETR", "-ERR")
    session.dele(1)
    said("DELE", "+OK")
    session.quit()
    said("QUIT", "+OK")


use_imap()
use_pop3()
