"""Answers with a header as header_server.py does, but sends one byte before all others.

    python3 docs/gallery/drip_server.py PORT

Any network may split a message like this. Here a pause of half a second makes sure of it.
"""

import json
import socket
import struct
import sys
import time

body = b"hello\n"
header = json.dumps({"filename": "a.txt", "total_size": len(body), "hash": ""}).encode()
answer = struct.pack("<i", len(header)) + header + body

with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("listening on %s:%d" % server.getsockname(), flush=True)
    while True:
        conn, client_addr = server.accept()
        with conn:
            conn.recv(1024)
            conn.sendall(answer[:1])
            time.sleep(0.5)
            try:
                conn.sendall(answer[1:])
            except ConnectionError:  # the client has not waited for it
                pass
