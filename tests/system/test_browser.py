#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""netaudit web and the file of `netaudit report --html` in a real browser: clicks, inert names, nothing cut off.

usage: test_browser.py BUILD; as root, with the users netaudit and netaudit-sign. Traffic stays on loopback and in a
network namespace. With NETAUDIT_SHOTS=FOLDER pictures of each page are left there.
"""
import base64
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

from test_daemon_life import BUILD, PATIENCE, Daemon, wait_for
from test_web import HOSTILE, ROOT, Web, make_traffic

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select
except ImportError:
    webdriver = None

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
VENDOR, STRANGER = "198.51.100.1", "198.51.100.2"
SHOTS = os.environ.get("NETAUDIT_SHOTS")
PAGES = {"report": "/", "log": "/log", "catalogue": "/catalogue", "verify": "/verify", "missing": "/record/99999999"}
SITE = f"""[acme]
name = <b>Acme</b> & <img src=x onerror=alert(2)>
bucket = vendor
address = {VENDOR}
licence_addon = acme_lock
licence_call_bytes = 1000
licence_day_bytes = 2000
"""
# Runs inside the namespace: requests to two addresses, whose Host is a name as nobody should have.
TALK = r"""
import socket, sys, threading
listener = socket.create_server(("0.0.0.0", 8081))
def serve():
    while True:
        peer, _ = listener.accept()
        while b"\r\n\r\n" not in peer.recv(65536):
            pass
        peer.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        peer.close()
threading.Thread(target=serve, daemon=True).start()
for where, host in zip(sys.argv[1::2], sys.argv[2::2]):
    with socket.create_connection((where, 8081), source_address=(where, 0)) as peer:
        peer.sendall(b"GET /path HTTP/1.1\r\nHost: " + host.encode() + b"\r\n\r\n")
        while peer.recv(100):
            pass
