"""faster-whisper as an engine of `cargo xtask bench engine`; the protocol is described there.

    python faster_whisper_engine.py MODEL_DIR THREADS < list
"""

import json
import resource
import sys
import time

from faster_whisper import WhisperModel, decode_audio


def main():
    directory, threads = sys.argv[1:]
    model = WhisperModel(directory, device="cpu", compute_type="int8", cpu_threads=int(threads))
    for line in sys.stdin:
        language, path = line.rstrip("\n").split("\t")
        samples = decode_audio(path)
        began = time.perf_counter()
        segments, _ = model.transcribe(
            samples,
            language=language,
            beam_size=1,
            temperature=0.0,
            without_timestamps=True,
            condition_on_previous_text=False,
        )
        text = "".join(segment.text for segment in segments)
        took = time.perf_counter() - began
        result = {"text": text, "audio_seconds": len(samples) / 16000, "compute_seconds": took}
        print(json.dumps(result), flush=True)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"peak_bytes": peak_bytes}))


main()
