"""A bare client of the real-time protocol, for what the official ones do not do.

    python bare.py NAME a.wav
"""

import base64
import json
import os
import sys
import wave

import websocket

from events import Events, require

URL = os.environ["MYNAH_REALTIME_URL"]
HTTP_URL = os.environ["MYNAH_HTTP_URL"]
KEY = os.environ["DASHSCOPE_API_KEY"]
MODEL = "qwen3-asr-flash-realtime"
EVENT_SECONDS_MAX = 60.0


class Client:
    def __init__(self, model=MODEL, url=URL, headers=None, **options):
        headers = [f"Authorization: bearer {KEY}"] if headers is None else headers
        address = f"{url}?model={model}" if model else url
        self.ws = websocket.create_connection(
            address, header=headers, timeout=EVENT_SECONDS_MAX, **options
        )
        self.events = Events()

    def say(self, kind, **keys):
        self.ws.send(json.dumps({"type": kind, **keys}))

    def audio(self, pcm):
        self.say("input_audio_buffer.append", audio=base64.b64encode(pcm).decode("ascii"))

    def next(self):
        """The next event, or None when the server closed."""
        try:
            text = self.ws.recv()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return None
        if not text:
            return None
        event = json.loads(text)
        self.events.see(event)
        return event

    def until(self, kind):
        while event := self.next():
            if event["type"] == kind:
                return event
            require(event["type"] != "error", f"{event} instead of {kind}")
        raise AssertionError(f"the server closed before {kind}")

    def error(self, code):
        event = self.next()
        require(event and event["type"] == "error", f"{event} instead of an error")
        require(event["error"]["code"] == code, f"{event} instead of {code}")
        self.events.errors.pop()
        return event["error"]

    def manual(self):
        self.say("session.update", session={"turn_detection": None})
        self.until("session.updated")
        return self

    def finish(self):
        self.say("session.finish")
        self.until("session.finished")
        return self.events


def samples(path):
    with wave.open(path, "rb") as recording:
        return recording.readframes(recording.getnframes())


def completed(client):
    return client.until("conversation.item.input_audio_transcription.completed")["transcript"]


def rounds(path):
    """Several utterances, committed one after the other on one connection, in one slot."""
    client, pcm = Client().manual(), samples(path)
    client.audio(pcm)
    client.say("input_audio_buffer.commit")
    first = completed(client)
    client.audio(pcm)
    client.say("input_audio_buffer.commit")
    require(completed(client) == first, "the same audio, but another text")
    client.events.transcripts.pop()
    return client.finish()


def flood(path):
    """Appends, commits and the finish in one go: nothing is refused, nothing is lost."""
    client, pcm = Client().manual(), samples(path)
    for _ in range(3):
        client.audio(pcm)
        client.say("input_audio_buffer.commit")
    client.say("session.finish")
    client.until("session.finished")
    first, *others = client.events.transcripts
    require(others == [first] * 2, f"{client.events.transcripts}")
    client.events.transcripts = [first]
    return client.events


def uncommitted(path):
    """What was not committed is, by session.finish; a megabyte of audio may be one event."""
    client = Client().manual()
    pcm = samples(path)
    client.audio(bytes(1 << 20) + pcm)
    return client.finish()


def cleared(path):
    """What was cleared is not heard."""
    client = Client().manual()
    client.audio(samples(path))
    client.say("input_audio_buffer.clear")
    client.until("input_audio_buffer.cleared")
    client.say("input_audio_buffer.commit")
    client.error("input_audio_buffer_commit_empty")
    client.audio(samples(path))
    return client.finish()


def silent(_):
    """No speech: session.finished, at once and after silence."""
    Client().finish()
    client = Client()
    client.audio(bytes(32000))
    require(client.finish().transcripts == [], "text out of silence")


def odd_events(_):
    """Harmless extra events are passed over, others get an error that names them."""
    client = Client()
    client.until("session.created")
    client.say("response.create", response={"instructions": None})
    client.say("response.cancel")
    client.say("conversation.item.create", event_id="mine", item={})
    require(client.error("invalid_value")["event_id"] == "mine", "the event's id is not repeated")
    client.ws.send("{")
    client.error("invalid_event")
    client.ws.send_binary(b"\0\0")
    client.error("invalid_event")
    client.say("session.update", session={"turn_detection": {"type": "server_vad2"}})
    require(
        client.error("invalid_value")["param"] == "session.turn_detection.type", "another param"
    )
    client.say("input_audio_buffer.commit")
    client.finish()


def unknown_model(_):
    """An unknown model is told in an event, because the clients hide a failed handshake."""
    for model in ("qwen3-asr-flash-realtim", "qwen3-tts-flash-realtime", None):
        client = Client(model)
        client.until("session.created")
        client.error("ModelNotFound")
        require(client.next() is None, "the connection is still open")


def handshakes(_):
    """The key may come in several ways; without it there is no upgrade."""
    Client(url=f"{URL}/").finish()
    ws = websocket.create_connection(f"{URL}?model={MODEL}&api_key={KEY}", timeout=10)
    require(json.loads(ws.recv())["type"] == "session.created", "no session")
    ws.close()
    ws = websocket.create_connection(
        HTTP_URL.replace("http", "ws") + "/v1/realtime?intent=transcription",
        subprotocols=["realtime", f"openai-insecure-api-key.{KEY}", "openai-beta.realtime-v1"],
        timeout=10,
    )
    require(ws.subprotocol == "realtime", "a browser needs the subprotocol")
    require(json.loads(ws.recv())["type"] == "transcription_session.created", "no beta session")
    ws.close()
    for headers in ([], ["Authorization: Bearer sk-wrong"]):
        try:
            Client(headers=headers)
        except websocket.WebSocketBadStatusException as refusal:
            require(refusal.status_code == 401, f"status {refusal.status_code}")
        else:
            raise AssertionError("a stranger was let in")


SCENARIOS = [rounds, flood, uncommitted, cleared, silent, odd_events, unknown_model, handshakes]


def main():
    name, path = sys.argv[1:]
    scenario = next(s for s in SCENARIOS if s.__name__.replace("_", "-") == name)
    try:
        events = scenario(path)
    except AssertionError as error:
        sys.exit(str(error))
    if events:
        events.print_report()
    else:
        print("{}")


main()
