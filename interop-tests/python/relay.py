"""What the programs beside this one share: tokens, addresses, one way to connect."""

import base64
import hashlib
import hmac
import os
import ssl
import time
import urllib.parse

import websockets

HOST = "localhost"
PORT = os.environ["RELAY_PORT"]
KEY = os.environ["RELAY_KEY"]


def token(path, policy="RootManageSharedAccessKey"):
    """A SAS token, made as the recipe for Python in Microsoft's documentation makes it."""
    audience = urllib.parse.quote_plus(f"https://{HOST}/{path}")
    expires = str(int(time.time() + 3600))
    text = f"{audience}\n{expires}".encode()
    signature = base64.b64encode(hmac.new(KEY.encode(), text, hashlib.sha256).digest())
    return "SharedAccessSignature sr={}&sig={}&se={}&skn={}".format(
        audience, urllib.parse.quote(signature), expires, policy
    )


def connect(address, **options):
    """Opens a WebSocket at a path below `/$hc/`, or at an address that the gateway gave."""
    if not address.startswith("wss:"):
        address = f"wss://{HOST}:{PORT}/$hc/{address}"
    trust = ssl.create_default_context(cafile=os.environ["RELAY_CA"])
    return websockets.connect(address, ssl=trust, max_size=None, proxy=None, **options)


def listen(path):
    """Opens the control channel of a listener."""
    return connect(f"{path}?sb-hc-action=listen", additional_headers={"ServiceBusAuthorization": token(path)})
