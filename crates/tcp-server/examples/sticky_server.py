"""Shows that TCP has no messages: each recv takes what is there, whoever sent it in what pieces.

    python3 crates/tcp-server/examples/sticky_server.py [PORT [SIZE ...]]
    python3 crates/tcp-client/examples/sticky_client.py [PORT [MESSAGE ...]]

It serves one client with one recv for each SIZE (two of 10 bytes), then ends. Try it:

    sizes 10 10, messages hello world    two sends, often one recv: b'helloworld' and b''
    sizes 2 10, message "hello feng"     one send, two recvs: b'he' and b'llo feng'

How the first one comes out depends on who is faster, which no sleep and no option (TCP_NODELAY)
can settle. To know where a message ends, the two sides have to agree on a sign for it:
length_server.py and header_server.py.
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
