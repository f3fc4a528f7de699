# SPDX-License-Identifier: GPL-2.0-or-later
"""What an add-on of the owner's does all day: mail, services of Odoo, printing, its database."""
import email.message
import imaplib
import subprocess

from odoo import SUPERUSER_ID, http
from odoo.addons.iap.tools import iap_tools
from odoo.http import request


class Shop(http.Controller):
    @http.route("/day_shop/mail_out", type="http", auth="none")
    def mail_out(self):
        message = email.message.EmailMessage()
        message["From"], message["To"], message["Subject"] = "shop@example.com", "customer@example.org", "Your order"
        message["Message-Id"] = "<order@example.com>"
        message.set_content("It is on its way.")
        request.env(user=SUPERUSER_ID)["ir.mail_server"].send_email(
            message, smtp_server="smtp.gmail.com", smtp_port=587, smtp_encryption="starttls")
        return "sent"

    @http.route("/day_shop/mail_in", type="http", auth="none")
    def mail_in(self):
        with imaplib.IMAP4_SSL("imap.gmail.com") as mailbox:
            mailbox.login("shop", "password")
            mailbox.select()
        return "fetched"

    @http.route("/day_shop/credits", type="http", auth="none")
    def credits(self):
        return str(iap_tools.iap_jsonrpc("https://iap.odoo.com/jsonrpc", params={"account_token": "token"}))

    @http.route("/day_shop/print", type="http", auth="none")
    def print(self):
        """What a page is printed with fetches what the page names: from Odoo itself, and from a network of fonts."""
        for url in ("http://127.0.0.1:18069/web/login", "https://fonts.cdn.example/shop.woff"):
            subprocess.run(["curl", "-sSf", "-m", "20", "-o", "/dev/null", "--cacert", "/var/lib/odoo/day.pem", url], check=True)
        return "printed"

    @http.route("/day_shop/database_program", type="http", auth="none")
    def database_program(self, url):
        """The attack that needs no code in Odoo's process: the database runs a program."""
        request.env(user=SUPERUSER_ID).cr.execute(f"COPY (SELECT 1) TO PROGRAM 'curl -s -m 20 -o /dev/null {url}'")
        return "copied"
