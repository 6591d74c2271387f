"""zeep calls a SOAP service through the relay: its WSDL first, then each operation. Says what came, line by line.

    soap_client.py BASE VERSION [TOKEN]

BASE: the relay's address, https://HOST:PORT/PATH. VERSION: 1.1 or 1.2. TOKEN: for ServiceBusAuthorization.
"""

import os
import sys

import requests
import zeep
from zeep.wsa import WsAddressingPlugin

BINDINGS = {"1.1": ("Soap11", "soap11"), "1.2": ("Soap12", "soap12")}


class Telling(zeep.Transport):
    """Says what each call was answered."""

    def post(self, address, message, headers):
        response = super().post(address, message, headers)
        print("status", response.status_code, response.headers.get("Content-Type"))
        return response


def main(base, version, token=None):
    session = requests.Session()
    session.verify = os.environ["RELAY_CA"]
    session.trust_env = False
    if token:
        session.headers["ServiceBusAuthorization"] = token
    binding, path = BINDINGS[version]
    plugins = [WsAddressingPlugin()] if version == "1.2" else []
    client = zeep.Client(f"{base}/plain/accounts.wsdl", transport=Telling(session=session), plugins=plugins)
    print("wsdl", ",".join(sorted(client.wsdl.bindings[f"{{urn:interop}}{binding}"]._operations)))
    service = client.create_service(f"{{urn:interop}}{binding}", f"{base}/{path}")
    print("echo", service.Echo("h\u00e9 <&> \u20ac"))
    print("add", service.Add(a=40, b=2))
    long = "0123456789" * 30_000
    print("long", service.Echo(long) == long)
    try:
        service.Fail("too late")
    except zeep.exceptions.Fault as fault:
        print("fault", fault.message, "|", "".join(fault.detail.itertext()).strip())
    service.Fire("away")
    print("fired", service.Fired())
    print("done")


main(*sys.argv[1:])
