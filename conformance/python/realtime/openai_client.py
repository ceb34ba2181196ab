"""Transcription sessions of OpenAI's Realtime API through the official `openai` client.

    python openai_client.py vad|manual|telephone|beta a.wav SENTENCES

`vad`, `manual` and `telephone` use the general form (`client.realtime`), `beta` the older one
(`client.beta.realtime`) of the releases that had it.
"""

import array
import base64
import os
import sys
import threading
import time
import wave

import openai

from events import Events, require

PIECE_SAMPLES = 2400


def samples(path, rate):
    """The recording at another rate, by the nearest sample: good enough to be understood."""
    with wave.open(path, "rb") as recording:
        given = array.array("h", recording.readframes(recording.getnframes()))
        step = recording.getframerate() / rate
    return array.array("h", (given[int(i * step)] for i in range(int(len(given) / step))))


def mu_law(sample):
    """A sample as one byte of G.711."""
    sign, level = (0x80, -sample) if sample < 0 else (0, sample)
    level = min(level, 32635) + 132
    exponent = level.bit_length() - 8
    return ~(sign | exponent << 4 | level >> (exponent + 3) & 0x0F) & 0xFF


def general_session(mode):
    turns = None if mode == "manual" else {"type": "server_vad", "silence_duration_ms": 600}
    telephone, studio = {"type": "audio/pcmu"}, {"type": "audio/pcm", "rate": 24000}
    return {
        "type": "transcription",
        "audio": {
            "input": {
                "format": telephone if mode == "telephone" else studio,
                "transcription": {"model": "gpt-4o-transcribe", "language": "en"},
                "turn_detection": turns,
            }
        },
    }


BETA_SESSION = {
    "input_audio_format": "pcm16",
    "input_audio_transcription": {"model": "gpt-4o-transcribe", "language": "en"},
    "turn_detection": {"type": "server_vad", "silence_duration_ms": 600},
}


def send(connection, mode, path):
    if mode == "telephone":
        audio, width = bytes(mu_law(sample) for sample in samples(path, 8000)), 1
    else:
        audio, width = samples(path, 24000).tobytes(), 2
    # Silence behind the last word ends it, as nothing else does in this protocol.
    audio += (b"\xff" if width == 1 else b"\0") * (width * 24000)
    for offset in range(0, len(audio), width * PIECE_SAMPLES):
        piece = audio[offset : offset + width * PIECE_SAMPLES]
        connection.input_audio_buffer.append(audio=base64.b64encode(piece).decode("ascii"))
        time.sleep(0.05)
    if mode == "manual":
        connection.input_audio_buffer.commit()


def connect(client, mode):
    query = {"intent": "transcription"}
    if mode == "beta":
        return client.beta.realtime.connect(model="gpt-4o-transcribe", extra_query=query)
    return client.realtime.connect(extra_query=query)


def main():
    mode, path, sentences = sys.argv[1], sys.argv[2], int(sys.argv[3])
    base_url = os.environ["MYNAH_HTTP_URL"] + "/v1"
    client = openai.OpenAI(
        api_key=os.environ["DASHSCOPE_API_KEY"],
        base_url=base_url,
        # Without it the older releases insist on TLS.
        websocket_base_url=base_url.replace("http", "ws"),
    )
    wanted = 1 if mode == "manual" else sentences
    events = Events()
    with connect(client, mode) as connection:
        if mode == "beta":
            connection.transcription_session.update(session=BETA_SESSION)
        else:
            connection.session.update(session=general_session(mode))
        sender = threading.Thread(target=send, args=(connection, mode, path))
        sender.start()
        for event in connection:
            events.see(event.to_dict())
            if len(events.transcripts) == wanted:
                break
        sender.join()
    form = "transcription_session" if mode == "beta" else "session"
    require(f"{form}.updated" in events.types, f"no {form}.updated")
    events.print_report()


main()
