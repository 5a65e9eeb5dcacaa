"""Reads mail by IMAP4: the number of messages in the inbox, and the first message.

    python3 crates/tcp-client/examples/imap_fetch.py HOST PORT USER PASSWORD

With PEEK, and in a mailbox that is opened read-only, the message stays unread.
"""

import imaplib
import sys

host, port, user, password = sys.argv[1:]

imap = imaplib.IMAP4(host, int(port))
imap.login(user, password)
status, data = imap.select("INBOX", readonly=True)
count = int(data[0])
print(f"{count} messages", flush=True)
if count > 0:
    status, data = imap.fetch("1", "(BODY.PEEK[])")
    sys.stdout.buffer.write(data[0][1])
imap.logout()
