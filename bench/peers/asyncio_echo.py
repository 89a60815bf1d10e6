#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Python's own event loop sending back what it gets: `asyncio_echo.py PORT`."""

import asyncio
import signal
import sys

LIFETIME_S = 600


class Echo(asyncio.Protocol):
    """Cheaper than asyncio's streams."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def serve(port):
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if sys.argv[1] != "--check":
    signal.alarm(LIFETIME_S)
    asyncio.run(serve(int(sys.argv[1])))
