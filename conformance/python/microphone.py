"""Streaming recognition from a microphone, ended with Ctrl-C.

Reproduces the second program of the vendor's page "Python SDK" of Fun-ASR real-time recognition:
the microphone is opened in `on_open`, 3,200 samples at a time are read and sent, and the signal
handler stops the recognition, prints the delays and leaves. Only the URL and the key come from
outside. Where there is no microphone, `fake/pyaudio.py` stands in for the audio library.

    DASHSCOPE_API_KEY=sk-... MYNAH_URL=ws://127.0.0.1:8787/api-ws/v1/inference python microphone.py
"""

import os
import signal
import sys

import dashscope
import pyaudio
from dashscope.audio.asr import *

mic = None
stream = None


class Callback(RecognitionCallback):
    def on_open(self) -> None:
        global mic, stream
        print("RecognitionCallback open.")
        mic = pyaudio.PyAudio()
        stream = mic.open(format=pyaudio.paInt16, channels=1, rate=16000, input=True)

    def on_close(self) -> None:
        global mic, stream
        print("RecognitionCallback close.")
        stream.stop_stream()
        stream.close()
        mic.terminate()
        stream = None
        mic = None

    def on_complete(self) -> None:
        print("RecognitionCallback completed.")

    def on_error(self, message) -> None:
        print("RecognitionCallback task_id: ", message.request_id)
        print("RecognitionCallback error: ", message.message)
        sys.exit(1)

    def on_event(self, result: RecognitionResult) -> None:
        sentence = result.get_sentence()
        if "text" in sentence:
            print("RecognitionCallback text: ", sentence["text"])
            if RecognitionResult.is_sentence_end(sentence):
                print(
                    "RecognitionCallback sentence end, request_id:%s, usage:%s"
                    % (result.get_request_id(), result.get_usage(sentence))
                )


def signal_handler(sig, frame):
    print("Ctrl+C pressed, stop recognition ...")
    recognition.stop()
    print("Recognition stopped.")
    print(
        "[Metric] requestId: {}, first package delay ms: {}, last package delay ms: {}".format(
            recognition.get_last_request_id(),
            recognition.get_first_package_delay(),
            recognition.get_last_package_delay(),
        )
    )
    sys.exit(0)


if __name__ == "__main__":
    dashscope.api_key = os.environ.get("DASHSCOPE_API_KEY")
    dashscope.base_websocket_api_url = os.environ["MYNAH_URL"]

    recognition = Recognition(
        model="fun-asr-realtime",
        format="pcm",
        sample_rate=16000,
        semantic_punctuation_enabled=False,
        callback=Callback(),
    )
    recognition.start()

    signal.signal(signal.SIGINT, signal_handler)
    print("Press 'Ctrl+C' to stop recording and recognition...")

    while True:
        if stream:
            data = stream.read(3200, exception_on_overflow=False)
            recognition.send_audio_frame(data)
        else:
            break

    recognition.stop()
