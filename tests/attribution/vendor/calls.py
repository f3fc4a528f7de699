# SPDX-License-Identifier: GPL-2.0-or-later
"""What code of an add-on can do to reach the network: one function per style, each makes exactly one call.

`to` names the peers (ports, certificate, programs); `token` is the truth the call carries with it. Everything the
call needs happens in this module: it is what gets compiled, or stripped of its source.
"""
import asyncio
import concurrent.futures
import email.message
import functools
import http.client
import imaplib
import importlib
import os
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import urllib.request
import xmlrpc.client

try:
    import requests
except ImportError:
    requests = None
try:
    import httpx
except ImportError:
    httpx = None

HOST = "127.0.0.1"
PATIENCE = 30   # seconds
HEADER = "X-Corpus"
SUBPROCESS_CALL = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as peer:
    peer.sendall(sys.argv[3].encode() + b"\\n")
    peer.recv(10)
"""


def url(to, scheme, path="/"):
    return "{}://{}:{}{}".format(scheme, HOST, to[scheme], path)


@functools.lru_cache(None)
def trust(certificate):
    return ssl.create_default_context(cafile=certificate)


def by_requests(to, token):
    requests.get(url(to, "https"), headers={HEADER: token}, verify=to["certificate"], timeout=PATIENCE).close()


def by_requests_session(to, token):
    with requests.Session() as session:
        session.post(url(to, "http"), data=token, timeout=PATIENCE)


def by_urllib(to, token):
    asked = urllib.request.Request(url(to, "https"), headers={HEADER: token})
    with urllib.request.urlopen(asked, timeout=PATIENCE, context=trust(to["certificate"])) as answer:
        answer.read()


def by_httpx(to, token):
    httpx.get(url(to, "https"), headers={HEADER: token}, verify=trust(to["certificate"]), timeout=PATIENCE)


def by_http_client(to, token):
    connection = http.client.HTTPSConnection(HOST, to["https"], timeout=PATIENCE, context=trust(to["certificate"]))
    connection.request("POST", "/", token)
    connection.getresponse().read()
    connection.close()


class Client:
    def __init__(self, to, token):
        if to:
            by_http_client(to, token)


def make(to, token):
    return Client(to, token)


def by_constructor(to, token):
    """The place is hot: CPython 3.12 and later have a frame of their own between the class and its __init__ there."""
    for _ in range(200):
        make(None, None)
    make(to, token)


def by_socket(to, token):
    with socket.socket() as peer:
        peer.settimeout(PATIENCE)
        peer.connect((HOST, to["raw"]))
        peer.sendall(token.encode() + b"\n")
        peer.recv(10)


def by_udp(to, token):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(PATIENCE)
        peer.sendto(token.encode(), (HOST, to["udp"]))
        peer.recv(10)


def by_udp_connected(to, token):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(PATIENCE)
        peer.connect((HOST, to["udp"]))
        peer.send(token.encode())
        peer.recv(10)


def mail(token):
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "corpus"
    message.set_content(token)
    return message


def by_smtp(to, token):
    with smtplib.SMTP(HOST, to["smtp"], timeout=PATIENCE) as peer:
        peer.starttls(context=trust(to["certificate"]))
        peer.send_message(mail(token))


def by_imap(to, token):
    with imaplib.IMAP4_SSL(HOST, to["imap"], ssl_context=trust(to["certificate"])) as peer:
        peer.login("user", "password")
        peer.select(token)


def by_xmlrpc(to, token):
    with xmlrpc.client.ServerProxy(url(to, "http", "/xmlrpc")) as peer:
        peer.take(token)


def by_asyncio(to, token):
    async def talk():
        reader, writer = await asyncio.open_connection(HOST, to["raw"])
        writer.write(token.encode() + b"\n")
        await reader.readline()
        writer.close()
    asyncio.run(talk())


def by_asyncio_tasks(to, token):
    """The task that calls is stepped by the loop, long after the function that created it has gone on."""
    async def talk():
        await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection(HOST, to["raw"])
        writer.write(token.encode() + b"\n")
        await reader.readline()
        writer.close()

    async def both():
        task = asyncio.ensure_future(talk())
        await asyncio.sleep(0.001)
        await task
    asyncio.run(both())


def by_asyncio_executor(to, token):
    """A library function handed to a thread of the loop's."""
    async def wait():
        await asyncio.get_running_loop().run_in_executor(None, plain_get(to, token))
    asyncio.run(wait())


