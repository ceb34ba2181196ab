"""The official client of OpenAI against the routes it knows.

    python openai_audio.py chat|chat-stream|formats|stream|translations|models|errors a.wav

Prints a report.
"""

import base64
import json
import os
import sys
from pathlib import Path

import openai
from openai import OpenAI

BASE = os.environ["MYNAH_HTTP_URL"]
KEY = os.environ["DASHSCOPE_API_KEY"]


def client(path="/v1", key=KEY):
    return OpenAI(api_key=key, base_url=BASE + path, max_retries=0)


def question(path):
    data = base64.b64encode(Path(path).read_bytes()).decode()
    audio = {"data": f"data:audio/wav;base64,{data}"}
    return {
        "model": "qwen3-asr-flash",
        "messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": audio}]}],
        "extra_body": {"asr_options": {"enable_itn": False}},
    }


def report(text, events=1, seconds=None, tokens=None):
    return {"text": text, "events": events, "seconds": seconds, "tokens": tokens}


def chat(path):
    answer = client("/compatible-mode/v1").chat.completions.create(**question(path))
    choice = answer.choices[0]
    assert answer.id.startswith("chatcmpl-") and choice.finish_reason == "stop", answer
    assert choice.message.annotations[0].type == "audio_info", answer
    usage = answer.usage
    assert usage.prompt_tokens == 25 * usage.seconds, usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage
    return report(choice.message.content, 1, usage.seconds, usage.completion_tokens)


def chat_stream(path):
    asked = question(path) | {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client("/compatible-mode/v1").chat.completions.create(**asked))
    assert chunks[0].choices[0].delta.role == "assistant", chunks[0]
    assert chunks[-2].choices[0].finish_reason == "stop", chunks[-2]
    usage = chunks[-1].usage
    assert not chunks[-1].choices and not any(chunk.usage for chunk in chunks[:-1]), chunks
    assert len({chunk.id for chunk in chunks}) == 1, chunks
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks[:-1]]
    events = sum(bool(text) for text in texts)
    return report("".join(texts), events, usage.seconds, usage.completion_tokens)


def transcribe(path, model="whisper-1", **options):
    with open(path, "rb") as file:
        return client().audio.transcriptions.create(model=model, file=file, **options)


def plain(path, kind):
    """The text of a subtitle file, whose times have to grow."""
    lines = transcribe(path, response_format=kind).strip().splitlines()
    times = [line for line in lines if "-->" in line]
    assert times and times == sorted(times), lines
    assert (lines[0] == "WEBVTT") == (kind == "vtt"), lines
    spoken = [line for line in lines if line and "-->" not in line and not line.isdigit()]
    return " ".join(line for line in spoken if line != "WEBVTT")


def formats(path):
    answer = transcribe(path, model="gpt-4o-transcribe", language="en")
    text = answer.text
    assert answer.usage.type == "duration", answer
    assert transcribe(path, response_format="text").strip() == text
    for kind in ("srt", "vtt"):
        assert plain(path, kind) == text, plain(path, kind)
    granularities = ["word", "segment"]
    verbose = transcribe(
        path, response_format="verbose_json", timestamp_granularities=granularities
    )
    assert verbose.language == "english" and verbose.text == text, verbose
    assert " ".join(segment.text for segment in verbose.segments) == text, verbose.segments
    assert 0 <= verbose.segments[0].start < verbose.segments[-1].end <= verbose.duration, verbose
    starts = [word.start for word in verbose.words]
    assert len(starts) == len(text.split()) and starts == sorted(starts), verbose.words
    return report(text, len(verbose.segments), int(verbose.usage.seconds))


def stream(path):
    events = list(transcribe(path, model="gpt-4o-mini-transcribe", stream=True))
    kinds = [event.type for event in events]
    deltas = ["transcript.text.delta"] * (len(events) - 1)
    assert kinds == deltas + ["transcript.text.done"], kinds
    text = events[-1].text
    assert "".join(event.delta for event in events[:-1]) == text, events
    return report(text, len(deltas), None, events[-1].usage.output_tokens)


def translations(path):
    with open(path, "rb") as file:
        answer = client().audio.translations.create(model="whisper-1", file=file)
    with open(path, "rb") as file:
        verbose = client().audio.translations.create(
            model="whisper-1", file=file, response_format="verbose_json"
        )
    assert verbose.text == answer.text and verbose.language == "english", verbose
    assert verbose.text == " ".join(segment.text for segment in verbose.segments), verbose
    # 但 ... 如何, in whatever words the rest is.
    assert answer.text.isascii() and answer.text.startswith("But how"), answer.text
    return report(answer.text)


def models(_):
    ids = [model.id for model in client().models.list()]
    for wanted in ("whisper-1", "qwen3-asr-flash", "fun-asr-realtime"):
        assert wanted in ids, ids
    return {}


def errors(path):
    """Faults have the classes and the codes that this client knows."""
    calls = {
        (openai.AuthenticationError, "invalid_api_key"): lambda: client(key="sk-no").models.list(),
        (openai.NotFoundError, "model_not_found"): lambda: transcribe(path, model="whisper-9"),
        (openai.BadRequestError, "invalid_parameter_error"): lambda: transcribe(__file__),
        (openai.NotFoundError, "model_not_supported"): lambda: client(
            "/compatible-mode/v1"
        ).chat.completions.create(**(question(path) | {"model": "fun-asr-realtime"})),
    }
    for (kind, code), call in calls.items():
        try:
            call()
        except kind as error:
            assert error.code == code, error
            assert error.request_id, error
        else:
            raise AssertionError(f"no {kind}")
    return {}


def main():
    shape, path = sys.argv[1:]
    shapes = {
        "chat": chat,
        "chat-stream": chat_stream,
        "formats": formats,
        "stream": stream,
        "translations": translations,
        "models": models,
        "errors": errors,
    }
    print(json.dumps(shapes[shape](path)))


main()
