"""A listener that answers HTTP requests, on the control channel or by rendezvous, as the path asks. Runs until it is killed.

    .../echo         the body comes back, as it came
    .../rendezvous   the same, always by rendezvous
    .../up           says how many bytes came and their SHA-256
    .../down?N       N bytes, by rendezvous; prints "sent N SHA-256"
    .../hang         prints "hanging" and never answers
"""

import asyncio
import hashlib
import json
import sys

from relay import connect, listen

BLOCK = bytes(range(256)) * 256


async def main(path):
    async with listen(path) as control:
        print("listening", flush=True)
        tasks = set()
        async for text in control:
            request = json.loads(text)["request"]
            body = await control.recv() if request.get("body") else b""
            if "method" in request and request["requestTarget"].endswith("/echo") and len(body) <= 65_536:
                await answer(control, request, body)
            else:
                task = asyncio.create_task(by_rendezvous(request, body))
                tasks.add(task)
                task.add_done_callback(tasks.discard)


async def by_rendezvous(request, body):
    async with connect(request["address"]) as rendezvous:
        parts = one(body)
        if "method" not in request:
            # The address alone came on the control channel: the request and its body wait here.
            request = json.loads(await rendezvous.recv())["request"]
            parts = rendezvous.recv_streaming()
        path, _, query = request["requestTarget"].partition("?")
        if path.endswith("/hang"):
            print("hanging", flush=True)
            await asyncio.Event().wait()
        elif path.endswith("/up"):
            digest, count = hashlib.sha256(), 0
            async for part in parts:
                digest.update(part)
                count += len(part)
            await answer(rendezvous, request, f"{count} {digest.hexdigest()}".encode())
        elif path.endswith("/down"):
            await answer(rendezvous, request, blocks(int(query)))
        else:
            await answer(rendezvous, request, b"".join([part async for part in parts]))


async def answer(socket, request, body):
    response = {"requestId": request["id"], "statusCode": 200, "statusDescription": "From Python"}
    response["responseHeaders"] = {"Content-Type": "application/octet-stream"}
    response["body"] = bool(body)
    await socket.send(json.dumps({"response": response}))
    if body:
        await socket.send(body)


async def one(body):
    yield body


async def blocks(count):
    digest, left = hashlib.sha256(), count
    while left:
        block = BLOCK[:left]
        digest.update(block)
        left -= len(block)
        yield block
    print("sent", count, digest.hexdigest(), flush=True)


asyncio.run(main(sys.argv[1]))
