"""The server as a process, and the clients that the tests drive it with. Knows nothing of pytest."""

import os
import pathlib
import signal
import ssl
import subprocess
import tempfile
import threading
from urllib.parse import urlsplit

import requests
from pyVim.connect import SmartConnect

READY_SECONDS = 30
STOP_SECONDS = 2


def program(variable):
    """The path of a program that `cargo xtask interop` builds and names in the environment."""
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f"{variable} is not set: run the suite by `cargo xtask interop`")
    return path


class Server:
    """A running `ferrosphere serve` on a free port of the loopback interface."""

    def __init__(self, *flags):
        self.log = tempfile.NamedTemporaryFile("w+", prefix="ferrosphere-", suffix=".log")
        command = [program("FERROSPHERE_BIN"), "serve", "--listen", "127.0.0.1:0", *flags]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.url = self._ready_url()
        parts = urlsplit(self.url)
        self.scheme, self.host, self.port = parts.scheme, parts.hostname, parts.port
        self.root = f"{parts.scheme}://{parts.netloc}"

    def _ready_url(self):
        timer = threading.Timer(READY_SECONDS, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        word, _, url = line.strip().partition(" ")
        if word != "ready":
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the server said {line!r} instead of being ready\n{self.log_text()}")
        return url

    def log_text(self):
        return pathlib.Path(self.log.name).read_text()

    def stop(self, number=signal.SIGTERM):
        """End it by a signal; its exit status, which must come within two seconds."""
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {STOP_SECONDS} s after {signal.Signals(number).name}") from None
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def connect(self, user="user", password="pass"):
        """A pyVmomi service instance, logged in."""
        return SmartConnect(
            protocol=self.scheme,
            host=self.host,
            port=self.port,
            user=user,
            pwd=password,
            sslContext=unverified() if self.scheme == "https" else None,
        )


def unverified():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Govc:
    """govc with its environment; every call is a process of its own."""

    def __init__(self, server, home):
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "GOVMOMI_HOME": str(home),
            "GOVC_URL": server.url,
            "GOVC_INSECURE": "1",
            "GOVC_USERNAME": "user",
            "GOVC_PASSWORD": "pass",
        }

    def run(self, *arguments, **more_environment):
        """The finished process, whatever its exit status."""
        return subprocess.run(
            [program("GOVC_BIN"), *arguments],
            env=self.environment | more_environment,
            capture_output=True,
            text=True,
            timeout=50,
        )

    def __call__(self, *arguments):
        """Standard output of a call that must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"govc {' '.join(arguments)}: {done.stderr or done.stdout}"
        return done.stdout

    def start(self, *arguments):
        """A process that goes on running, with its output as a pipe."""
        return subprocess.Popen(
            [program("GOVC_BIN"), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


class ViJson:
    """VI/JSON by plain HTTP: /sdk/vim25/{release}/{type}/{id}/{property or method}."""

    def __init__(self, server, release="8.0.1.0"):
        self.base = f"{server.root}/sdk/vim25/{release}"
        self.http = requests.Session()
        self.http.verify = False
        self.http.trust_env = False

    def get(self, mo, name):
        return self.http.get(self._url(mo, name), timeout=20)

    def post(self, mo, name, body=None):
        return self.http.post(self._url(mo, name), json={} if body is None else body, timeout=20)

    def login(self, user="user", password="pass"):
        """Log in and keep the session's header for all later calls."""
        answer = self.post(("SessionManager", "SessionManager"), "Login", {"userName": user, "password": password})
        assert answer.status_code == 200, answer.text
        self.http.headers["vmware-api-session-id"] = answer.headers["vmware-api-session-id"]
        return answer.json()

    def content(self):
        answer = self.get(("ServiceInstance", "ServiceInstance"), "content")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _url(self, mo, name):
        kind, value = mo if isinstance(mo, tuple) else (mo["type"], mo["value"])
        return f"{self.base}/{kind}/{value}/{name}"
