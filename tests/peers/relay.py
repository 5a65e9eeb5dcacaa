"""A relay between a client and a server that changes what passes, without knowing the token.

    relay.py SERVER_ENDPOINT EDIT ...

Each connection gets the next edit, DIRECTION:NUMBER:WHAT: DIRECTION is c2s or s2c, NUMBER that of a
frame behind the handshake, and WHAT is

    nothing             passes everything on
    drop                leaves the frame out
    duplicate           passes it on twice
    swap                passes it on behind the one that follows it
    relabel=OLD>NEW     puts another type in its place
    announce=N          puts another total_size in its place
    flip=BIT            changes one bit of it, and ends the connection behind it
    inject=KIND         puts a frame of that type and an invented code before it
    reflect             puts the first frame of the other direction before it
    end                 ends the connection in its place
    record=FILE         passes everything on, and keeps all that went in that direction

The relay ends when all its connections have.
"""

import json
import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Connection, Ended, connect  # noqa: E402


def read_frame(connection):
    """One frame's bytes, as they came."""
    prefix = connection.read(4)
    header = connection.read(struct.unpack("<i", prefix)[0])
    return prefix + header + connection.read(json.loads(header)["total_size"])


def with_header(frame, change):
    """The frame with its header changed and its body as it was."""
    (length,) = struct.unpack("<i", frame[:4])
    fields = json.loads(frame[4:4 + length])
    change(fields)
    header = json.dumps(fields).encode()
    return struct.pack("<i", len(header)) + header + frame[4 + length:]


class Relay:
    def __init__(self, client, server, edit):
        self.ends = {"c2s": (Connection(client), Connection(server)),
                     "s2c": (Connection(server), Connection(client))}
        direction, number, what = edit.split(":", 2)
        self.edit = direction, int(number), *what.partition("=")[::2]
        self.first_c2s = None

    def edited(self, frame, following):
        """What goes out in the place of `frame`; `following()` takes the next frame as well."""
        _, _, what, argument = self.edit
        if what == "drop":
            return []
        if what == "duplicate":
            return [frame, frame]
        if what == "swap":
            return [following(), frame]
        if what == "relabel":
            old, new = argument.split(">")
            assert f'"{old}"'.encode() in frame
            return [with_header(frame, lambda fields: fields.update(filename=new))]
        if what == "announce":
            return [with_header(frame, lambda fields: fields.update(total_size=int(argument)))]
        if what == "flip":
            changed = bytearray(frame)
            bit = int(argument) % (8 * len(changed))
            changed[bit // 8] ^= 1 << (bit % 8)
            return [bytes(changed)]
        if what == "inject":
            forged = Connection(None).frame(argument, 2, os.urandom(32).hex(), b"hi")
            return [forged, frame]
        if what == "reflect":
            return [self.first_c2s, frame]
        if what == "end":
            raise Ended
        return [frame]

    def record(self, direction, pieces):
        edited, _, what, path = self.edit
        if what == "record" and direction == edited:
            with open(path, "ab") as file:
                file.writelines(pieces)

    def pump(self, direction):
        source, target = self.ends[direction]
        handshake = {"c2s": 1, "s2c": 2}[direction]
        number = -handshake
        try:
            while True:
                frame = read_frame(source)
                if direction == "c2s" and number == 0:
                    self.first_c2s = frame
                pieces = [frame]
                if (direction, number) == self.edit[:2]:
                    pieces = self.edited(frame, lambda: read_frame(source))
                self.record(direction, pieces)
                target.write(b"".join(pieces))
                if (direction, number) == self.edit[:2] and self.edit[2] == "flip":
                    raise Ended
                number += 1
        except (Ended, ValueError, KeyError):
            # Who sends has ended or is no longer understood: so ends what is sent on.
            try:
                target.stream.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def run(self):
        threads = [threading.Thread(target=self.pump, args=[name]) for name in self.ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for source, _ in self.ends.values():
            source.stream.close()


def main(endpoint, *edits):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print("listening on {}:{}".format(*listener.getsockname()), flush=True)
        for edit in edits:
            client, _ = listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Relay(client, connect(endpoint), edit).run()


main(*sys.argv[1:])
