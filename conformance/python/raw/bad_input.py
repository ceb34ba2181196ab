"""Scenarios of bad input: each ends as documented, and nothing hangs."""

import http.client
import json
import os
import random
import socket
import struct
import time
import uuid
from urllib.parse import urlsplit

import websocket

from wire import KEY, URL, Task, connect, expect, require, run_task, samples

SLOTS_MAX = 64


def refused_handshake(headers, message, query=""):
    """The upgrade request must be answered 401 with the documented reason phrase and body."""
    place = urlsplit(URL)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    connection.request("GET", place.path + query, headers={**upgrade, **headers})
    answer = connection.getresponse()
    # The Java client retries for half a minute unless it reads exactly this phrase.
    expect("status line", (401, "Unauthorized"), (answer.status, answer.reason))
    body = json.loads(answer.read())
    expect("code", "InvalidApiKey", body["code"])
    expect("message", message, body["message"])
    require(body["request_id"], "no request_id")


def wrong_key(path):
    refused_handshake({"Authorization": "Bearer sk-wrong"}, "Invalid API-key provided.")


def wrong_key_in_query(path):
    refused_handshake({}, "Invalid API-key provided.", query="?api_key=sk-wrong")


def no_key(path):
    refused_handshake({}, "No API-key provided.")


def malformed_authorization(path):
    for value in ("Bearer", "Bearer  ", f"Basic {KEY}", "Bearer " + "x" * 4000):
        try:
            refused_handshake({"Authorization": value}, "Invalid API-key provided.")
        except AssertionError as error:
            require("No API-key provided." in str(error), f"{value[:20]!r}: {error}")


def first_message(text):
    """Sends one text message on a new connection and returns the header of the answer."""
    ws = connect()
    ws.send(text)
    answer = json.loads(ws.recv())
    expect("event", "task-failed", answer["header"]["event"])
    opcode, _ = ws.recv_data()
    expect("after task-failed", websocket.ABNF.OPCODE_CLOSE, opcode)
    return answer["header"]


def wrong_json(path):
    texts = ['{"header":', "[]", "null", '"run-task"', "{}", '{"header":{},"payload":{}}']
    texts += ["[" * 100_000, '{"header":{"action":"run-task","task_id":7}}']
    for text in texts:
        header = first_message(text)
        expect(f"code for {text[:40]}", "InvalidParameter", header["error_code"])


def unknown_action(path):
    message = run_task(uuid.uuid4().hex)
    message["header"]["action"] = "sing"
    expect("code", "InvalidParameter", first_message(json.dumps(message))["error_code"])


def missing_keys(path):
    for key in ("input", "model", "task_group", "task", "function"):
        message = run_task(uuid.uuid4().hex)
        del message["payload"][key]
        header = first_message(json.dumps(message))
        expect(f"code without {key}", "InvalidParameter", header["error_code"])
        documented = {
            f"Missing required parameter 'payload.{key}'! Please follow the protocol!",
            "task can not be null",
        }
        require(header["error_message"] in documented, f"without {key}: {header}")


def missing_audio_parameters(path):
    for parameter in ("format", "sample_rate"):
        message = run_task(uuid.uuid4().hex, **{parameter: None})
        header = first_message(json.dumps(message))
        expect(f"code without {parameter}", "InvalidParameter", header["error_code"])


def unknown_model(path):
    for model in ("no-such-model", "", "fun-asr-realtime\0", "x" * 10_000):
        header = first_message(json.dumps(run_task(uuid.uuid4().hex, model=model)))
        known = {"ModelNotFound", "InvalidParameter"}
        require(header["error_code"] in known, f"{model[:20]!r}: {header}")


def unknown_format(path):
    header = first_message(json.dumps(run_task(uuid.uuid4().hex, format="midi")))
    require(header["error_code"] in {"UNSUPPORTED_FORMAT", "InvalidParameter"}, str(header))


def out_of_range(path):
    """The service is lenient with values: refused as InvalidParameter, or taken and bounded."""
    values = [
        {"sample_rate": 0},
        {"sample_rate": -16000},
        {"sample_rate": 1 << 40},
        {"max_sentence_silence": 1},
        {"max_sentence_silence": 1 << 60},
        {"speech_noise_threshold": 9.0},
        {"language_hints": "zh"},
        {"language_hints": ["xx"] * 1000},
        {"vocabulary_id": 7},
        {"vocabulary_id": "'; DROP TABLE vocabularies; --"},
        {"model": "qwen-audio-3.1-asr-flash-streaming", "vocabulary": ["Kestrel"]},
        {"model": "qwen-audio-3.1-asr-flash-streaming", "vocabulary": {"Kestrel": {}}},
        {"model": "qwen-audio-3.1-asr-flash-streaming", "vocabulary": {"": 4}},
        {"model": "qwen-audio-3.1-asr-flash-streaming", "vocabulary": {"字" * 16: 4}},
    ]
    for parameters in values:
        task = Task(**parameters)
        task.send(task.run)
        header = task.event()["header"]
        if header["event"] == "task-failed":
            expect(f"code for {parameters}", "InvalidParameter", header["error_code"])
        elif "sample_rate" in parameters or "vocabulary" in parameters:
            raise AssertionError(f"{parameters} was accepted")
        else:
            task.audio(samples(path)[:32000])
            task.finish()
            task.until_finished()


def noise(path):
    """White noise is not speech: no sentence may be invented."""
    task, generator = Task().start(), random.Random(1)
    task.audio(b"".join(struct.pack("<h", generator.randint(-3000, 3000)) for _ in range(48000)))
    task.finish()
    expect("sentences of noise", [], task.until_finished().sentences)


