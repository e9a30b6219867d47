"""The user's word through the official Python client: confirm.py URL YES_ORDER NO_ORDER.

A client that shows forms is asked itself: a yes cancels YES_ORDER, a no leaves NO_ORDER as it is. One that speaks an
older protocol, or shows no forms, is given the preview and the token instead.
"""

import asyncio
import json
import sys

from mcp import Client
from mcp.types import ElicitResult

FORMS = []


def check(condition, what, seen):
    if not condition:
        sys.exit(f"{what}; seen: {seen!r}")


def answering(action, confirm):
    async def answer(context, params):
        FORMS.append(params)
        return ElicitResult(action=action, content={"confirm": confirm} if action == "accept" else None)

    return answer


async def cancel(url, order, mode="auto", callback=None):
    async with Client(url, mode=mode, elicitation_callback=callback) as client:
        return await client.call_tool("orders_cancel", {"order_id": order})


async def main(url, yes_order, no_order):
    for callback in (answering("decline", False), answering("cancel", False), answering("accept", False)):
        refused = await cancel(url, no_order, callback=callback)
        check(refused.is_error and "nothing was done" in refused.content[0].text, "a no must be told", refused)
    check(len(FORMS) == 3, "the user must be asked once a call", FORMS)

    done = await cancel(url, yes_order, callback=answering("accept", True))
    check(not done.is_error, "a yes must act", done)
    check(done.structured_content["changed"]["status"] == "cancelled", "it must be cancelled", done.structured_content)
    check(f"#{yes_order}" in FORMS[-1].message and "would be cancelled" in FORMS[-1].message,
          "the form must show what would happen", FORMS[-1].message)
    check(FORMS[-1].requested_schema["properties"]["confirm"]["type"] == "boolean", "a yes or no", FORMS[-1])

    asked = len(FORMS)
    for mode, callback in (("auto", None), ("legacy", answering("accept", True))):
        refused = await cancel(url, no_order, mode=mode, callback=callback)
        error = json.loads(refused.content[0].text)
        check(error["code"] == "CONFIRMATION_REQUIRED" and error["confirm_token"], "the token must be given", error)
    check(len(FORMS) == asked, "nobody must be asked there", FORMS)


_, url, yes_order, no_order = sys.argv
asyncio.run(main(url, int(yes_order), int(no_order)))
