"""A UDP server: answers each datagram with its bytes in upper case.

    python3 crates/udp-server/examples/udp_server.py [PORT]
    python3 crates/udp-client/examples/udp_client.py [PORT]

There are no connections, so one loop serves all clients. A datagram is a message with its own
boundaries: messages do not stick together, and an empty one arrives. Try it: several clients at
once; an empty line; a line of more than 1024 bytes, which recvfrom cuts without an error.
"""

import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", port))
print("listening on %s:%d" % server.getsockname(), flush=True)

while True:
    data, client_addr = server.recvfrom(1024)
    print("received:", data, client_addr)
    server.sendto(data.upper(), client_addr)
