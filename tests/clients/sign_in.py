"""A host that signs its user in, by the official Python client: sign_in.py URL PRODUCT.

It finds the provider from the first 401, registers, signs in with PKCE, changes the price of PRODUCT, and is asked for one
scope more when it refunds.
"""

import asyncio
import json
import sys
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

REDIRECT = "http://127.0.0.1:1/signed-in"
MAX_REDIRECTS = 20


class Memory:
    """Keeps what the client learns, and which scopes it was given."""

    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


class Browser:
    """Follows the provider's pages to the redirect at their end, as a user's browser does."""

    def __init__(self):
        self.http, self.asked, self.end = httpx2.AsyncClient(), [], None

    async def go(self, url):
        self.asked.append(parse_qs(urlsplit(url).query))
        for _ in range(MAX_REDIRECTS):
            if url.startswith(REDIRECT):
                break
            answer = await self.http.get(url)
            if answer.status_code not in (302, 303):
                sys.exit(f"the provider answered {answer.status_code}: {answer.text}")
            url = urljoin(url, answer.headers["location"])
        self.end = parse_qs(urlsplit(url).query)

    async def back(self):
        one = {name: values[0] for name, values in self.end.items()}
        return AuthorizationCodeResult(code=one["code"], state=one.get("state"), iss=one.get("iss"))


async def main(url, product):
    memory, browser = Memory(), Browser()
    metadata = OAuthClientMetadata(redirect_uris=[REDIRECT], client_name="host", token_endpoint_auth_method="none")
    auth = OAuthClientProvider(url, metadata, memory, browser.go, browser.back)
    async with httpx2.AsyncClient(auth=auth, timeout=30) as http:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            listed = {tool.name for tool in (await client.list_tools()).tools}
            first = memory.tokens.scope
            changed = await client.call_tool("products_upsert", {"sku": product, "name": "Tea", "price": "101.00"})
            refused = await client.call_tool("orders_refund", {"order_id": 999_999, "reason": "x"})
    print(json.dumps({
        "listed": sorted(listed),
        "changed": not changed.is_error,
        "first": first,
        "then": memory.tokens.scope,
        "resources": [asked.get("resource") for asked in browser.asked],
        "refund": json.loads(refused.content[0].text)["code"],
    }))


_, url, product = sys.argv
asyncio.run(main(url, product))
