"""Runs each command that it receives; a header before the answer has the length of the answer.

    python3 crates/exec-server/examples/header_server.py [PORT]
    python3 crates/exec-client/examples/header_client.py [PORT]

It runs whatever any program on this machine sends, a web page in a browser included: start it
for a lesson, and stop it afterwards. The exec-server tool authenticates its clients.

The header is JSON and can hold any field. Its own length comes before it, always in four bytes,
so that the client knows where the length ends (struct_header.py).
"""

import json
import socket
import struct
import subprocess
import sys


def serve(conn):
    while True:
        cmd = conn.recv(1024)  # a longer command arrives as two; two quick ones may arrive as one
        if not cmd:
            break
        print("cmd:", cmd)
        done = subprocess.run(
            cmd, shell=True, stdin=subprocess.DEVNULL, capture_output=True
        )
        body = done.stdout + done.stderr
        header = {
            "filename": "a.txt",
            "total_size": len(body),
            "hash": "not computed",
        }
        header_bytes = json.dumps(header).encode()
        # 'i' is a signed number in this machine's order of bytes; '<i' would say which order.
        prefix = struct.pack("i", len(header_bytes))
        # One send: several small ones would each wait for the other side's acknowledgement.
        conn.sendall(prefix + header_bytes + body)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)

while True:
    conn, client_addr = server.accept()
    # A client that leaves without reading all (OSError), or a command with a zero byte in it
    # (ValueError), ends its own connection, not this server.
    try:
        serve(conn)
    except (OSError, ValueError) as why:
        print(client_addr, why)
    conn.close()
