"""Does one wrong thing to a server that answers with a header, and then asks as a new client.

    python3 docs/gallery/rude_client.py PORT reset     resets the connection
    python3 docs/gallery/rude_client.py PORT bytes     sends a command that is not UTF-8
"""

import socket
import struct
import sys

from ask import ask

port, how = int(sys.argv[1]), sys.argv[2]

with socket.create_connection(("127.0.0.1", port), timeout=2) as conn:
    if how == "reset":
        # "Linger for 0 seconds": close at once and throw away what is on its way.
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        conn.sendall(b"echo caf\xe9")
        conn.shutdown(socket.SHUT_WR)
        try:
            while conn.recv(1024):
                pass
        except OSError:  # the server has closed the connection
            pass

try:
    print("the next client gets", ask(port, "echo hello"))
except OSError:
    print("the next client gets nothing: the server is gone")
