"""Stands in for the audio library where there is no microphone.

The "microphone" is the WAV file named by MYNAH_MICROPHONE (16-bit mono), heard at real-time pace
with half a second of silence behind it; then the listener presses Ctrl-C: the process gets SIGINT.
Only what a recording program needs is here.
"""

import os
import signal
import time
import wave

paInt16 = 8
TAIL_SECONDS = 0.5


class PyAudio:
    def open(self, format, channels, rate, input):
        return Stream(channels, rate)

    def terminate(self):
        pass


class Stream:
    def __init__(self, channels, rate):
        with wave.open(os.environ["MYNAH_MICROPHONE"], "rb") as recording:
            assert recording.getnchannels() == channels and recording.getframerate() == rate
            self.samples = recording.readframes(recording.getnframes())
        self.samples += bytes(2 * int(rate * TAIL_SECONDS))
        self.rate = rate
        self.heard = 0
        self.opened = time.monotonic()

    def read(self, frames, exception_on_overflow=True):
        piece = self.samples[2 * self.heard : 2 * (self.heard + frames)]
        if not piece:
            os.kill(os.getpid(), signal.SIGINT)
        self.heard += frames
        time.sleep(max(0.0, self.opened + self.heard / self.rate - time.monotonic()))
        return piece.ljust(2 * frames, b"\0")

    def stop_stream(self):
        pass

    def close(self):
        pass
