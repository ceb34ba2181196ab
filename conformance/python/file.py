"""Streaming recognition of a local file in pieces of 3,200 bytes, ten a second.

Reproduces the third program of the vendor's page "Python SDK" of Fun-ASR real-time recognition: a
callback that prints every text and every sentence end, the file sent at real-time pace, then the
delays. Only the URL, the key and the file name come from outside.

    DASHSCOPE_API_KEY=sk-... MYNAH_URL=ws://127.0.0.1:8787/api-ws/v1/inference python file.py a.wav
"""

import os
import sys
import time
from datetime import datetime

import dashscope
from dashscope.audio.asr import *

dashscope.api_key = os.environ.get("DASHSCOPE_API_KEY")
dashscope.base_websocket_api_url = os.environ["MYNAH_URL"]


def timestamp():
    return datetime.now().strftime("[%Y-%m-%d %H:%M:%S.%f]")


class Callback(RecognitionCallback):
    def on_complete(self) -> None:
        print(timestamp() + " Recognition completed")

    def on_error(self, result: RecognitionResult) -> None:
        print("Recognition task_id: ", result.request_id)
        print("Recognition error: ", result.message)
        exit(0)

    def on_event(self, result: RecognitionResult) -> None:
        sentence = result.get_sentence()
        if "text" in sentence:
            print(timestamp() + " RecognitionCallback text: ", sentence["text"])
        if RecognitionResult.is_sentence_end(sentence):
            print(
                timestamp()
                + "RecognitionCallback sentence end, request_id:%s, usage:%s"
                % (result.get_request_id(), result.get_usage(sentence))
            )


recognition = Recognition(
    model="fun-asr-realtime", format="wav", sample_rate=16000, callback=Callback()
)

with open(sys.argv[1], "rb") as f:
    audio = f.read()
if not audio:
    raise Exception("The supplied file was empty (zero bytes long)")

print("Start Recognition")
recognition.start()
chunk_size = 3200
for offset in range(0, len(audio), chunk_size):
    recognition.send_audio_frame(audio[offset : offset + chunk_size])
    time.sleep(0.1)
recognition.stop()

print(
    "[Metric] requestId: {}, first package delay ms: {}, last package delay ms: {}".format(
        recognition.get_last_request_id(),
        recognition.get_first_package_delay(),
        recognition.get_last_package_delay(),
    )
)
