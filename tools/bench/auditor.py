# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts, watches and stops what is measured: our daemon, tcplife, and the flood of connections."""
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time

READY_SECONDS = 60
DRAIN_SECONDS = 180
STOP_SECONDS = 60
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
STATS_SWITCH = "/proc/sys/kernel/bpf_stats_enabled"


class BenchError(Exception):
    """The bench itself could not do its work."""


def programs_of(pid):
    """{program id: (runs, nanoseconds)} of every BPF program a process holds, from its descriptors."""
    found = {}
    folder = f"/proc/{pid}/fdinfo"
    for name in os.listdir(folder):
        try:
            with open(os.path.join(folder, name), encoding="ascii") as file:
                fields = dict(line.split(":", 1) for line in file if ":" in line)
        except OSError:
            continue
        if "run_cnt" in fields:
            found[int(fields["prog_id"])] = (int(fields["run_cnt"]), int(fields["run_time_ns"]))
    return found


def program_names():
    listed = subprocess.run(["bpftool", "-j", "prog", "show"], check=True, stdout=subprocess.PIPE).stdout
    return {program["id"]: program.get("name", "?") for program in json.loads(listed)}


def other_auditors(own_pid):
    """Whether programs of another netaudit-bpf are loaded: everything measured then pays for both."""
    own = programs_of(own_pid) if own_pid else {}
    return any(name.startswith("na_") and number not in own for number, name in program_names().items())


class RunTimeStatistics:
    """The kernel's clock around every BPF program, on only while it is asked for: it costs time itself."""

    def __enter__(self):
        with open(STATS_SWITCH, encoding="ascii") as file:
            self.before = file.read()
        self.set("1")

    def __exit__(self, *_):
        self.set(self.before)

    @staticmethod
    def set(value):
        with open(STATS_SWITCH, "w", encoding="ascii") as file:
            file.write(value)


def flood(program, **options):
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    done = subprocess.run([program, *arguments], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


class Tcplife:
    """libbpf-tools' tcplife, its lines thrown away."""
    program = shutil.which("tcplife", path=os.environ["PATH"] + ":/usr/sbin:/sbin")

    def __init__(self):
        if not self.program:
            raise BenchError("tcplife is not installed (apt-get install libbpf-tools)")
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen([self.program], stdout=subprocess.DEVNULL, stderr=self.errors)
        deadline = time.monotonic() + READY_SECONDS
        while not programs_of(self.process.pid):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                self.errors.seek(0)
                raise BenchError("tcplife does not load here: " + self.errors.read().decode(errors="replace").strip())
            time.sleep(0.1)
        time.sleep(1)	# it says nothing when it has attached what it loaded

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Auditor:
    def __init__(self, program, scope="host", settings=()):
        self.folder = tempfile.mkdtemp(prefix="netaudit-bench-")
        os.chmod(self.folder, 0o755)
        self.run_dir = os.path.join(self.folder, "run")
        command = [program, "--scope", scope, "--state-dir", os.path.join(self.folder, "state"), "--run-dir",
                   self.run_dir, "--user", "nobody", "--sign-user", "daemon", *settings]
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + READY_SECONDS
        while self.status().get("state") != "running":
            if self.process.poll() is not None or time.monotonic() > deadline:
                with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
                    message = log.read()
                self.stop()
                raise BenchError("the auditor did not start: " + message)
            time.sleep(0.1)

    @property
    def pid(self):
        return self.process.pid

    def status(self):
        try:
            with open(os.path.join(self.run_dir, "status.json"), encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def fresh_status(self):
        """A status written after now."""
        now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        deadline = time.monotonic() + READY_SECONDS
        while self.status()["now_boottime_ns"] < now_ns:
            if time.monotonic() > deadline:
                raise BenchError("the auditor no longer writes its status")
            time.sleep(0.05)
        return self.status()

    def component(self, name):
        return self.status()["components"][name]["pid"]

    def pause_observer(self):
        """Nothing is read from the rings any more; returns when the kernel says that it has stopped."""
        observer = self.component("observer")
        os.kill(observer, signal.SIGSTOP)
        while True:
            with open(f"/proc/{observer}/stat", encoding="ascii", errors="replace") as file:
                if file.read().rsplit(") ", 1)[1][0] == "T":
                    return
            time.sleep(0.01)

    def resume_observer(self):
        os.kill(self.component("observer"), signal.SIGCONT)

    def wait_drained(self, indexed=False, closes=0):
        """Until every event is settled (and this many closes among them), committed and, if asked, indexed."""
        deadline = time.monotonic() + DRAIN_SECONDS
        self.fresh_status()
        while True:
            status = self.fresh_status()
            received = sum(status["events_received"].values())
            if received <= status["events_settled"] and not status["queue_used_bytes"] and \
                    (status["events_received"]["close"] >= closes or lost(status)) and \
                    (not indexed or status["index_seq"] >= status["last_seq"]):
                return status
            if time.monotonic() > deadline:
                raise BenchError(f"the auditor did not catch up within {DRAIN_SECONDS} s")

    def cpu_seconds(self):
        """{component: user and system time so far}"""
        seconds = {}
        for name, component in self.status()["components"].items():
            with open(f"/proc/{component['pid']}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rsplit(") ", 1)[1].split()
            seconds[name] = (int(fields[11]) + int(fields[12])) / CLOCK_TICKS
        return seconds

    def memory_kib(self):
        """{component: proportional set size without the mappings of BPF maps}, in KiB"""
        return {name: proportional_kib(component["pid"]) for name, component in self.status()["components"].items()}

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def proportional_kib(pid):
    """Rings are mapped BPF maps: the kernel shows those mappings as anon_inode:bpf-map, whoever made them."""
    total, counted = 0, True
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as file:
        for line in file:
            word = line.split(None, 1)[0]
            if not word.endswith(":"):
                counted = "anon_inode:bpf-map" not in line and "anon_inode:[bpf-map]" not in line
            elif word == "Pss:" and counted:
                total += int(line.split()[1])
    return total


def lost(status):
    return {name: status[name] for name in ("lost_ring", "lost_map", "missed_programs", "records_refused")
            if status[name]}


def raise_memlock():
    """tcplife asks for it; where it may not be raised memory is accounted by control group anyway."""
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (ValueError, OSError):
        pass
