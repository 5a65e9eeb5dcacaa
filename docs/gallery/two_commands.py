"""Sends one command, of which all behind the first 1024 bytes is a command of its own.

    python3 docs/gallery/two_commands.py PORT

To a shell, what stands behind # is a comment. Who takes 1024 bytes for a command cuts the comment
in two, and runs the rest of it.
"""

import socket
import sys

command = b"echo harmless # ".ljust(1024, b".") + b"echo I was a comment"

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=1) as conn:
    conn.sendall(command)
    try:
        while data := conn.recv(1024):
            print(data.decode(), end="")
    except TimeoutError:  # that was all
        pass
