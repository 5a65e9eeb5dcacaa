"""Serves the maildirs in a folder, one for each user, by Twisted's POP3 server.

    target/servers/python/bin/python tests/servers/pop3.py PORT FOLDER USER PASSWORD

Twisted has a command for this (twistd mail), which under Python 3 can neither make a user nor open
a message: both hand text where bytes are due. All that is said on the wire is Twisted's.
"""

import sys

from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.mail import maildir
from twisted.mail.mail import MailService

port, folder, user, password = sys.argv[1:]


class Mailbox(maildir.MaildirMailbox):
    def getMessage(self, i):
        return open(self.list[i], "rb")


maildir.MaildirMailbox = Mailbox
service = MailService()
domain = maildir.MaildirDirdbmDomain(service, folder)
domain.addUser(user.encode(), password.encode())
service.portals[b""] = Portal(domain, domain.getCredentialsCheckers())
listener = reactor.listenTCP(int(port), service.getPOP3Factory(), interface="127.0.0.1")
print(f"listening on 127.0.0.1:{listener.getHost().port}", flush=True)
reactor.run()
