"""Announces an answer of 1000 bytes, sends 500 of them, and leaves.

    python3 docs/gallery/cut_server.py PORT

It speaks as length_server.py does, to one client after another.
"""

import socket
import sys

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("listening on %s:%d" % server.getsockname(), flush=True)
    while True:
        conn, client_addr = server.accept()
        with conn:
            conn.recv(1024)  # the command
            conn.sendall(b"1000")
            conn.recv(1024)  # recv_ready
            conn.sendall(b"." * 500)
