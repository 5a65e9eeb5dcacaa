"""Reads an answer as the lesson's clients do: until it has all bytes, without a check for b"".

    python3 docs/gallery/spinning_client.py PORT

That loop can run for ever, so this script gives up after 1 second.
"""

import socket
import sys
import time

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=2) as conn:
    conn.sendall(b"ls")
    length = int(conn.recv(1024))
    conn.sendall(b"recv_ready")

    received, empty = 0, 0
    until = time.monotonic() + 1
    while received < length:
        data = conn.recv(1024)
        received += len(data)  # b"" is no error, and adds nothing
        empty += not data
        if time.monotonic() > until:
            print(f"after 1 s: {received} of {length} bytes, and still in the loop")
            if empty > 1000:
                print("thousands of recvs gave b'', one as fast as the other")
            break
