"""Non-streaming recognition of one file with `Recognition.call`.

Reproduces the first program of the vendor's page "Python SDK" of Fun-ASR real-time recognition:
the same calls with the same arguments in the same order, and the same lines printed. Only the URL,
the key and the file name come from outside.

    DASHSCOPE_API_KEY=sk-... MYNAH_URL=ws://127.0.0.1:8787/api-ws/v1/inference python call.py a.wav
"""

import os
import sys
from http import HTTPStatus

import dashscope
from dashscope.audio.asr import Recognition

dashscope.api_key = os.environ.get("DASHSCOPE_API_KEY")
dashscope.base_websocket_api_url = os.environ["MYNAH_URL"]

recognition = Recognition(model="fun-asr-realtime", format="wav", sample_rate=16000, callback=None)
result = recognition.call(sys.argv[1])
if result.status_code == HTTPStatus.OK:
    print("Recognition result:")
    print(result.get_sentence())
else:
    print("Error: ", result.message)

print(
    "[Metric] requestId: {}, first package delay ms: {}, last package delay ms: {}".format(
        recognition.get_last_request_id(),
        recognition.get_first_package_delay(),
        recognition.get_last_package_delay(),
    )
)
