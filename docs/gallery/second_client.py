"""Two clients of an upper-case server. The first stays connected and says nothing more.

    python3 docs/gallery/second_client.py PORT
"""

import socket
import sys

server = ("127.0.0.1", int(sys.argv[1]))

first = socket.create_connection(server, timeout=1)
first.sendall(b"i was first")
print("first: ", first.recv(1024))

second = socket.create_connection(server, timeout=1)
second.sendall(b"i am second")
try:
    print("second:", second.recv(1024))
except TimeoutError:
    print("second: no answer after 1 s; now the first leaves")
    first.close()
    print("second:", second.recv(1024))
