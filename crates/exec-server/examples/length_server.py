"""Runs each command that it receives, and sends the length of the answer before the answer.

    python3 crates/exec-server/examples/length_server.py [PORT]
    python3 crates/exec-client/examples/length_client.py [PORT]

It runs whatever any program on this machine sends, a web page in a browser included: start it
for a lesson, and stop it afterwards. The exec-server tool authenticates its clients.

The length is sent as decimal digits, and nothing marks their end. So the client must answer
"recv_ready" before the body follows, or it could take the body's first digits for the length's
last. That costs one more round trip for each command, which header_server.py saves.
Try it: ls /nowhere; ls / /nowhere (of which you do not see the error).
"""

import socket
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
        body = done.stdout or done.stderr  # errors are lost where there is output, too
        conn.sendall(str(len(body)).encode())
        if conn.recv(1024) == b"recv_ready":
            conn.sendall(body)


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
