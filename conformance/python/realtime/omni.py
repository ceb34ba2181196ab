"""`OmniRealtimeConversation` of the official client, as the vendor's samples use it.

    python omni.py vad|manual|java a.wav

`vad` lets the server find the utterances and is paced like speech; `manual` commits the whole
recording as one; `java` does what the Java samples do at their end, even with server VAD: commit,
ask for a response, finish.
"""

import base64
import os
import sys
import threading
import time
import wave

import dashscope
from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeCallback, OmniRealtimeConversation
from dashscope.audio.qwen_omni.omni_realtime import TranscriptionParams

from events import Events, require

PIECE_BYTES = 3200
MODEL = "qwen3-asr-flash-realtime"


class Callback(OmniRealtimeCallback):
    def __init__(self):
        self.events = Events()
        self.wrong = []
        self.closed = threading.Event()
        self.completed = threading.Event()

    def on_close(self, close_status_code, close_msg):
        self.closed.set()

    def on_event(self, response):
        # An exception here would be the client's to handle, which hides it.
        try:
            kind = self.events.see(response)
        except (AssertionError, KeyError) as error:
            self.wrong.append(f"{error!r} in {response}")
            return
        if kind.endswith(".completed"):
            self.completed.set()


def main():
    mode, path = sys.argv[1:]
    dashscope.api_key = os.environ["DASHSCOPE_API_KEY"]
    callback = Callback()
    talk = OmniRealtimeConversation(
        model=MODEL, url=os.environ["MYNAH_REALTIME_URL"], callback=callback
    )
    talk.connect()
    talk.update_session(
        output_modalities=[MultiModality.TEXT],
        enable_turn_detection=mode != "manual",
        turn_detection_threshold=0.0,
        turn_detection_silence_duration_ms=400,
        transcription_params=TranscriptionParams(
            language="en", sample_rate=16000, input_audio_format="pcm", corpus_text="a novel"
        ),
    )
    with wave.open(path, "rb") as recording:
        pcm = recording.readframes(recording.getnframes())
    for offset in range(0, len(pcm), PIECE_BYTES):
        talk.append_audio(base64.b64encode(pcm[offset : offset + PIECE_BYTES]).decode("ascii"))
        time.sleep(0.1 if mode == "vad" else 0.0)
    if mode == "manual":
        talk.commit()
        require(callback.completed.wait(30), "no transcript after the commit")
    elif mode == "java":
        talk.commit()
        talk.create_response()
    talk.end_session()
    require(not callback.closed.wait(1), "the server closed first")
    talk.close()
    require(not callback.wrong, "\n".join(callback.wrong))
    events = callback.events
    require(events.types[-1] == "session.finished", f"{events.types[-1]} comes last")
    require(set(events.languages) == {"en"}, f"languages {events.languages}")
    spoken = "input_audio_buffer.speech_started" in events.types
    require(spoken == (mode != "manual"), "speech is found in VAD mode, and only there")
    events.print_report()


main()
