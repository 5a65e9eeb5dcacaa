"""Shows that TCP has no messages: each recv takes what has arrived, however it was sent.

    python3 crates/tcp-server/examples/sticky_server.py [PORT [SIZE ...]]
    python3 crates/tcp-client/examples/sticky_client.py [PORT [MESSAGE ...]]

It serves one client with one recv for each SIZE (two of 10 bytes), then ends. Try it:

    sizes 10 10, messages hello world    two sends, often one recv: b'helloworld' and b''
    sizes 2 10, message "hello feng"     one send, two recvs: b'he' and b'llo feng'

The first result depends on which side is faster; neither a sleep nor an option (TCP_NODELAY) makes
it certain. Both sides must agree on how the end of a message is marked: length_server.py and
header_server.py.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
sizes = [int(size) for size in sys.argv[2:]] or [10, 10]

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)

conn, client_addr = server.accept()
for size in sizes:
    data = conn.recv(size)
    print("----->", data)
conn.close()
