"""The seed's dialogue, held by the official Python client: dialogue.py URL MODE ORDER REVENUE_TEXT.

MODE is `auto` (2026-07-28) or `legacy` (the initialize handshake). ORDER is the number the new order must get and
REVENUE_TEXT the sentence that today's revenue must then be told in.
"""

import asyncio
import json
import sys

from mcp import Client


def check(condition, what, seen):
    if not condition:
        sys.exit(f"{what}; seen: {seen!r}")


async def call(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    text = result.content[0].text
    check(not result.is_error, f"{tool} must succeed", text)
    check(result.structured_content["text"] == text, f"{tool} must say its text first", text)
    return result.structured_content


async def dialogue(url, mode, order, revenue_text):
    async with Client(url, mode=mode) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        check({"orders_create_order", "orders_get_pending", "orders_update_status", "orders_report_sales"} <= listed,
              "the four tools of the dialogue must be listed", listed)

        created = await call(client, "orders_create_order", customer="asha@example.com",
                             lines=[{"product": "LAPTOP", "quantity": 1}], idempotency_key=f"dialogue-{order}",
                             request_text="Order one laptop for Asha")
        check(f"#{order}" in created["text"], f"the order must be #{order}", created["text"])

        pending = await call(client, "orders_get_pending", date_range="last week")
        read = pending["interpretation"]["date_range"]
        check((read["from"], read["to"], read["timezone"]) == ("2026-11-09", "2026-11-15", "Asia/Kolkata"),
              "last week must be read in the shop's calendar", read)
        check(pending["total_count"] == 230, "last week's pending orders must all be counted", pending["total_count"])

        shipped = await call(client, "orders_update_status", order_id=order, status="shipped",
                             request_text="update order 1234 to shipped and show me today's revenue")
        check(shipped["text"].startswith(f"Order #{order} is now shipped."), "the answer must read aloud", shipped["text"])

        sales = await call(client, "orders_report_sales", date="today")
        check(sales["text"].startswith(revenue_text), f"the revenue must be told as {revenue_text}", sales["text"])

        again = await call(client, "orders.update_status", order_id=order, status="dispatched")
        check(again["no_change"] is True, "a synonym of the present status must change nothing", again)

        refused = await client.call_tool("orders_update_status", {"order_id": 999_999, "status": "shipped"})
        check(refused.is_error, "an unknown order must be refused", refused)
        error = json.loads(refused.content[0].text)
        check(error["code"] == "NOT_FOUND" and error["message"], "the refusal must say why", error)


_, url, mode, order, revenue_text = sys.argv
asyncio.run(dialogue(url, mode, int(order), revenue_text))
