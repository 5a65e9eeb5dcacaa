"""Sends each line of its input as a command and shows what one recv returns.

    python3 crates/exec-server/examples/exec_naive_server.py [PORT]
    python3 crates/exec-client/examples/exec_naive_client.py [PORT]

Nothing marks the end of an answer, so this client takes up to 1024 bytes for all of it. The rest
stays in the connection, and is shown as the answer to the next command.
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
    data = client.recv(1024)  # waits for ever if the command writes nothing
    if not data:  # the server has closed its side
        break
    print("from server:", data)
client.close()
