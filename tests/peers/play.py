"""Plays one side of sessions, good or bad, as a script says, and prints what the other side does.

    play.py connect ENDPOINT TOKEN_FILE [STYLE [CUT]] < SCRIPT
    play.py listen TOKEN_FILE [STYLE [CUT]] < SCRIPT

STYLE is one of session.STYLES; CUT is how many bytes a write has. A line of the script is a verb
and its argument, in which escapes of Python's bytes literals stand for bytes:

    login                    the client's half of the handshake; as the server: greets and lets in
    auth NONCE PROOF         the client answers hello with these: each `good`, or bytes; the nonce
                             `reflected` is the server's own
    hello BODY               the server greets with that, and reads the answer; VERSION and NONCE
                             stand for what is right
    welcome BODY             the server answers auth with that; PROOF, REFLECTED stand for the right
                             proof, and for the client's own
    frame KIND BODY          a sealed frame; without `frame` where KIND is no other verb
    open KIND BODY           a frame that is not sealed
    lie WORD=VALUE ...       what the next frame has wrong: sequence, announced, code (`upper`
                             is the right one in capitals), key=theirs, flip=BIT of its bytes
    half KIND BODY           the first half of a sealed frame
    other-half               the rest of it
    join N                   the next N frames go out in one write
    raw BYTES                bytes as they are
    raw-file FILE            the bytes of a file
    forward FILE SIZE        in the background: stdin frames of SIZE bytes, and stdin-eof
    until KIND               reads frames up to the first of that type
    end                      reads frames to the end of the connection
    rest                     reads bytes to the end, whatever they are
    half-close, reset        ends the own direction; ends the connection by RST
    write FILE TEXT          puts a line into a file or FIFO that a command reads

A line `---` ends a connection and begins another. The transcript has a line for each run of frames
of one type, and `closed`, `reset` or `refused: WHY` for an end.
"""

import hashlib
import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import session  # noqa: E402
from session import VERSION, Connection, Ended, Refused  # noqa: E402


