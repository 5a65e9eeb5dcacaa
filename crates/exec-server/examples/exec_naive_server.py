"""Runs each command that it receives and sends its output, without marking where it ends.

    python3 crates/exec-server/examples/exec_naive_server.py [PORT]
    python3 crates/exec-client/examples/exec_naive_client.py [PORT]

It runs whatever any program on this machine sends, a web page in a browser included: start it for
a lesson, and stop it afterwards. The exec-server tool authenticates its clients.

Try it: a command with more than 1024 bytes of output (ps -ef), then another one (date), which is
"answered" with the rest of the first: a sticky packet. length_server and header_server mark the
end in two ways. Then a command that writes nothing (true): no bytes, so no answer.
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
        conn.sendall(done.stdout)
        conn.sendall(done.stderr)


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)

while True:
    conn, client_addr = server.accept()
    # A client that resets its connection (OSError), or sends a command with a zero byte
    # (ValueError), ends its own connection, not this server.
    try:
        serve(conn)
    except (OSError, ValueError) as why:
        print(client_addr, why)
    conn.close()
