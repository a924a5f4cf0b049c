"""A member of a broadcast, for broadcast_test.mjs: websockets_member.py URL

Prints `open`, then each message on a line; sends each line it reads; closes at the end of its input.
"""

import asyncio
import sys

import websockets


async def main(url):
    async with websockets.connect(url) as ws:
        print("open", flush=True)

        async def printAll():
            async for message in ws:
                print(message, flush=True)

        printing = asyncio.create_task(printAll())
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            await ws.send(line.rstrip("\n"))
        await ws.close()
        await printing


asyncio.run(main(sys.argv[1]))