"""
# What pages are made of. Anything else would be an element that somebody else made.
ELEMENTS = set("""html head meta title style body main nav h1 h2 h3 p a b strong small span code pre section div ul li footer br
    table colgroup col thead tbody tr th td svg circle text rect line details summary form label input select option button
    """.split())
LOOK = r"""
const all = [...document.querySelectorAll('*')];
return {
    elements: [...new Set(all.map(element => element.localName))],
    handlers: all.flatMap(element => element.getAttributeNames().filter(name => name.startsWith('on'))),
    places: all.flatMap(element => ['href', 'src', 'action', 'srcset', 'data'].filter(name => element.hasAttribute(name))
                                                                        .map(name => element.getAttribute(name))),
    text: document.title + document.body.textContent +
          all.flatMap(element => element.getAttributeNames().map(name => element.getAttribute(name))).join(' '),
    visible: document.body.innerText,
};
"""
# Control characters, and those that turn the direction of what follows.
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


class Journal:
    """A short real audit that has ended: its records stay as they are while the browser looks."""

    def __init__(self, folder):
        self.folder = folder
        os.mkdir(f"{folder}/site")
        with open(f"{folder}/site/10-acme.ini", "w", encoding="utf-8") as file:
            file.write(SITE)
        daemon = Daemon(folder, "--scope", "host", "--head-seconds", "1", "--shipped-dir", f"{ROOT}/catalogue", "--site-dir",
                        f"{folder}/site")
        try:
            make_traffic(folder)
            self.talk_in_namespace()
            wait_for("the calls", lambda: STRANGER in self.netaudit("log", "-n", "0", "--kind", "close"))
            if daemon.stop():
                raise AssertionError(daemon.log_text())
        finally:
            daemon.close()
        self.page = f"{folder}/report.html"
        self.netaudit("report", "--html", self.page, *self.catalogue())

    def catalogue(self):
        return "--shipped", f"{ROOT}/catalogue", "--site", f"{self.folder}/site"

    def netaudit(self, *arguments):
        return subprocess.run([f"{BUILD}/netaudit", *arguments, "--state-dir", f"{self.folder}/state"], text=True,
                              capture_output=True, env={**os.environ, "TZ": "UTC"}, check=False).stdout

    @staticmethod
    def talk_in_namespace():
        name = f"netaudit-browser-{os.getpid()}"
        subprocess.run(["ip", "netns", "add", name], check=True)
        try:
            for arguments in (["link", "set", "lo", "up"], ["address", "add", f"{VENDOR}/32", "dev", "lo"],
                              ["address", "add", f"{STRANGER}/32", "dev", "lo"]):
                subprocess.run(["ip", "-n", name, *arguments], check=True)
            calls = ((VENDOR, "acme.example"), (STRANGER, "stranger.example"), (STRANGER, "<img/src=x/onerror=alert(3)>"),
                     (STRANGER, "\u202e\u2066moc.elpmaxe"), (STRANGER, "'><svg/onload=alert(4)>"), (STRANGER, "z" * 5000))
            subprocess.run(["ip", "netns", "exec", name, "python3", "-c", TALK, *[word for call in calls for word in call]], check=True,
                           timeout=PATIENCE)
        finally:
            subprocess.run(["ip", "netns", "del", name], check=True)


def start_browser(folder):
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync", f"--user-data-dir={folder}/profile",
                     "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--force-device-scale-factor=1"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": f"{folder}/downloads", "download.prompt_for_download": False})
    browser = webdriver.Chrome(service=Service(DRIVER), options=options)
    browser.set_page_load_timeout(PATIENCE)
    return browser


class Browser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="netaudit-browser-")
        os.chmod(cls.folder, 0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)    # a browser's last processes write on
        cls.journal = Journal(cls.folder)
        cls.web = Web(cls.folder, "--listen", "127.0.0.1:0")
        cls.addClassCleanup(cls.web.stop)
        cls.browser = start_browser(cls.folder)
        cls.addClassCleanup(cls.browser.quit)
        url = cls.web.process.stdout.readline().strip()
        cls.base = urllib.parse.urljoin(url, "/")
        cls.browser.get(url)
        wait_for("the report", lambda: cls.browser.find_elements(By.CSS_SELECTOR, ".verdict strong"))
        if "token" in cls.browser.current_url:
            raise AssertionError("the token stays in the address")

    def setUp(self):
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
        self.open("/")

    def open(self, path):
        self.browser.get(path if path.startswith("file:") else urllib.parse.urljoin(self.base, path))

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def click(self, element):
        """Clicks where it can be seen, as a person does, and waits for the page behind it."""
        before = self.one("html").id
        element.click()
        wait_for("another page", lambda: self.one("html").id != before)

    def path(self):
        return urllib.parse.urlsplit(self.browser.current_url).path

    def heading(self):
        return self.one("h1").text

    def places(self):
        """What is looked at: every page, records with hostile names, and the file."""
        marked = re.findall(r"^(\d+)\t", self.journal.netaudit("log", "-n", "0", "--channel", "unix"), re.M)[:2]
        strange = re.findall(r"^(\d+)\t", self.journal.netaudit("log", "-n", "0", "--kind", "exchange"), re.M)
        self.assertGreaterEqual(len(strange), 6)
        return {**PAGES, "exchanges": "/log?kind=exchange", "sockets": "/log?channel=unix",
                "asked": "/log?" + urllib.parse.urlencode({"addon": HOSTILE}),
                **{f"record-{seq}": f"/record/{seq}" for seq in marked + strange[-5:]}, "file": f"file://{self.journal.page}"}

    def test_from_the_verdict_to_one_record(self):
        self.assertIn(self.one(".verdict strong").text, ("Alarm", "Attention"))
        cause = self.one(".findings li.alarm")
        self.assertIn(VENDOR, cause.text)
        link = cause.find_element(By.CSS_SELECTOR, "a[href^='/record/']")
        seq = link.text
        self.click(link)
        self.assertEqual((self.heading(), self.path()), (f"Record {seq}", f"/record/{seq}"))
        self.assertIn(VENDOR, self.one("pre").text)
        self.assertEqual(self.one("td.right").text, "the stored hash is right")
        self.click(self.browser.find_element(By.LINK_TEXT, "All records of this flow"))
        rows = [link.text for link in self.all("table.log td a")]
        self.assertIn(seq, rows)
        self.assertGreaterEqual(len(rows), 2)       # it was opened, and it ended
        self.click(self.all("table.log td a")[-1])
        self.assertEqual(self.heading(), f"Record {rows[-1]}")
        self.browser.back()
        self.browser.back()
        self.assertEqual(self.heading(), f"Record {seq}")

    def test_from_a_destination_to_its_records(self):
        link = next(link for link in self.all("section td a") if link.text == "stranger.example")
        self.click(link)
        self.assertEqual((self.heading(), self.path()), ("Audit log", "/log"))
        self.assertEqual(self.one("input[name=destination]").get_attribute("value"), "stranger.example")
        rows = self.all("table.log tbody tr")
        self.assertTrue(rows)
        for row in rows:
            self.assertIn("stranger.example", row.text)
        self.click(rows[0].find_element(By.CSS_SELECTOR, "a"))
        self.assertIn("stranger.example", self.one("pre").text)

    def test_the_log_is_filtered_and_paged(self):
        self.click(self.browser.find_element(By.LINK_TEXT, "Audit log"))
        self.one("input[name=kind]").send_keys("open,close")
        self.one("input[name=destination]").send_keys("127.0.0.0/8")
        Select(self.one("select[name=direction]")).select_by_visible_text("outbound")
        self.click(self.one("form button"))
        self.assertEqual(Select(self.one("select[name=direction]")).first_selected_option.text, "outbound")
        seqs, pages = [], 0
        while True:
            pages += 1
            for row in self.all("table.log tbody tr"):
                seqs.append(int(row.find_element(By.CSS_SELECTOR, "a").text))
            older = self.browser.find_elements(By.LINK_TEXT, "Older records")
            if not older:
                break
            self.click(older[0])
        wanted = re.findall(r"^(\d+)\t", self.journal.netaudit("log", "-n", "0", "--reverse", "--kind", "open,close", "--destination",
                                                             "127.0.0.0/8", "--direction", "outbound"), re.M)
        self.assertEqual(seqs, [int(seq) for seq in wanted])
        self.assertGreaterEqual(pages, 3)
        self.one("input[name=since]").send_keys("no such time")
        self.click(self.one("form button"))
        self.assertEqual(self.heading(), "Not understood")

    def test_the_chain_is_verified(self):
        self.click(self.browser.find_element(By.LINK_TEXT, "Verify"))
        wait_for("the result", lambda: self.all(".verdict strong"))
        self.assertRegex(self.one(".verdict strong").text, "Audit chain verified (OK|with remarks)")
        self.assertIn(self.one("table.facts code").text, self.journal.netaudit("verify", "--json"))

    def test_the_export_proves_itself(self):
        self.browser.find_element(By.LINK_TEXT, "Export").click()

        def whole():
            there = os.listdir(f"{self.folder}/downloads") if os.path.isdir(f"{self.folder}/downloads") else []
            return there if there and not any(name.endswith((".crdownload", ".tmp")) or name.startswith(".") for name in there) else None
        name, = wait_for("the file", whole)
        done = subprocess.run([f"{BUILD}/netaudit", "verify", f"{self.folder}/downloads/{name}"], capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (0, 4), done.stdout + done.stderr)
        self.assertIn("every record", done.stdout)

    def test_hostile_names_are_inert(self):
        texts = []
        for name, path in self.places().items():
            with self.subTest(page=name):
                self.open(path)
                found = self.browser.execute_script(LOOK)
                self.assertEqual(set(found["elements"]) - ELEMENTS, set())
                self.assertEqual(found["handlers"], [])
                self.assertEqual([place for place in found["places"] if not re.match("[/#](?!/)", place)], [])
                self.assertEqual(UNSEEN.findall(found["text"]), [])
                self.assertNotIn("zzzz" * 250, found["text"])
                texts.append(found["visible"])
        # they were there to be seen; of a host's name the kernel keeps what names are made of
        for piece in ("<script>alert(1)", "?img?src?x?onerror?alert?3??", "<b>Acme</b>"):
            self.assertTrue(any(piece in text for text in texts), piece)

    def test_nothing_is_cut_off(self):
        for name, path in self.places().items():
            for width in (360, 1280):
                with self.subTest(page=name, width=width):
                    self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                        "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
                    self.open(path)
                    have, need = self.browser.execute_script(
                        "const page = document.documentElement; return [page.clientWidth, page.scrollWidth]")
                    self.assertLessEqual(need, have)

    def test_the_file_is_one_sheet_of_paper(self):
        self.open(f"file://{self.journal.page}")
        printed = self.browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
        pages = re.findall(rb"/Type\s*/Page\b", base64.b64decode(printed["data"]))
        self.assertEqual(len(pages), 1)

    @unittest.skipUnless(SHOTS, "pictures are taken with NETAUDIT_SHOTS=FOLDER")
    def test_pictures(self):
        os.makedirs(SHOTS, exist_ok=True)
        for name, path in self.places().items():
            for form, width in (("light", 1280), ("dark", 1280), ("narrow", 360)):
                self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                    "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600})
                self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
                    {"name": "prefers-color-scheme", "value": "dark" if form == "dark" else "light"}]})
                self.open(path)
                picture = self.browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
                with open(f"{SHOTS}/{name}-{form}.png", "wb") as file:
                    file.write(base64.b64decode(picture["data"]))
            printed = self.browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
            with open(f"{SHOTS}/{name}.pdf", "wb") as file:
                file.write(base64.b64decode(printed["data"]))


if __name__ == "__main__":
    if os.geteuid():
        sys.exit("test_browser.py: must run as root")
    missing = [name for name, there in (("python3-selenium", webdriver), ("chromium", BROWSER), ("chromium-driver", DRIVER)) if not there]
    if missing:
        print(f"skip: no browser to look with: {', '.join(missing)}")
        sys.exit(0)
    unittest.main(verbosity=2)
