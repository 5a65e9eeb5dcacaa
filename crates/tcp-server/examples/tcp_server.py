"""An iterative TCP server: answers with what it received, in upper case.

    python3 crates/tcp-server/examples/tcp_server.py [PORT]
    python3 crates/tcp-client/examples/tcp_client.py [PORT]

The outer loop takes a connection, the inner loop a message, so this server serves one client at a
time. Try it: connect a second client while the first stays connected; it gets its answer when the
first has left. threading_tcp_server.py serves both at once.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
# A restarted server gets its port at once, even while old connections are in TIME_WAIT.
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(5)  # how many complete connections may wait for accept
print("listening on %s:%d" % server.getsockname(), flush=True)

while True:
    conn, client_addr = server.accept()
    print("connected:", client_addr)
    while True:
        try:
            data = conn.recv(1024)  # up to 1024 bytes, from one send or from several
            if not data:  # the client has closed its side
                break
            print("received:", data)
            conn.sendall(data.upper())
        except ConnectionError:  # the client reset the connection
            break
    conn.close()
