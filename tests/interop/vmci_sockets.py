"""Programs at the ends of VMCI connections, on the unix sockets of a server's folder."""

import json
import os
import socket
import struct
import time

SECONDS = 10
ANY = 0xFFFFFFFF
DENIED, NOBODY, UNREACHABLE = -7, -1, -10


class Machine:
    """The sockets of one virtual machine."""

    def __init__(self, root, vm):
        self.root, self.folder = root, os.path.join(root, vm._moId)

    def path(self, name):
        return os.path.join(self.folder, name)

    def appears(self):
        """Wait until the machine can be reached; itself."""
        until(lambda: os.path.exists(self.path("guest.sock")) and os.path.exists(self.path("host.sock")))
        return self

    def vanishes(self):
        until(lambda: not os.path.exists(self.path("host.sock")) and not os.path.exists(self.path("guest.sock")))

    def listen(self, name):
        """A listener such as guest.sock_5000."""
        listener = socket.socket(socket.AF_UNIX)
        listener.settimeout(SECONDS)
        listener.bind(self.path(name))
        listener.listen(16)
        return listener

    def ask(self, name, line):
        """Connect and write the first line; the connection and the answer, empty if there was none."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS)
        connection.connect(self.path(name))
        connection.sendall(line)
        answer = b""
        try:
            while not answer.endswith(b"\n"):
                byte = connection.recv(1)
                if not byte:
                    break
                answer += byte
        except ConnectionResetError:
            answer = b""
        return connection, answer

    def stream(self, name, line):
        """A stream that is open."""
        connection, answer = self.ask(name, line)
        assert answer.startswith(b"OK "), f"{line!r} on {name} was not answered"
        return connection

    def allows(self, name, line):
        """Whether a first line is answered with OK."""
        connection, answer = self.ask(name, line)
        connection.close()
        return answer.startswith(b"OK ")

    def datagrams(self, name, line=b"DGRAM\n"):
        connection, answer = self.ask(name, line)
        return Datagrams(connection, int(answer.split()[1]))


class Datagrams:
    """An endpoint for datagrams."""

    def __init__(self, connection, port):
        self.connection, self.port = connection, port

    def send(self, cid, port, payload):
        self.connection.sendall(struct.pack("<IIIIQ", cid, port, 0, 0, len(payload)) + payload)

    def receive(self):
        """((source cid, port), payload), or the error number of a datagram that was refused."""
        _, _, cid, port, size = struct.unpack("<IIIIQ", self._exactly(24))
        payload = self._exactly(size)
        if (cid, port) == (ANY, ANY):
            return struct.unpack("<iII", payload)[0]
        return (cid, port), payload

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            assert piece, "the connection ended"
            data += piece
        return data


def until(holds, seconds=SECONDS):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def status(root):
    """The state of the fabrics."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(SECONDS)
    connection.connect(os.path.join(root, "status.sock"))
    text = b""
    while piece := connection.recv(65536):
        text += piece
    return json.loads(text)


def status_of(root, vm):
    """The state of one machine; none if it is not plugged in."""
    machines = [m for host in status(root)["hosts"] for m in host["vms"]]
    return next((m for m in machines if m["vm"] == vm._moId), None)
