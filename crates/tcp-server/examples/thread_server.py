"""A thread for each client, without socketserver: answers in upper case.

    python3 crates/tcp-server/examples/thread_server.py [PORT]
    python3 crates/tcp-client/examples/tcp_client.py [PORT]

This is tcp_server.py with one change: the message loop runs in a thread of its own.
"""

import socket
import sys
import threading


def serve(conn):  # the message loop
    with conn:
        while True:
            try:
                data = conn.recv(1024)
                if not data:  # the client has closed its side
                    break
                conn.sendall(data.upper())
            except ConnectionError:  # the client has reset the connection
                break


port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)

while True:  # the connection loop
    conn, client_addr = server.accept()
    threading.Thread(target=serve, args=(conn,), daemon=True).start()
