"""A command server with four faults of the lesson that header_server.py does not have.

    python3 docs/gallery/frail_server.py PORT

It runs the commands of every program on this machine. Stop it when you are done.
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
    # 1. One pipe is read to its end before the other is read at all.
    errors = shell.stderr.read()
    output = shell.stdout.read()
    return output + errors


server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(5)
print("listening on %s:%d" % server.getsockname(), flush=True)

# 2. There is no except in this loop: an error with one client ends the server.
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
