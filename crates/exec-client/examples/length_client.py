"""Sends each line of its input as a command and reads as many bytes of answer as were announced.

    python3 crates/exec-server/examples/length_server.py [PORT]
    python3 crates/exec-client/examples/length_client.py [PORT]

Try it: a command with much output (seq 100000), then another. Each has its own answer, whole.
"""

import socket
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
    # Expects all digits at once, although nothing says where they end.
    length = int(client.recv(1024))
    client.sendall(b"recv_ready")
    body = b""
    while len(body) < length:
        data = client.recv(1024)
        if not data:
            sys.exit(f"the server has left after {len(body)} of {length} bytes")
        body += data
    print(body.decode(errors="replace"))
client.close()
