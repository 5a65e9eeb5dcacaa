"""Sends one datagram of 2000 letters to an upper-case server and counts what comes back.

    python3 docs/gallery/long_datagram.py PORT
"""

import socket
import sys

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(2)
    client.sendto(b"a" * 2000, ("127.0.0.1", int(sys.argv[1])))
    data, server_addr = client.recvfrom(65_535)
    print("sent 2000 bytes,", len(data), "came back")
