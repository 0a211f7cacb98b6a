"""The least an ARI application can be: one WebSocket, an event filter, media lists; no journal, no state but a counter.

    python bench/support/thin_ari.py http://127.0.0.1:8088 USER SECRET APP PROMPTS.json

Answers each call, plays the greeting, and on a key stops it and plays what follows. Requests are sent without waiting
for the answer to the one before; answers are read, as any client must. What a call costs here nobody can go below.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import signal
import sys
from urllib.parse import quote

from websockets.asyncio.client import connect

from hotline.process import priority

EVENTS = ("RESTResponse", "StasisStart", "ChannelDtmfReceived")


async def serve(url: str, user: str, secret: str, app: str, greeting: list[str], following: list[str]) -> None:
    """Until the connection ends."""
    login = base64.b64encode(f"{user}:{secret}".encode()).decode()
    numbers = iter(range(1, sys.maxsize))
    playing: dict[str, int] = {}
    async with connect(
        f"{url.replace('http', 'ws', 1)}/ari/events?app={app}&subscribeAll=false",
        additional_headers={"Authorization": f"Basic {login}"},
        compression=None,
        proxy=None,
    ) as socket:

        async def ask(method: str, uri: str, body: object = None) -> None:
            request = {"type": "RESTRequest", "request_id": str(next(numbers)), "method": method, "uri": uri}
            if body is not None:
                request |= {"content_type": "application/json", "message_body": json.dumps(body)}
            await socket.send(json.dumps(request))

        async def play(channel: str, media: list[str]) -> None:
            number = playing[channel] = playing.get(channel, 0) + 1
            await ask("POST", f"channels/{quote(channel)}/play", {"media": media, "playbackId": f"{channel}-{number}"})

        await ask("PUT", f"applications/{app}/eventFilter", {"allowed": [{"type": name} for name in EVENTS]})
        gc.collect()
        gc.freeze()
        print("ready", flush=True)
        async for message in socket:
            event = json.loads(message)
            match event["type"]:
                case "StasisStart":
                    channel = event["channel"]["id"]
                    await ask("POST", f"channels/{quote(channel)}/answer")
                    await play(channel, greeting)
                case "ChannelDtmfReceived":
                    channel = event["channel"]["id"]
                    await ask("DELETE", f"playbacks/{quote(channel)}-{playing[channel]}")
                    await play(channel, following)
                case "RESTResponse" if event["status_code"] >= 500:
                    print(event["status_code"], event.get("message_body"), file=sys.stderr)


def main() -> None:
    """Run it until it is told to end."""
    url, user, secret, app, prompts = sys.argv[1:]
    priority.sound_first()  # as the hotline does, so that the two are compared and not their ranks
    with open(prompts, encoding="utf-8") as file:
        said = json.load(file)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.run(serve(url, user, secret, app, said["greeting"], said["following"]))


if __name__ == "__main__":
    main()
