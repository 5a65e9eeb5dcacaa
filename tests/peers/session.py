"""The session protocol once more, in Python.

It was written from the protocol's description alone, so that what the tools in Rust and this agree
upon is what the description says, and not what one program happens to do. Nothing but the standard
library; the tests run it, and whoever writes a third implementation may begin here.
"""

import hashlib
import hmac
import json
import os
import socket
import struct

VERSION = b"sockexec/1\0"
NONCE_SIZE = 32
PROOF_SIZE = 32
HEADER_LIMIT = 64 * 1024
BODY_LIMIT = 64 * 1024


class Ended(Exception):
    """The stream has ended, or was reset, where a frame should begin or go on."""


class Refused(Exception):
    """The peer has done what the protocol does not allow."""


def read_token(path):
    """K: the 32 bytes that the token file holds as 64 hex digits."""
    with open(path, encoding="ascii") as file:
        return bytes.fromhex(file.read().strip())


def connect(endpoint):
    """A stream to HOST:PORT or unix:PATH."""
    if endpoint.startswith("unix:"):
        stream = socket.socket(socket.AF_UNIX)
        stream.connect(endpoint[len("unix:"):])
        return stream
    host, port = endpoint.rsplit(":", 1)
    stream = socket.create_connection((host, int(port)))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def proof(token, role, ns, nc):
    """What the client (role b"client\\0") or the server (b"server\\0") shows."""
    return hmac_sha256(token, VERSION + role + ns + nc)


def seal(key, sequence, kind, announced, body):
    """The authentication code of a frame: its `hash`."""
    name = kind.encode()
    message = struct.pack("<QI", sequence, len(name)) + name + struct.pack("<Q", announced) + body
    return hmac_sha256(key, message).hex()


# Ways to write the same header. The protocol names three fields, and JSON lets a writer choose.
STYLES = {
    "plain": json.dumps,
    "compact": lambda fields: json.dumps(fields, separators=(",", ":")),
    "reordered": lambda fields: json.dumps(dict(reversed(fields.items()))),
    "indented": lambda fields: "\n" + json.dumps(fields, indent=4) + "\r\n\t ",
    "escaped": lambda fields: json.dumps(fields).replace("s", "\\u0073").replace("t", "\\u0074"),
}


class Direction:
    """One of the two directions once its key is known: its frames are counted from 0."""

    def __init__(self, key):
        self.key = key
        self.sequence = 0

    def next_sequence(self):
        self.sequence += 1
        return self.sequence - 1


class Connection:
    """Frames over a stream: open ones in the handshake, sealed ones after it."""

    def __init__(self, stream, style="plain", cut=None):
        self.stream = stream
        self.header_text = STYLES[style]
        self.cut = cut
        self.outgoing = None
        self.incoming = None

    # Bytes.

    def write(self, data):
        """Writes all bytes, in pieces of `cut` bytes where that was asked for."""
        step = self.cut or max(len(data), 1)
        try:
            for start in range(0, len(data), step):
                self.stream.sendall(data[start:start + step])
        except OSError as why:
            raise Ended("while writing") from why

    def read(self, count):
        pieces = []
        while count:
            try:
                piece = self.stream.recv(min(count, 1 << 20))
            except ConnectionError as why:
                raise Ended("reset") from why
            if not piece:
                raise Ended("closed")
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    # Frames.

    def frame(self, kind, announced, code, body):
        """A frame's bytes."""
        header = self.header_text({"filename": kind, "total_size": announced, "hash": code})
        return struct.pack("<i", len(header)) + header.encode() + body

    def read_frame(self):
        """The next frame: its type, announced size, hash, and body."""
        (length,) = struct.unpack("<i", self.read(4))
        if not 0 < length <= HEADER_LIMIT:
            raise Refused(f"a header of {length} bytes")
        pairs = json.loads(self.read(length), object_pairs_hook=list)
        header = dict(pairs)
        if len(pairs) != 3 or set(header) != {"filename", "total_size", "hash"}:
            raise Refused(f"a header with the fields {pairs!r}")
        size = header["total_size"]
        if type(size) is not int or not 0 <= size <= BODY_LIMIT:
            raise Refused(f"a body of {size!r} bytes")
        return header["filename"], size, header["hash"], self.read(size)

    def sealed(self, kind, body=b"", sequence=None, announced=None, code=None, key=None):
        """A sealed frame's bytes; what a caller names is what a liar puts in its place."""
        if sequence is None:
            sequence = self.outgoing.next_sequence()
        if announced is None:
            announced = len(body)
        if code is None:
            code = seal(key or self.outgoing.key, sequence, kind, announced, body)
        return self.frame(kind, announced, code, body)

    def send(self, kind, body=b"", **lies):
        self.write(self.sealed(kind, body, **lies))

    def receive(self):
        """The next sealed frame, verified: its type and its body."""
        kind, announced, code, body = self.read_frame()
        expected = seal(self.incoming.key, self.incoming.next_sequence(), kind, announced, body)
        if not hmac.compare_digest(code.encode(), expected.encode()):
            raise Refused(f"a {kind} frame that is not authentic")
        return kind, body

    def receive_open(self, wanted):
        """The body of an open frame of the handshake."""
        kind, _, code, body = self.read_frame()
        if kind != wanted or code != "":
            raise Refused(f"{kind} {body!r}")
        return body

    # The handshake.

    def log_in(self, token, nc=None):
        """The client's half."""
        hello = self.receive_open("hello")
        if len(hello) != len(VERSION) + NONCE_SIZE or not hello.startswith(VERSION):
            raise Refused(f"hello {hello!r}")
        ns = hello[len(VERSION):]
        nc = nc or os.urandom(NONCE_SIZE)
        body = nc + proof(token, b"client\0", ns, nc)
        self.write(self.frame("auth", len(body), "", body))
        welcome = self.receive_open("welcome")
        if not hmac.compare_digest(welcome, proof(token, b"server\0", ns, nc)):
            raise Refused("the server has failed to prove that it knows the token")
        self.begin(token, ns, nc, sends=b"key-c2s", hears=b"key-s2c")

    def let_in(self, token):
        """The server's half."""
        ns = os.urandom(NONCE_SIZE)
        self.write(self.frame("hello", len(VERSION + ns), "", VERSION + ns))
        auth = self.receive_open("auth")
        nc, shown = auth[:NONCE_SIZE], auth[NONCE_SIZE:]
        if nc == ns:
            raise Refused("the server's own nonce")
        if not hmac.compare_digest(shown, proof(token, b"client\0", ns, nc)):
            raise Refused("the client does not know the token")
        self.write(self.frame("welcome", PROOF_SIZE, "", proof(token, b"server\0", ns, nc)))
        self.begin(token, ns, nc, sends=b"key-s2c", hears=b"key-c2s")

    def begin(self, token, ns, nc, sends, hears):
        """Derives the keys of both directions."""
        self.outgoing = Direction(hmac_sha256(token, VERSION + sends + ns + nc))
        self.incoming = Direction(hmac_sha256(token, VERSION + hears + ns + nc))
