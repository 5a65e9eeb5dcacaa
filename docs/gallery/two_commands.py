"""Sends one command whose bytes after the first 1024 are a command of their own.

    python3 docs/gallery/two_commands.py PORT

For a shell, # begins a comment. A server that takes 1024 bytes for a command cuts the comment in
two, and runs the rest of it.
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
