"""Runs each command that it receives and says how long the answer is before it sends it.

    python3 crates/exec-server/examples/length_server.py [PORT]
    python3 crates/exec-client/examples/length_client.py [PORT]

It runs whatever any program on this machine sends, a web page in a browser included: start it
for a lesson, end it after that. The exec-server tool is the one that asks who is calling.

The length goes out as decimal digits, and nothing says where those end. So the client has to
answer "recv_ready" before the body follows, or the body's first digits could be taken for the
length's last: one more round trip for each command. header_server.py does without.
Try it: ls /nowhere; ls / /nowhere (of which you do not see the error).
"""

import socket
import subprocess
import sys


def serve(conn):
    while True:
        cmd = conn.recv(1024)  # a longer command comes as two, two quick ones may come as one
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