def plain_get(to, token):
    """A call without any code of ours in it: http.client or requests do it alone."""
    if requests is None:
        return functools.partial(urllib.request.urlopen, urllib.request.Request(url(to, "http"), headers={HEADER: token}))
    return functools.partial(requests.get, url(to, "http"), headers={HEADER: token}, timeout=PATIENCE)


def in_thread(target, *arguments):
    thread = threading.Thread(target=target, args=arguments)
    thread.start()
    thread.join()


def by_thread(to, token):
    in_thread(by_socket, to, token)


def by_thread_plain(to, token):
    in_thread(plain_get(to, token))


def by_thread_of_thread(to, token):
    in_thread(in_thread, plain_get(to, token))


def in_pool(function, *arguments):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(function, *arguments).result(PATIENCE)


def by_pool(to, token):
    in_pool(by_socket, to, token)


def by_pool_plain(to, token):
    in_pool(plain_get(to, token))


def curl(to, token):
    return [to["curl"], "-s", "-o", "/dev/null", "-m", str(PATIENCE), "-H", HEADER + ": " + token, url(to, "http")]


def by_curl(to, token):
    subprocess.run(curl(to, token), check=True)


def by_shell(to, token):
    subprocess.run(["/bin/sh", "-c", '"$@"; true', "sh", *curl(to, token)], check=True)


def by_python(to, token):
    subprocess.run([to["python"], "-c", SUBPROCESS_CALL, HOST, str(to["raw"]), token], check=True)


def by_posix_spawn(to, token):
    child = os.posix_spawn(to["curl"], curl(to, token), {})
    os.waitpid(child, 0)


def stay_a_child():
    """Odoo's gevent server looks after itself every few seconds, in a clone too, finds that it has another parent, and
    sends SIGTERM to the number it remembers as its own, which is the real server's."""
    server = getattr(sys.modules.get("odoo.service.server"), "server", None)
    if server:
        server.ppid = os.getppid()


def by_fork(to, token):
    child = os.fork()
    if child == 0:
        stay_a_child()
        try:
            by_socket(to, token)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


@functools.lru_cache(None)
def life_of(_pid):
    """A pipe whose writing end is open as long as this process lives."""
    return os.pipe()


def by_fresh_module(to, token):
    """The first call of a process after the code that makes it was loaded: nobody knows of that code yet. The process
    stays as long as its parent: of one that is gone at once, nobody could say what it had loaded."""
    life, (told, tell) = life_of(os.getpid()), os.pipe()
    if os.fork() == 0:
        stay_a_child()
        try:
            importlib.import_module(__name__.rpartition(".")[0] + ".late").call(to["raw"], token)
            os.write(tell, b".")
            os.dup2(life[0], 0)
            os.closerange(1, 4096)  # of whatever the others wait for the end
            os.read(0, 1)
        finally:
            os._exit(0)
    os.close(tell)
    made = os.read(told, 1)
    os.close(told)
    if not made:
        raise OSError("the child did not call")


def by_thread_then_curl(to, token):
    in_thread(subprocess.check_call, curl(to, token))


def shared():
    return importlib.import_module("odoo.addons.corpus_pool.shared")


def by_shared_session(to, token):
    """The session is another add-on's, the connection is opened for us."""
    shared().SESSION.get(url(to, "http"), headers={HEADER: token, "Connection": "close"}, timeout=PATIENCE).close()


def by_pooled_connection(to, token):
    """The connection was opened by another add-on, for itself."""
    session = shared().connected(url(to, "http"), HEADER, token)
    session.get(url(to, "http"), headers={HEADER: token}, timeout=PATIENCE).close()
    session.close()


def by_executed_text(to, token):
    exec(compile("call(to, token)", "<string>", "exec"), {"call": by_socket, "to": to, "token": token})


STYLES = {name[3:]: function for name, function in list(globals().items()) if name.startswith("by_")}
NEEDS = {"requests": requests, "requests_session": requests, "shared_session": requests, "pooled_connection": requests,
         "httpx": httpx}


def available():
    return [style for style in STYLES if NEEDS.get(style, True) is not None]


def call(style, to, token):
    STYLES[style](to, token)
