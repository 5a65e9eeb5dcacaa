"""Is rude to a server that answers with a header, and then sees whether a polite client is served.

    python3 docs/gallery/rude_client.py PORT reset     hangs up by a reset
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
        except OSError:  # it did not take that well
            pass

try:
    print("the next client gets", ask(port, "echo hello"))
except OSError:
    print("the next client gets nothing: the server is gone")
