"""A command server with four shortcuts that the lesson takes, and header_server.py does not.

    python3 docs/gallery/frail_server.py PORT

It is here to be broken: it runs whatever anyone on this machine sends. End it when you have seen
enough.
"""

import json
import socket
import struct
import subprocess
import sys


def run(command):
    shell = subprocess.Popen(
        command,
        shell=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    # 1. One pipe is read to its end before anybody looks at the other.
    errors = shell.stderr.read()
    output = shell.stdout.read()
    return output + errors


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)

# 2. There is no except in this loop: what goes wrong with one client ends the server.
while True:
    conn, client_addr = server.accept()
    while True:
        data = conn.recv(1024)
        if not data:
            break
        command = data.decode()  # 3. Not all bytes are UTF-8.
        body = run(command)
        header = json.dumps({"filename": "a.txt", "total_size": len(body), "hash": ""})
        # 4. Three small sends where one would do.
        conn.sendall(struct.pack("i", len(header)))
        conn.sendall(header.encode())
        conn.sendall(body)
    conn.close()
