"""Asks a server that answers with a header twenty times over one connection, and takes the time.

    python3 docs/gallery/round_trips.py PORT

It shows the median of the last ten answers: a single one may be slow on a busy machine, or quick
because the machine paused. The first ones do not count: at the beginning of a connection Linux
acknowledges everything at once.
"""

import json
import socket
import statistics
import struct
import sys
import time

from ask import read_exactly

times = []
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5) as conn:
    for _ in range(20):
        start = time.monotonic()
        conn.sendall(b"true")
        (length,) = struct.unpack("<i", read_exactly(conn, 4))
        read_exactly(conn, json.loads(read_exactly(conn, length))["total_size"])
        times.append(time.monotonic() - start)

median = statistics.median(times[10:])
print("the median answer took", "more" if median > 0.03 else "less", "than 30 ms")