def mismatched_format(path):
    """Bytes that are not what was declared: no valid audio, or no result; never invented text."""
    with open(path, "rb") as file:
        wav = file.read()
    garbage = random.Random(2).randbytes(100_000)
    declared = [("mp3", wav), ("aac", wav), ("amr", wav), ("opus", wav), ("speex", wav)]
    declared += [(format, garbage) for format in ("mp3", "aac", "amr", "opus", "speex")]
    # An MPEG stream declared WAV: frame headers with nothing sensible behind them.
    declared.append(("wav", (b"\xff\xfb\x90\xc4" + bytes(413)) * 100))
    for format, data in declared:
        task = Task(format=format).start()
        task.audio(data)
        task.finish()
        header = task.end()["header"]
        if header["event"] == "task-failed":
            expect(f"code for {format}", "NO_VALID_AUDIO_ERROR", header["error_code"])
        expect(f"sentences of a wrong {format}", [], task.sentences)


def nothing_sent(path):
    task = Task().start()
    task.finish()
    task.until_failed("NO_VALID_AUDIO_ERROR")


def one_byte_frames(path):
    """A whole recording in frames of one byte."""
    task = Task().start()
    # A masking key of zeros leaves the byte as it is, so all frames can be built at once.
    frames = b"".join(b"\x82\x81\0\0\0\0" + bytes([byte]) for byte in samples(path))
    task.ws.sock.settimeout(60)
    task.ws.sock.sendall(frames)
    task.finish()
    return task.until_finished()


def ten_megabyte_frame(path):
    """Far over the documented 16 KB: refused, or swallowed; in any case an answer."""
    task = Task().start()
    try:
        task.ws.send_binary(bytes(10 << 20))
        task.finish()
    except (OSError, websocket.WebSocketException):
        pass  # The server closed while we were still sending.
    while (message := task.next_message()) is not None:
        if json.loads(message)["header"]["event"] in ("task-finished", "task-failed"):
            break


def stops_reading(path):
    """A client that never reads while it makes the server answer; others are not disturbed."""
    sleepy = connect(sockopt=((socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),))
    Task(sleepy).start()
    ping = b"\x89\xfd\0\0\0\0" + bytes(125)
    sleepy.sock.settimeout(1)
    deadline = time.monotonic() + 5
    try:
        while time.monotonic() < deadline:
            sleepy.sock.sendall(ping * 500)
    except OSError:
        pass  # Back-pressure or a closed connection: both keep the server's memory bounded.
    task = Task().start()
    task.audio(samples(path))
    task.finish()
    report = task.until_finished()
    sleepy.sock.close()
    return report


def vanishes(path):
    """As many new tasks start as there were before all clients were cut off."""
    tasks, refusal = occupy()
    require(tasks, f"no task started: {refusal}")
    for task in tasks:
        # Linger of zero: the connection is reset, no goodbye reaches the server.
        task.ws.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        task.ws.sock.close()
    deadline = time.monotonic() + 5
    while True:
        again, _ = occupy()
        for task in again:
            task.ws.close()
        if len(again) >= len(tasks):
            return
        require(time.monotonic() < deadline, f"{len(tasks)} tasks before, {len(again)} after")
        time.sleep(0.3)


def occupy():
    """Starts tasks until one is refused; the refusal must be the documented one."""
    tasks = []
    while len(tasks) < SLOTS_MAX:
        task = Task()
        task.send(task.run)
        header = task.event()["header"]
        if header["event"] == "task-failed":
            expect("code of the refusal", "Throttling.RateQuota", header["error_code"])
            expect(
                "text of the refusal",
                "Requests rate limit exceeded, please try again later.",
                header["error_message"],
            )
            return tasks, header
        task.audio(samples(os.environ["MYNAH_RECORDING"])[:16000])
        tasks.append(task)
    return tasks, None


def quiet_client(path):
    """23 seconds without data end the task."""
    task = Task().start()
    task.audio(samples(path)[:32000])
    began = time.monotonic()
    message = task.until_failed("CLIENT_ERROR")
    expect("message", "request timeout after 23 seconds.", message)
    waited = time.monotonic() - began
    require(22.5 < waited < 32.0, f"ended after {waited:.1f} s")


def only_silence(path):
    """A minute of nothing but silence ends the task unless it asked for a heartbeat."""
    tasks = [Task().start(), Task(heartbeat=True).start()]
    began, header = time.monotonic(), None
    tasks[0].ws.settimeout(0.01)
    while header is None and time.monotonic() < began + 75:
        for task in tasks:
            task.ws.send_binary(bytes(6400))
        time.sleep(0.2)
        try:
            header = json.loads(tasks[0].next_message())["header"]
        except websocket.WebSocketTimeoutException:
            pass
    require(header is not None, "still alive after 75 s of silence")
    expect("message", "Response timeout!", header["error_message"])
    require(time.monotonic() - began > 55, f"ended after {time.monotonic() - began:.1f} s")
    tasks[1].finish()
    tasks[1].until_finished()


SCENARIOS = [
    wrong_key,
    wrong_key_in_query,
    no_key,
    malformed_authorization,
    wrong_json,
    unknown_action,
    missing_keys,
    missing_audio_parameters,
    unknown_model,
    unknown_format,
    out_of_range,
    noise,
    mismatched_format,
    nothing_sent,
    one_byte_frames,
    ten_megabyte_frame,
    stops_reading,
    vanishes,
    quiet_client,
    only_silence,
]
