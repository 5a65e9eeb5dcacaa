"""Gets one page by HTTP, and prints the status in the first line, then the bytes of the body.

    python3 -m http.server 8000 --bind 127.0.0.1
    python3 crates/tcp-client/examples/http_get.py HOST PORT PATH

Try it: 127.0.0.1 8000 /README.md, then /nowhere, which gives a page with the status 404.
"""

import http.client
import sys

host, port, path = sys.argv[1:]

conn = http.client.HTTPConnection(host, int(port))
conn.request("GET", path)
response = conn.getresponse()
print(response.status, response.reason, flush=True)
sys.stdout.buffer.write(response.read())
conn.close()
