"""`orderlog mcp` as a local process, with the official Python client: stdio.py BINARY DATABASE_URL."""

import asyncio
import sys

from mcp import Client, StdioServerParameters


async def session(binary, database_url):
    arguments = ["mcp", "--database-url", database_url, "--timezone", "Asia/Kolkata", "--currency", "INR"]
    server = StdioServerParameters(command=binary, args=arguments)
    for mode in ("auto", "legacy"):
        async with Client(server, mode=mode) as client:
            tools = (await client.list_tools()).tools
            if len(tools) < 18:
                sys.exit(f"only {len(tools)} tools are listed")
            sku = f"PEN-{mode}"
            added = await client.call_tool("products_upsert", {"sku": sku, "name": f"Pen {mode}", "price": "10.00"})
            if added.is_error:
                sys.exit(added.content[0].text)
            found = await client.call_tool("products_search", {"text": sku})
            if found.is_error or found.structured_content["total_count"] < 1:
                sys.exit(f"{sku} is not found: {found.content[0].text}")
            doubled = '[{"product":"%s","quantity":1,"quantity":1000}]' % sku
            refused = await client.call_tool("orders_create_order", {"customer": "x@example.com", "lines": doubled})
            if not refused.is_error or "stands twice in lines[0]" not in refused.content[0].text:
                sys.exit(f"a doubled key is not refused: {refused.content[0].text}")


_, binary, database_url = sys.argv
asyncio.run(session(binary, database_url))
