"""A threading UDP server: answers each datagram in upper case, in a thread of its own.

    python3 crates/udp-server/examples/threading_udp_server.py [PORT]
    python3 crates/udp-client/examples/udp_client.py [PORT]

With UDP a request is one datagram, so handle has no loop, and self.request is a pair: the data,
and the server's own socket to answer with. Try it: put a time.sleep(5) into handle; another
client is still answered at once, which udp_server.py could not do.
"""

import socketserver
import sys


class UpperCase(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        print("received:", data, self.client_address)
        sock.sendto(data.upper(), self.client_address)


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    with socketserver.ThreadingUDPServer(("127.0.0.1", port), UpperCase) as server:
        print("listening on %s:%d" % server.server_address, flush=True)
        server.serve_forever()
