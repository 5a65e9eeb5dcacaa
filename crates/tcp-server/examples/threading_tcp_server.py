"""A threading TCP server: answers with what it received, in upper case, a thread for each client.

    python3 crates/tcp-server/examples/threading_tcp_server.py [PORT]
    python3 crates/tcp-client/examples/tcp_client.py [PORT]

The two loops of tcp_server.py are here in two places: the connection loop is in socketserver,
and the message loop in handle, which socketserver calls in a new thread for each connection.
Try it: several clients at once, each answered at once.
"""

import socketserver
import sys


class UpperCase(socketserver.BaseRequestHandler):
    def handle(self):
        # self.request is the connection, self.client_address the client's address.
        while True:
            try:
                data = self.request.recv(1024)
                if not data:  # the client has closed its side
                    break
                self.request.sendall(data.upper())
            except ConnectionError:  # the client has reset the connection
                break


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True  # SO_REUSEADDR
    daemon_threads = True  # Ctrl-C does not wait for clients to leave


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    with Server(("127.0.0.1", port), UpperCase) as server:
        print("listening on %s:%d" % server.server_address, flush=True)
        server.serve_forever()
