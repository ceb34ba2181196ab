"""The 2.x client of the same package (`dashscope.v2`), in its three shapes.

    python v2.py recognize|recognize_file|shared a.wav

`recognize` sends the file at real-time pace while another thread reads the results;
`recognize_file` hands the file over; `shared` runs two recognitions one after the other on one
connection. Prints a report as `read_output.py` does.
"""

import contextlib
import json
import os
import sys
import threading
import time
import warnings

from dashscope.v2 import Client

warnings.simplefilter("ignore", FutureWarning)

MODEL = "fun-asr-realtime"
PIECE_BYTES = 3200


def read(results):
    """Sentences, number of interim texts and last usage from a stream of typed results."""
    report = {"sentences": [], "interims": 0, "usage_seconds": None}
    for result in results:
        text = result.get_sentence()["text"]
        if result.is_sentence_end():
            report["sentences"].append(text)
            report["usage_seconds"] = result.get_usage()["duration"]
        elif text:
            report["interims"] += 1
    return report


def send(recognition, path, pause):
    with open(path, "rb") as audio:
        while piece := audio.read(PIECE_BYTES):
            recognition.send_audio_frame(piece)
            time.sleep(pause)
    recognition.stop()


def recognize(client, url, path, connection=None, pause=0.1):
    place = {"connection": connection} if connection else {"ws_url": url}
    with client.audio.asr.recognize(
        model=MODEL, format="wav", sample_rate=16000, **place
    ) as recognition:
        sender = threading.Thread(target=send, args=(recognition, path, pause))
        sender.start()
        report = read(recognition.results())
        sender.join()
        report["request_id"] = recognition.request_id
        report["first_delay_ms"] = recognition.first_package_delay
        report["last_delay_ms"] = recognition.last_package_delay
        return report


def recognize_file(client, url, path):
    events = client.audio.asr.recognize_file(path, model=MODEL, format="wav", ws_url=url)
    sentences, interims, usage, request_id = [], 0, None, None
    for event in events:
        request_id = event["header"]["task_id"]
        if event["header"]["event"] != "result-generated":
            continue
        sentence = event["payload"]["output"]["sentence"]
        if sentence["end_time"] is not None:
            sentences.append(sentence["text"])
            usage = event["payload"]["usage"]["duration"]
        elif sentence["text"]:
            interims += 1
    # This shape keeps its recognition to itself: there are no delays to ask for.
    return {
        "sentences": sentences,
        "interims": interims,
        "usage_seconds": usage,
        "request_id": request_id,
        "first_delay_ms": 0.0,
        "last_delay_ms": 0.0,
    }


def shared(client, url, path):
    with contextlib.closing(client.ws_connection(url=url)) as connection:
        first = recognize(client, url, path, connection, pause=0)
        second = recognize(client, url, path, connection, pause=0)
    assert first["request_id"] != second["request_id"], "one task id for two tasks"
    assert first["sentences"] == second["sentences"], f"{first} and then {second}"
    return second


def main():
    shapes = {"recognize": recognize, "recognize_file": recognize_file, "shared": shared}
    shape, path = sys.argv[1:]
    client = Client(api_key=os.environ["DASHSCOPE_API_KEY"])
    print(json.dumps(shapes[shape](client, os.environ["MYNAH_URL"], path)))


main()
