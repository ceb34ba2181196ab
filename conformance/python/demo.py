"""Live captions in the terminal, through the official client.

The vendor's third sample program with its `print`s replaced: the file is sent at real-time pace,
the sentence that is being spoken is rewritten in place, a finished sentence stays.

    DASHSCOPE_API_KEY=sk-... MYNAH_URL=ws://127.0.0.1:8787/api-ws/v1/inference python demo.py a.wav
"""

import os
import shutil
import sys
import time
import unicodedata

import dashscope
from dashscope.audio.asr import Recognition, RecognitionCallback, RecognitionResult

CHUNK_BYTES = 3200

dashscope.api_key = os.environ["DASHSCOPE_API_KEY"]
dashscope.base_websocket_api_url = os.environ["MYNAH_URL"]


def fitting_end(text, columns):
    """The end of a text that fits into so many columns; Chinese characters take two."""
    kept = []
    for character in reversed(text):
        columns -= 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if columns < 0:
            break
        kept.append(character)
    return "".join(reversed(kept))


class Captions(RecognitionCallback):
    def __init__(self):
        self.rewrite = sys.stdout.isatty()

    def on_event(self, result: RecognitionResult) -> None:
        sentence = result.get_sentence()
        if RecognitionResult.is_sentence_end(sentence):
            begin, end = sentence["begin_time"] / 1000, sentence["end_time"] / 1000
            self.show(f"{begin:6.2f}-{end:5.2f} s  {sentence['text']}", "\n")
        elif sentence["text"]:
            self.show(f"          ...  {sentence['text']}", "" if self.rewrite else "\n")

    def on_error(self, result: RecognitionResult) -> None:
        self.show(f"error {result.code}: {result.message} (request {result.request_id})", "\n")
        os._exit(1)

    def show(self, line, end):
        if self.rewrite:
            # Back to the start of the line and clear it; a partial line must not wrap.
            columns = shutil.get_terminal_size().columns - 1
            line = "\r\x1b[2K" + (line if end else fitting_end(line, columns))
        print(line, end=end, flush=True)


def main():
    recognition = Recognition(
        model="fun-asr-realtime", format="wav", sample_rate=16000, callback=Captions()
    )
    recognition.start()
    with open(sys.argv[1], "rb") as audio:
        next_piece = time.monotonic()
        while piece := audio.read(CHUNK_BYTES):
            recognition.send_audio_frame(piece)
            next_piece += 0.1
            time.sleep(max(0.0, next_piece - time.monotonic()))
    recognition.stop()
    print(
        f"\nfirst words after {recognition.get_first_package_delay() / 1000:.1f} s of stream, "
        f"end {recognition.get_last_package_delay() / 1000:.2f} s after the last piece, "
        f"request {recognition.get_last_request_id()}"
    )


main()
