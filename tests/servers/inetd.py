"""Starts a server anew for each connection, which is its standard input and output: what inetd does.

    python3 tests/servers/inetd.py PORT COMMAND ...

A word {port} in the command becomes the number of the port.
"""

import socketserver
import subprocess
import sys

port, *command = sys.argv[1:]


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        _, port = self.server.server_address
        words = [word.replace("{port}", str(port)) for word in command]
        subprocess.run(words, stdin=self.request, stdout=self.request)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Server(("127.0.0.1", int(port)), Handler) as server:
    print("listening on %s:%d" % server.server_address, flush=True)
    server.serve_forever()
