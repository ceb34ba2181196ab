"""The 2.x client of the same package: `client.audio.realtime.connect`.

    python session_v2.py a.wav
"""

import os
import sys
import threading
import time
import warnings
import wave

from dashscope.v2 import Client

from events import Events, require

warnings.simplefilter("ignore", FutureWarning)

PIECE_BYTES = 3200


def send(session, path):
    with wave.open(path, "rb") as recording:
        pcm = recording.readframes(recording.getnframes())
    for offset in range(0, len(pcm), PIECE_BYTES):
        session.append_audio(pcm[offset : offset + PIECE_BYTES])
        time.sleep(0.1)
    session.end_session()


def main():
    client = Client(api_key=os.environ["DASHSCOPE_API_KEY"])
    events = Events()
    with client.audio.realtime.connect(
        model="qwen3-asr-flash-realtime", ws_url=os.environ["MYNAH_REALTIME_URL"]
    ) as session:
        session.update_session(
            ["text"], transcription_params={"language": "en", "sample_rate": 16000}
        )
        sender = threading.Thread(target=send, args=(session, sys.argv[1]))
        sender.start()
        for event in session.events():
            events.see(event)
        sender.join()
    require(events.types[-1] == "session.finished", f"{events.types[-1]} comes last")
    events.print_report()


main()
