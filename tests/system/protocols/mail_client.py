#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Sends mail as Odoo does, with smtplib, inside TLS, after STARTTLS and in the clear: mail_client.py CERTIFICATE PORT STARTTLS_PORT.
The secret is its first line of input.
"""
import email.message
import smtplib
import ssl
import sys

CERTIFICATE, PORT, STARTTLS_PORT = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
SECRET = sys.stdin.readline().strip()
CONTEXT = ssl.create_default_context(cafile=CERTIFICATE)


def connect():
    return smtplib.SMTP_SSL("localhost", PORT, context=CONTEXT)


def mail(recipients, size, **headers):
    message = email.message.EmailMessage()
    message["From"], message["To"] = f"{SECRET}@sender.example", ", ".join(recipients)
    message["Subject"] = SECRET
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f".{SECRET}\n..\n" + f"{SECRET}\n" * size)
    return message


def send(session, recipients, size, **headers):
    try:
        session.send_message(mail(recipients, size, **headers))
    except (smtplib.SMTPDataError, smtplib.SMTPRecipientsRefused):
        pass


def main():
    with connect() as session:
        session.login(SECRET, "right" + SECRET)
        send(session, [f"{SECRET}@one.example"], 1)
        send(session, [f"{SECRET}@one.example", f"b.{SECRET}@one.example", f"{SECRET}@Two.Example"], 5000)    # more than one record of TLS
        send(session, [f"refused{SECRET}@one.example", f"{SECRET}@three.example"], 2)
        send(session, [f"{SECRET}@one.example"], 3, X_Refuse="yes")
        send(session, [f"refused{SECRET}@four.example"], 1)    # no recipient is left
    with connect() as session:
        try:
            session.login(SECRET, "wrong" + SECRET)
        except smtplib.SMTPAuthenticationError:
            pass
    with smtplib.SMTP("localhost", STARTTLS_PORT) as session:
        session.starttls(context=CONTEXT)
        session.login(SECRET, "right" + SECRET)
        send(session, [f"{SECRET}@five.example"], 4)
    with smtplib.SMTP("localhost", STARTTLS_PORT) as session:
        send(session, [f"{SECRET}@six.example", f"refused{SECRET}@six.example"], 5000)


main()
