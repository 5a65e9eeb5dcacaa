"""A server of the session protocol that runs commands as it should.

    server.py TOKEN_FILE [STYLE [CUT]]

It serves one connection after the other; it is here to be a good peer, not a good server.
"""

import json
import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Connection, Ended, Refused, read_token  # noqa: E402


def run(connection, command, lock):
    """Runs one command: its output as it comes, then one `exit`."""
    process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def pump(kind, pipe):
        while piece := pipe.read1(65536):
            with lock:
                connection.send(kind, piece)

    pumps = [threading.Thread(target=pump, args=pair)
             for pair in (("stdout", process.stdout), ("stderr", process.stderr))]
    for thread in pumps:
        thread.start()

    def finish():
        for thread in pumps:
            thread.join()
        status = process.wait()
        end = {"code": status} if status >= 0 else {"signal": -status}
        with lock:
            connection.send("exit", json.dumps(end).encode())

    threading.Thread(target=finish).start()
    return process.stdin


def converse(connection):
    """Reads to the end of the connection: commands, and what is for their stdin."""
    lock = threading.Lock()
    stdin = None
    while True:
        kind, body = connection.receive()
        try:
            if kind == "command":
                stdin = run(connection, body, lock)
            elif kind == "stdin":
                stdin.write(body)
                stdin.flush()
            elif kind == "stdin-eof":
                stdin.close()
            elif kind == "ping":
                with lock:
                    connection.send("pong")
            else:
                raise Refused(kind)
        except BrokenPipeError:
            pass


def main(token_file, style="plain", cut=None):
    token = read_token(token_file)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print("listening on {}:{}".format(*listener.getsockname()), flush=True)
        while True:
            stream, _ = listener.accept()
            with stream:
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = Connection(stream, style, cut and int(cut))
                try:
                    connection.let_in(token)
                    converse(connection)
                except (Ended, Refused) as why:
                    print(type(why).__name__, why, file=sys.stderr, flush=True)


main(*sys.argv[1:])
