"""Sends each line of its input as a command; reads a header's length, the header, the body.

    python3 crates/exec-server/examples/header_server.py [PORT]
    python3 crates/exec-client/examples/header_client.py [PORT]

Try it: ls / /nowhere (all of it this time), then a command with much output (seq 100000).
"""

import json
import socket
import struct
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", port))

while True:
    try:
        cmd = input(">>: ").strip()
    except EOFError:  # Ctrl-D
        break
    if not cmd:
        continue
    client.sendall(cmd.encode())
    # These two recvs may return less than they ask for, and the length has no limit: the lesson's
    # shortcuts. Each recv would need a loop like the one below.
    header_len = struct.unpack("i", client.recv(4))[0]
    header_bytes = client.recv(header_len)
    header = json.loads(header_bytes)
    total_size = header["total_size"]
    body = b""
    while len(body) < total_size:
        data = client.recv(min(1024, total_size - len(body)))
        if not data:
            sys.exit(f"the server has left after {len(body)} of {total_size} bytes")
        body += data
    print(body.decode(errors="replace"))
client.close()
