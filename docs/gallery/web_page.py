"""Does what a browser does with an image of a web page:

    <img src="http://127.0.0.1:PORT/?;touch${IFS}FILE;">

    python3 docs/gallery/web_page.py PORT FILE

The browser asks the server at that address for the image. The address needs no space: the shell
reads ${IFS} as one.
"""

import http.client
import pathlib
import sys
import time
import urllib.request

port, file = int(sys.argv[1]), pathlib.Path(sys.argv[2])

try:
    urllib.request.urlopen(f"http://127.0.0.1:{port}/?;touch${{IFS}}{file};", timeout=1)
except (OSError, http.client.HTTPException):
    pass  # no image came; the command may have run all the same

until = time.monotonic() + 2
while not file.exists() and time.monotonic() < until:
    time.sleep(0.01)
if file.exists():
    print("the page has made", file)
    file.unlink()
else:
    print("the page has made nothing")
