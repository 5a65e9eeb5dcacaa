"""Serves the mailbox that pymap brings with it by pymap's IMAP4 server, and says when it does.

    target/servers/python/bin/python tests/servers/imap.py PORT USER PASSWORD

pymap has a command of its own, which would do but for one thing: it does not say that it listens.
"""

import sys

from pymap import main
from pysasl import hashing

port, user, password = sys.argv[1:]
sys.argv = ["pymap", "--host", "127.0.0.1", "--port", port, "--no-tls"]
sys.argv += ["dict", "--demo-data", "--demo-user", user, "--demo-password", password]
# Half a million rounds for each password would be right for a server that somebody attacks.
hashing.BuiltinHash.__init__.__kwdefaults__["rounds"] = 1000
main.notify_ready = lambda: print(f"listening on 127.0.0.1:{port}", flush=True)
sys.exit(main.main())
