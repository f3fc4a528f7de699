# SPDX-License-Identifier: GPL-2.0-or-later
"""A real Odoo in the prepared root, with a database, data folder and ports of its own.

Needs mount and network namespaces of the test's own: everything that changes is mounted over the root's folders, so
that several tests can use one root at a time.
"""
import fcntl
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DATABASE = "netaudit_test"
HOST, HTTP_PORT, GEVENT_PORT = "127.0.0.1", 18069, 18072
PATIENCE = 180  # seconds
OWN = "/var/lib/odoo"   # inside the root: the data folder, and what the test puts beside it
LIMITS = ("limit_time_cpu", "limit_time_real", "limit_time_real_cron")


class Server:
    def __init__(self, root, private):
        """`root` is prepared; `private` a folder for what this run changes."""
        self.root, self.private, self.processes = os.path.realpath(root), os.path.abspath(private), []
        self.own = self.root + OWN
        shutil.rmtree(self.private, ignore_errors=True)
        os.makedirs(self.private)
        with open(self.root + ".lock", "w") as lock:     # nobody runs the cluster itself meanwhile
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in ("postgresql", "odoo"):
                subprocess.run(["cp", "-a", f"{self.root}/var/lib/{name}", self.private], check=True)
        for name in ("postgresql", "odoo"):
            self.mount("--bind", f"{self.private}/{name}", f"{self.root}/var/lib/{name}")
        for folder in ("run", "tmp", "var/log"):
            self.mount("-t", "tmpfs", "tmpfs", f"{self.root}/{folder}")
        for folder in ("var/log/postgresql", "var/log/odoo"):
            os.mkdir(f"{self.root}/{folder}", 0o777)
            os.chmod(f"{self.root}/{folder}", 0o777)
        self.mount("-t", "proc", "proc", self.root + "/proc")
        self.mount("--bind", "/dev", self.root + "/dev")
        os.chmod(self.root + "/tmp", 0o1777)
        self.config = OWN + "/netaudit.conf"
        self.log_path = os.path.join(self.private, "odoo.log")

    @staticmethod
    def mount(*arguments):
        subprocess.run(["mount", *arguments], check=True)

    def configure(self, addons_path, **settings):
        settings = dict({"db_port": 54329, "db_name": DATABASE, "http_interface": HOST, "http_port": HTTP_PORT,
                         "gevent_port": GEVENT_PORT, "workers": 2, "max_cron_threads": 1, "addons_path": addons_path,
                         "data_dir": OWN, **dict.fromkeys(LIMITS, 100_000)}, **settings)
        self.awaited = ["Worker WorkerCron"] if settings["max_cron_threads"] else []
        with open(self.root + self.config, "w", encoding="ascii") as config:
            config.write("[options]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
        self.inside("chown", "-R", "odoo:", OWN)

    def inside(self, *command, **options):
        return subprocess.run(["chroot", self.root, *command], check=True, env=self.environment(), **options)

    @staticmethod
    def environment():
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": OWN, "LC_ALL": "C.UTF-8"}

    def cluster(self, *action):
        version = os.listdir(self.root + "/etc/postgresql")[0]
        self.inside("pg_ctlcluster", version, "main", *action)

    def start_database_for_tcp(self, *more, address=HOST):
        """Starts the cluster so that everybody on this host may connect to `address`; `more` are options of postgres."""
        hba = "/var/lib/postgresql/netaudit_hba.conf"
        with open(self.root + hba, "w", encoding="ascii") as file:
            file.write(f"local all all peer\nhost all all {address}/32 trust\n")
        self.cluster("start", "-o", " ".join([f"-c hba_file={hba}", f"-c listen_addresses={address}", *more]))

    def command(self, *arguments):
        return ["chroot", self.root, "setpriv", "--reuid", "odoo", "--regid", "odoo", "--init-groups", "odoo",
                *arguments, "-c", self.config]

    def install(self, names):
        with open(self.log_path, "wb") as log:
            done = subprocess.run(self.command("--stop-after-init", "--no-http", "-i", ",".join(names)), stdout=log,
                                  stderr=log, env=self.environment())
        if done.returncode or "ERROR" in self.log():
            raise SystemExit(f"FAIL: installing add-ons ended with {done.returncode}:\n{self.log()[-4000:]}")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def start(self):
        with open(self.log_path, "wb") as log:
            self.master = subprocess.Popen(self.command(), stdout=log, stderr=log, env=self.environment())
        self.wait("Evented Service (longpolling) running", "Worker WorkerHTTP", *self.awaited)
        for port in (HTTP_PORT, GEVENT_PORT):
            self.ask(port, "/web/login")

    def wait(self, *texts):
        deadline = time.monotonic() + PATIENCE
        while not all(text in self.log() for text in texts):
            if self.master.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"FAIL: Odoo did not start:\n{self.log()[-4000:]}")
            time.sleep(0.2)

    @staticmethod
    def ask(port, path, body=None):
        """The answer to a request: (status, text)."""
        connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        connection.request("POST" if body else "GET", path, body)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, text

    def shell(self, script):
        """Runs a script in `odoo shell`, to its end."""
        with open(self.log_path + ".shell", "wb") as log:
            return subprocess.run(self.command("shell", "--no-http"), input=script.encode(), stdout=log, stderr=log,
                                  env=self.environment()).returncode

    def stop(self):
        self.master.send_signal(signal.SIGTERM)
        try:
            self.master.wait(60)
        except subprocess.TimeoutExpired:
            self.master.kill()
            self.master.wait()


def prepared(root):
    """Whether the root is there or can be made; prints why not."""
    return subprocess.run([os.path.join(HERE, "prepare"), root], stdout=sys.stdout).returncode
