"""Recognition of a local file by the chat classes of the official client.

    python multimodal.py call|stream|whole|aio|v2|sentences a.wav

`call` gives the file as a URI and waits, `stream` reads new text as it comes, `whole` asks for all
text each time (which the client puts together itself), `aio` is the asynchronous class, `v2` the 2.x
client; these upload the file by themselves. `sentences` is the shape of the other model families,
with the audio inside the request, sent as the client's own 2.x example does. Prints a report.
"""

import asyncio
import base64
import json
import os
import sys
import warnings
from pathlib import Path

import dashscope

MODEL = "qwen3-asr-flash"

dashscope.base_http_api_url = os.environ["MYNAH_HTTP_URL"] + "/api/v1"


def messages(path):
    return [
        {"role": "system", "content": [{"text": ""}]},
        {"role": "user", "content": [{"audio": Path(path).resolve().as_uri()}]},
    ]


def request(path, **options):
    return {
        "model": MODEL,
        "messages": messages(path),
        "result_format": "message",
        "asr_options": {"enable_lid": True, "enable_itn": False},
        **options,
    }


def check(response):
    """What every answer has, and its text so far: empty where there is none."""
    assert response.status_code == 200, f"{response.code}: {response.message}"
    assert response.request_id, response
    choice = response.output.choices[0]
    assert choice.message.role == "assistant", response
    annotation = choice.message.annotations[0]
    assert annotation["type"] == "audio_info" and annotation["emotion"] == "neutral", annotation
    assert annotation.get("language") in ("zh", "en"), annotation
    assert isinstance(response.usage["seconds"], int), response.usage
    content = choice.message.content
    return (content[0]["text"] if content else ""), choice.finish_reason


def report(text, response, events):
    return {
        "text": text,
        "events": events,
        "seconds": response.usage["seconds"],
        "tokens": response.usage["output_tokens_details"]["text_tokens"],
    }


def call(path):
    response = dashscope.MultiModalConversation.call(**request(path))
    text, reason = check(response)
    assert reason == "stop", response
    return report(text, response, 1)


def read(responses):
    texts, reasons, last = [], [], None
    for last in responses:
        text, reason = check(last)
        texts.append(text)
        reasons.append(reason)
    assert reasons[-1] == "stop" and set(reasons[:-1]) == {"null"}, reasons
    return texts, last


def stream(path):
    options = {"stream": True, "incremental_output": True}
    texts, last = read(dashscope.MultiModalConversation.call(**request(path, **options)))
    return report("".join(texts), last, len(texts))


def whole(path):
    options = {"stream": True, "incremental_output": False}
    texts, last = read(dashscope.MultiModalConversation.call(**request(path, **options)))
    for before, after in zip(texts, texts[1:]):
        assert after.startswith(before), texts
    return report(texts[-1], last, len(texts))


async def aio(path):
    options = {"stream": True, "incremental_output": True}
    responses = await dashscope.AioMultiModalConversation.call(**request(path, **options))
    texts, last = read([response async for response in responses])
    return report("".join(texts), last, len(texts))


def client():
    from dashscope.v2 import Client

    warnings.simplefilter("ignore", FutureWarning)
    return Client(
        api_key=os.environ["DASHSCOPE_API_KEY"],
        base_url=os.environ["MYNAH_HTTP_URL"] + "/api/v1",
    )


def v2(path):
    asked = {
        "model": MODEL,
        "messages": [{"role": "user", "content": [{"type": "audio", "url": path}]}],
        "parameters": {"asr_options": {"language": "en"}},
    }
    answer = client().multimodal.chat.create(**asked)
    text = answer.choices[0].message.content
    text = text if isinstance(text, str) else "".join(part.text for part in text)
    chunks = [chunk for chunk in client().multimodal.chat.create(**asked, stream=True)]
    streamed = "".join(
        chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices
    )
    assert streamed == text, f"{streamed!r} in a stream, {text!r} at once"
    return {"text": text, "events": len(chunks), "seconds": None, "tokens": None}


def sentences(path):
    from httpx_sse import EventSource

    data = base64.b64encode(Path(path).read_bytes()).decode()
    item = {"type": "input_audio", "input_audio": {"data": f"data:audio/wav;base64,{data}"}}
    body = {
        "model": "qwen-audio-3.1-asr-flash",
        "input": {"messages": [{"role": "user", "content": [item]}]},
        "parameters": {"format": "wav", "sample_rate": "16000"},
    }
    response = client().transport.open_stream(
        "POST",
        "/services/aigc/multimodal-generation/generation",
        json=body,
        headers={"X-DashScope-SSE": "enable"},
        timeout=60,
        sdk_module="audio",
    )
    texts, end = [], 0
    try:
        for event in EventSource(response).iter_sse():
            answer = json.loads(event.data)
            assert event.event == "result" and "code" not in answer, event
            texts.append(answer["output"]["text"])
            sentence = answer["output"]["sentence"]
            assert sentence["sentence_id"] == len(texts) and sentence["sentence_end"], sentence
            assert end <= sentence["begin_time"] < sentence["end_time"], sentence
            assert sentence["words"], sentence
            end = sentence["end_time"]
    finally:
        response.close()
    seconds = answer["usage"]["duration"]
    return {"text": texts[-1], "events": len(texts), "seconds": seconds, "tokens": None}


def main():
    shape, path = sys.argv[1:]
    shapes = {
        "call": call,
        "stream": stream,
        "whole": whole,
        "aio": lambda path: asyncio.run(aio(path)),
        "v2": v2,
        "sentences": sentences,
    }
    print(json.dumps(shapes[shape](path)))


main()
