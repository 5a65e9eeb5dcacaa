"""An iterative TCP server: answers with what it received, in upper case.

    python3 crates/tcp-server/examples/tcp_server.py [PORT]
    python3 crates/tcp-client/examples/tcp_client.py [PORT]

Two loops: one turn of the outer one is a connection, one of the inner one a message. So this
server serves one client at a time. Try it: connect a second client while the first stays; its
answer comes when the first has left. threading_tcp_server.py is the cure.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
# Lets a restarted server have its port at once, while old connections are in TIME_WAIT.
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(5)  # how many finished connections may wait for accept
print("listening on %s:%d" % server.getsockname(), flush=True)

while True:
    conn, client_addr = server.accept()
    print("connected:", client_addr)
    while True:
        try:
            data = conn.recv(1024)  # up to 1024 bytes, of one send or of several
            if not data:  # the client has closed its side
                break
            print("received:", data)
            conn.sendall(data.upper())
        except ConnectionError:  # the client has gone without a goodbye
            break
    conn.close()
