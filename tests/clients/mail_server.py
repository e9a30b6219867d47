"""An SMTP server on 127.0.0.1: takes a port and a file, and appends each e-mail to the file as a line of JSON."""

import asyncio
import json
import sys

from aiosmtpd.smtp import SMTP


class Keep:
    async def handle_DATA(self, server, session, envelope):
        mail = {"to": envelope.rcpt_tos, "content": envelope.content.decode()}
        with open(sys.argv[2], "a") as file:
            file.write(json.dumps(mail) + "\n")
        return "250 kept"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keep(), loop=loop), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
