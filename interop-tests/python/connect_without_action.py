"""A sender that names no action, and a listener, both made with the package websockets.

Shows a token in the query, one in the header, and none at a relay that asks for none. Prints "ok ..." for each check.
"""

import asyncio
import json
import urllib.parse

import websockets

from relay import connect, listen, token


async def echo_once(control):
    """Takes one sender, answers one message and ends when the sender closes."""
    accept = json.loads(await control.recv())["accept"]
    async with connect(accept["address"]) as joined:
        async for message in joined:
            await joined.send(message)


async def call(sender):
    async with sender as socket:
        for message in ["text", b"binary", "x" * 70_000, bytes(200_000)]:
            await socket.send(message)
            assert await socket.recv() == message


async def main():
    good = token("hyco")
    async with listen("hyco") as control:
        for name, sender in [
            ("token in the query", connect("hyco?sb-hc-token=" + urllib.parse.quote(good, safe=""))),
            ("token in the query, form-encoded", connect("hyco/below?a=1&sb-hc-token=" + urllib.parse.quote_plus(good))),
            ("token in the header", connect("hyco", additional_headers={"ServiceBusAuthorization": good})),
        ]:
            await asyncio.gather(call(sender), echo_once(control))
            print("ok", name)
        try:
            async with connect("hyco"):
                raise AssertionError("a sender without a token was let in")
        except websockets.InvalidStatus as refused:
            assert refused.response.status_code == 401
            assert refused.response.reason_phrase.startswith("MissingToken: Relay security token is required. ")
            print("ok no token")
    async with listen("open") as control:
        await asyncio.gather(call(connect("open")), echo_once(control))
        print("ok anonymous")


asyncio.run(main())
