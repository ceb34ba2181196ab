"""A bare client of the task protocol: frames in, checked events out.

Every wait has a limit, and every event of the server is checked against the documented shape
before a scenario sees it, so each scenario is also a test of the shape.
"""

import json
import os
import time
import uuid
import wave

import websocket

URL = os.environ["MYNAH_URL"]
KEY = os.environ["DASHSCOPE_API_KEY"]

EVENT_SECONDS_MAX = 60.0
PIECE_BYTES = 3200
EVENTS = {"task-started", "result-generated", "task-finished", "task-failed"}


def expect(what, expected, got):
    if expected != got:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")


def require(condition, message):
    if not condition:
        raise AssertionError(message)


def samples(path):
    """The 16-bit samples of a WAV file, as bytes."""
    with wave.open(path, "rb") as recording:
        return recording.readframes(recording.getnframes())


def connect(url=URL, headers=None, **options):
    headers = [f"Authorization: Bearer {KEY}"] if headers is None else headers
    return websocket.create_connection(url, header=headers, timeout=EVENT_SECONDS_MAX, **options)


def run_task(task_id, model="fun-asr-realtime", input={}, **parameters):
    """The `run-task` message; parameters with the value None are left out."""
    parameters = {"format": "pcm", "sample_rate": 16000, **parameters}
    return {
        "header": {"action": "run-task", "task_id": task_id, "streaming": "duplex"},
        "payload": {
            "task_group": "audio",
            "task": "asr",
            "function": "recognition",
            "model": model,
            "input": input,
            "parameters": {k: v for k, v in parameters.items() if v is not None},
        },
    }


def action(name, task_id, input={}):
    header = {"action": name, "task_id": task_id, "streaming": "duplex"}
    return {"header": header, "payload": {"input": input}}


class Task:
    """One task on a connection."""

    def __init__(self, ws=None, task_id=None, **parameters):
        self.ws = ws or connect()
        self.id = task_id or uuid.uuid4().hex
        self.interims = 0
        self.finals = []
        self.usage_seconds = 0
        self.started = False
        self.run = run_task(self.id, **parameters)

    def start(self):
        self.send(self.run)
        event = self.event()
        expect("first event", "task-started", event["header"]["event"])
        return self

    def send(self, message):
        self.ws.send(json.dumps(message))

    def audio(self, pcm, pace=0.0):
        for offset in range(0, len(pcm), PIECE_BYTES):
            self.ws.send_binary(pcm[offset : offset + PIECE_BYTES])
            if pace:
                time.sleep(pace)

    def finish(self):
        self.send(action("finish-task", self.id))

    def until_finished(self):
        """Reads to the end; a failure of the task is a failure of the scenario."""
        event = self.end()
        expect("last event", "task-finished", event["header"]["event"])
        return self

    def until_failed(self, code):
        """Reads to the end, which must be this failure and the closing of the connection."""
        event = self.end()
        expect("last event", "task-failed", event["header"]["event"])
        expect("error code", code, event["header"]["error_code"])
        expect("after task-failed", None, self.next_message())
        return event["header"]["error_message"]

    def end(self):
        while True:
            event = self.event()
            if event["header"]["event"] in ("task-finished", "task-failed"):
                return event

    def event(self):
        message = self.next_message()
        require(message is not None, "the connection was closed in the middle of a task")
        event = json.loads(message)
        self.check(event)
        return event

    def next_message(self):
        """The next text message, or None when the server closed."""
        try:
            opcode, data = self.ws.recv_data()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return None
        expect("opcode of a server message", websocket.ABNF.OPCODE_TEXT, opcode)
        return data.decode("utf-8")

    @property
    def sentences(self):
        return [sentence["text"] for sentence in self.finals]

    def report(self):
        """What the conformance run scores."""
        return {
            "sentences": self.sentences,
            "interims": self.interims,
            "usage_seconds": self.usage_seconds,
            "request_id": self.id,
            "first_delay_ms": 0.0,
            "last_delay_ms": 0.0,
        }

    # The documented shape of each event.

    def check(self, event):
        header, payload = event["header"], event["payload"]
        require(header["event"] in EVENTS, f"unknown event {header['event']!r}")
        expect("task_id", self.id, header["task_id"])
        require(isinstance(payload, dict), f"payload is {payload!r}")
        require(isinstance(header["attributes"], dict), "header.attributes is no object")
        getattr(self, "check_" + header["event"].replace("-", "_"))(header, payload)

    def check_task_started(self, header, payload):
        require(not self.started, "a second task-started")
        expect("payload of task-started", {}, payload)
        self.started = True

    def check_task_finished(self, header, payload):
        require(self.started, "task-finished before task-started")
        expect("output of task-finished", {}, payload["output"])

    def check_task_failed(self, header, payload):
        require(header["error_code"] and header["error_message"], f"empty error: {header}")
        expect("payload of task-failed", {}, payload)

    def check_result_generated(self, header, payload):
        require(self.started, "result-generated before task-started")
        sentence, usage = payload["output"]["sentence"], payload["usage"]
        if sentence.get("heartbeat"):
            expect("sentence_id of a heartbeat", 0, sentence["sentence_id"])
            expect("end_time of a heartbeat", None, sentence["end_time"])
            return
        expect("sentence_id", len(self.finals) + 1, sentence["sentence_id"])
        require(isinstance(sentence["begin_time"], int), f"begin_time {sentence['begin_time']!r}")
        if sentence["sentence_end"]:
            self.check_final(sentence, usage)
        else:
            expect("end_time of an interim", None, sentence["end_time"])
            expect("usage of an interim", None, usage)
            self.interims += 1

    def check_final(self, sentence, usage):
        begin, end = sentence["begin_time"], sentence["end_time"]
        require(isinstance(end, int) and end > begin, f"sentence from {begin!r} to {end!r} ms")
        require(isinstance(usage["duration"], int), f"usage {usage!r}")
        require(usage["duration"] >= self.usage_seconds, "usage went down")
        self.usage_seconds = usage["duration"]
        self.check_words(sentence)
        self.finals.append(sentence)

    def check_words(self, sentence):
        joined = "".join(word["text"] + word["punctuation"] for word in sentence["words"])
        squeezed = ["".join(text.split()) for text in (joined, sentence["text"])]
        expect("words put together", squeezed[1], squeezed[0])
