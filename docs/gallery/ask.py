"""Has one command run by a server that answers with a header, and waits 2 seconds at most.

    python3 docs/gallery/ask.py PORT COMMAND
"""

import json
import socket
import struct
import sys


def read_exactly(conn, count):
    data = b""
    while len(data) < count:
        piece = conn.recv(count - len(data))
        if not piece:
            raise ConnectionError("the server has closed the connection")
        data += piece
    return data


def ask(port, command):
    with socket.create_connection(("127.0.0.1", port), timeout=2) as conn:
        conn.sendall(command.encode())
        (length,) = struct.unpack("<i", read_exactly(conn, 4))
        header = json.loads(read_exactly(conn, length))
        return read_exactly(conn, header["total_size"])


if __name__ == "__main__":
    try:
        answer = ask(int(sys.argv[1]), sys.argv[2])
    except TimeoutError:
        print("no answer after 2 s")
    else:
        print(answer if len(answer) < 60 else f"{len(answer)} bytes")
