"""An SMTP server on 127.0.0.1: takes a port and a file, and appends each e-mail to the file as a line of JSON.

Where a file is named in DKIM_RECORD, each e-mail's signature is checked with the TXT record in it.

With a certificate and its key it takes e-mail after STARTTLS only, from the user `shop` with the password `p@ss`.
"""

import asyncio
import email
import email.policy
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

from dkim_check import check


class Keep:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
        mail = {"to": envelope.rcpt_tos, "content": envelope.content.decode(), "secured": session.ssl is not None,
                "text": text.get_content() if text else "", "html": html.get_content() if html else ""}
        if record := os.environ.get("DKIM_RECORD"):
            asked = []

            def look_up(name):
                asked.append(name)
                with open(record, "rb") as file:
                    return file.read()

            mail["signed"] = check(envelope.content, look_up)
            mail["keys_asked"] = asked
        with open(sys.argv[2], "a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 kept"


def is_shop(server, session, envelope, mechanism, data):
    # Not handled: the server answers, with 535 where it does not fit.
    return AuthResult(success=(data.login, data.password) == (b"shop", b"p@ss"), handled=False)


async def main():
    loop = asyncio.get_running_loop()
    options = {}
    if len(sys.argv) > 3:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        options = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": is_shop}
    server = await loop.create_server(lambda: SMTP(Keep(), loop=loop, **options), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
