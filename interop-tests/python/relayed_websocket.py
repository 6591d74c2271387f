"""A sender of protocol C over a WebSocket, made with the package websockets, that says the same things in unusual frames.

Relay page 1.4: the library writes the length and the message as two frames and sends no ping; a gateway takes frames of any
borders, since they carry one stream of bytes, and sends frames that the library's reader can take: whole, at most 8 KiB, never
a ping, the length alone, the first byte of the service alone. Prints "ok ..." for each check. Behind the relay is an echo.
"""

import asyncio
import os
import ssl
import sys

import websockets
from websockets.exceptions import ConnectionClosed

HOST = "localhost"
PORT = os.environ["RELAY_PORT"]

# Relay page 4.4: the message up to its address, and what stands behind it.
HEAD = bytes.fromhex(
    "56020b0173040b01610656 08440a1e0082990e52656c61796564436f6e6e656374"
    "01560e400743 6f6e6e6563740843687474703a2f2f736368656d61732e6d6963726f736f66742e636f6d2f6e65747365"
    "7276696365732f323030392f30352f736572766963656275732f636f6e6e656374090169296874 74703a2f2f777777"
    "2e77332e6f72672f323030312f584d4c536368656d612d696e7374616e636540035572699 9".replace(" ", "")
)
TAIL = bytes.fromhex("010101")


def request(path):
    address = f"sb://{HOST}/{path}".encode()
    message = HEAD + bytes([len(address)]) + address + TAIL
    return len(message).to_bytes(4, "little"), message


def connect():
    trust = ssl.create_default_context(cafile=os.environ["RELAY_CA"])
    address = f"wss://{HOST}:{PORT}/$servicebus/websocket"
    return websockets.connect(
        address,
        ssl=trust,
        subprotocols=["wsrelayedconnection"],
        compression=None,
        ping_interval=None,
        max_size=None,
        proxy=None,
    )


async def accepted(socket):
    """The reply, as the library reads it: a frame of four bytes, and one of as many as they say."""
    prefix = await socket.recv()
    assert len(prefix) == 4, prefix
    message = await socket.recv()
    assert len(message) == int.from_bytes(prefix, "little"), (prefix, message)
    assert b"RelayedConnectReply" in message, message


async def echoed(socket, sent, first=True):
    """All of it comes back, in frames that the library can take."""
    got = b""
    while len(got) < len(sent):
        frame = await socket.recv()
        assert isinstance(frame, bytes) and 0 < len(frame) <= 8192, len(frame)
        if first:
            assert len(frame) == 1, frame
            first = False
        got += frame
    assert got == sent


async def usual(socket, prefix, message):
    await socket.send(prefix)
    await socket.send(message)


async def together(socket, prefix, message):
    await socket.send(prefix + message)


async def three(socket, prefix, message):
    await socket.send(prefix[:1])
    await socket.send(prefix[1:] + message[:7])
    await socket.send(message[7:])


async def fragmented(socket, prefix, message):
    await socket.send([prefix[:2], prefix[2:] + message[:100], message[100:]])


async def text(socket, prefix, message):
    """The length and the message are no UTF-8, but nobody looks."""
    socket.protocol.send_text(prefix, fin=False)
    socket.protocol.send_continuation(message, fin=True)
    socket.transport.writelines(socket.protocol.data_to_send())


async def bytewise(socket, prefix, message):
    for byte in prefix + message:
        await socket.send(bytes([byte]))


async def pinging(socket, prefix, message):
    await (await socket.ping(b"before"))
    await socket.send(prefix)
    await (await socket.ping(b"between"))
    await socket.send(message)


DATA = bytes(range(256)) * 400


async def joined(path):
    prefix, message = request(path)
    for write in (usual, together, three, fragmented, text, bytewise, pinging):
        async with connect() as socket:
            await write(socket, prefix, message)
            await accepted(socket)
            await asyncio.gather(socket.send(DATA), echoed(socket, DATA))
            await (await socket.ping(b"joined"))
            await socket.send([DATA[:1000], DATA[1000:]])
            await echoed(socket, DATA, first=False)
        print("ok", write.__name__)
    async with connect() as socket:
        # Does not wait for the reply: what is behind the message in the same frame goes to the service.
        await socket.send(prefix + message + DATA[:5000])
        await accepted(socket)
        await echoed(socket, DATA[:5000])
    print("ok impatient")


async def leaves(path):
    prefix, message = request(path)
    async with connect() as socket:
        await usual(socket, prefix, message)
        await accepted(socket)
        # A close frame without a code, as the library sends it.
        socket.protocol.send_close()
        socket.transport.writelines(socket.protocol.data_to_send())
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None, closed
        print("ok close without a code is answered by a close")
    async with connect() as socket:
        await usual(socket, prefix, message)
        await accepted(socket)
        socket.transport.abort()
    print("ok gone")


async def refused(path):
    async def told(frames):
        async with connect() as socket:
            for frame in frames:
                await socket.send(frame)
            got = []
            try:
                while True:
                    got.append(await socket.recv())
            except ConnectionClosed:
                return got

    prefix, message = request(path)
    for name, frames in [
        ("length 0", [bytes(4)]),
        ("a negative length", [b"\xff\xff\xff\xff"]),
        ("a length beyond 64 KiB", [(65_537).to_bytes(4, "little")]),
        ("length and megabytes in one frame", [(1 << 24).to_bytes(4, "little") + bytes(1 << 20)]),
        ("text of HTTP", [b"GET / HTTP/1.1\r\n\r\n"]),
    ]:
        assert await told(frames) == [], name
        print("ok", name, "is answered by nothing")
    for name, frames, fault in [
        ("a message that is none", [b"\x04\0\0\0", b"none"], b"InvalidRequestFault"),
        ("a relay without a listener", list(request(path)), b"EndpointNotFoundFault"),
        ("a relay that asks for a token", list(request("wcf-private")), b"AuthorizationFailedFault"),
    ]:
        got = await told(frames)
        assert len(got) == 2 and len(got[0]) == 4, (name, got)
        assert int.from_bytes(got[0], "little") == len(got[1]) and fault in got[1], (name, got)
        print("ok", name, "is told a fault")


asyncio.run({"joined": joined, "leaves": leaves, "refused": refused}[sys.argv[1]](sys.argv[2]))