def bytes_of(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


class Player:
    def __init__(self, connection, token, serves):
        self.connection = connection
        self.token = token
        self.serves = serves
        self.lies = {}
        self.joined = None
        self.after_welcome = None
        self.background = None
        self.run = None

    # What is said.

    def say(self, data):
        """Writes, or keeps back what `join` wants in one piece."""
        if self.joined is None:
            self.connection.write(data)
            return
        self.joined[1].append(data)
        if len(self.joined[1]) == self.joined[0]:
            pieces, self.joined = self.joined[1], None
            self.connection.write(b"".join(pieces))

    def login(self, _):
        if self.serves:
            self.connection.let_in(self.token)
        else:
            self.connection.log_in(self.token)

    def auth(self, argument):
        nonce, shown = argument.split()
        ns = self.connection.receive_open("hello")[len(VERSION):]
        nc = {"good": os.urandom(32), "reflected": ns}.get(nonce) or bytes_of(nonce)
        right = session.proof(self.token, b"client\0", ns, nc)
        body = nc + (right if shown == "good" else bytes_of(shown))
        self.say(self.connection.frame("auth", len(body), "", body))
        self.connection.begin(self.token, ns, nc, sends=b"key-c2s", hears=b"key-s2c")
        # What comes is sealed only once this client was let in.
        self.after_welcome, self.connection.incoming = self.connection.incoming, None

    def hello(self, argument):
        self.ns = os.urandom(32)
        body = bytes_of(argument.replace("VERSION", "sockexec/1\\0"))
        body = body.replace(b"NONCE", self.ns)
        self.say(self.connection.frame("hello", len(body), "", body))
        answer = self.connection.receive_open("auth")
        self.nc, self.shown = answer[:32], answer[32:]

    def welcome(self, argument):
        right = session.proof(self.token, b"server\0", self.ns, self.nc)
        body = {"PROOF": right, "REFLECTED": self.shown}.get(argument) or bytes_of(argument)
        self.say(self.connection.frame("welcome", len(body), "", body))
        self.connection.begin(self.token, self.ns, self.nc, sends=b"key-s2c", hears=b"key-c2s")

    def open(self, argument):
        kind, _, body = argument.partition(" ")
        body = bytes_of(body)
        announced = self.lies.get("announced", len(body))
        self.say(self.connection.frame(kind, announced, self.lies.get("code", ""), body))
        self.lies = {}

    def lie(self, argument):
        for word in argument.split():
            name, _, value = word.partition("=")
            self.lies[name] = int(value) if value.isdigit() and name != "code" else value
        if self.lies.get("key") == "theirs":
            self.lies["key"] = self.connection.incoming.key

    def frame(self, argument):
        kind, _, argument = argument.partition(" ")
        bit = self.lies.pop("flip", None)
        if self.lies.get("code") == "upper":
            outgoing, body = self.connection.outgoing, bytes_of(argument)
            code = session.seal(outgoing.key, outgoing.sequence, kind, len(body), body)
            self.lies["code"] = code.upper()
        frame = bytearray(self.connection.sealed(kind, bytes_of(argument), **self.lies))
        self.lies = {}
        if bit is not None:
            frame[bit // 8] ^= 1 << (bit % 8)
        self.say(bytes(frame))

    def half(self, argument):
        self.joined = (2, [])
        self.frame(argument)
        (whole,), self.joined = self.joined[1], None
        middle = len(whole) // 2
        self.say(whole[:middle])
        self.remaining = whole[middle:]

    def other_half(self, _):
        self.say(self.remaining)

    def join(self, argument):
        self.joined = (int(argument), [])

    def raw(self, argument):
        self.say(bytes_of(argument))

    def raw_file(self, argument):
        with open(argument, "rb") as file:
            self.say(file.read())

    def forward(self, argument):
        path, size = argument.rsplit(" ", 1)

        def pieces():
            try:
                with open(path, "rb") as file:
                    while piece := file.read(int(size)):
                        self.connection.send("stdin", piece)
                self.connection.send("stdin-eof")
            except Ended:
                pass  # Whoever reads will tell.

        self.background = threading.Thread(target=pieces)
        self.background.start()

    def half_close(self, _):
        self.connection.stream.shutdown(socket.SHUT_WR)

    def reset(self, _):
        linger = struct.pack("ii", 1, 0)
        self.connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.stream.close()

    def write(self, argument):
        path, text = argument.split(" ", 1)
        with open(path, "w", encoding="ascii") as file:
            file.write(text + "\n")

    # What is heard.

    def until(self, wanted):
        while True:
            kind, body = self.hear()
            self.heard(kind, body)
            if kind == wanted:
                self.flush()
                return

    def end(self, _):
        while True:
            self.heard(*self.hear())

    def rest(self, _):
        data = bytearray()
        try:
            while True:
                data += self.connection.read(1)
        except Ended:
            print("rest", bytes(data), flush=True)

    def hear(self):
        if self.connection.incoming is not None:
            return self.connection.receive()
        kind, _, _, body = self.connection.read_frame()
        if kind == "welcome" and self.after_welcome is not None:
            self.connection.incoming = self.after_welcome
        return "open " + kind, body

    def heard(self, kind, body):
        if self.run is None or self.run[0] != kind:
            self.flush()
            self.run = (kind, bytearray())
        self.run[1].extend(body)

    def flush(self):
        if self.run is not None:
            kind, body = self.run
            if len(body) > 300:
                print(kind, len(body), "bytes", hashlib.sha256(body).hexdigest(), flush=True)
            else:
                print(kind, bytes(body), flush=True)
            self.run = None

    # The script.

    def play(self, lines):
        try:
            for line in lines:
                verb, _, argument = line.partition(" ")
                name = verb.replace("-", "_")
                if name in VERBS:
                    getattr(self, name)(argument)
                else:
                    self.frame(line)
        except Ended as why:
            self.flush()
            print(why, flush=True)
        except Refused as why:
            self.flush()
            print("refused:", why, flush=True)
        self.flush()
        if self.background is not None:
            self.background.join()


VERBS = {"login", "auth", "hello", "welcome", "frame", "open", "lie", "half", "other_half", "join",
         "raw", "raw_file", "forward", "write", "half_close", "reset", "until", "end", "rest"}


def scripts():
    """The scripts on stdin, one for each connection."""
    lines = sys.stdin.read().splitlines()
    script = []
    for line in [line.lstrip() for line in lines] + ["---"]:
        if line == "---":
            yield script
            script = []
        elif line:
            script.append(line)


def play_all(streams, serves, token_file, style="plain", cut=None):
    token = session.read_token(token_file)
    for number, (script, stream) in enumerate(zip(scripts(), streams)):
        if number:
            print("---", flush=True)
        with stream:
            connection = Connection(stream, style, cut and int(cut))
            Player(connection, token, serves).play(script)


def accepted():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print("listening on {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            stream, _ = listener.accept()
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            yield stream


def connected(endpoint):
    while True:
        yield session.connect(endpoint)


if sys.argv[1] == "listen":
    play_all(accepted(), True, *sys.argv[2:])
else:
    play_all(connected(sys.argv[2]), False, *sys.argv[3:])
