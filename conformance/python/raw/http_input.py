"""Bare HTTP requests to the routes that take files: what is wrong is answered as documented.

    MYNAH_HTTP_URL=... DASHSCOPE_API_KEY=... python http_input.py NAME a.wav
"""

import base64
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

BASE = os.environ["MYNAH_HTTP_URL"]
KEY = {"Authorization": f"Bearer {os.environ['DASHSCOPE_API_KEY']}"}
GENERATION = f"{BASE}/api/v1/services/aigc/multimodal-generation/generation"
UPLOADS = f"{BASE}/api/v1/uploads"


def body(audio, model="qwen3-asr-flash"):
    return {
        "model": model,
        "input": {"messages": [{"role": "user", "content": [{"audio": audio}]}]},
    }


def data_uri(bytes_):
    return "data:audio/wav;base64," + base64.b64encode(bytes_).decode()


def wav(seconds, rate=8000):
    """Silence."""
    size = int(seconds * rate) * 2
    rates = rate.to_bytes(4, "little") + (rate * 2).to_bytes(4, "little")
    head = b"RIFF" + (size + 36).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\1\0\1\0" + rates
    return head + b"\2\0\x10\0data" + size.to_bytes(4, "little") + bytes(size)


def post(json_body, headers=KEY):
    return requests.post(GENERATION, json=json_body, headers=headers, timeout=60)


def expect(answer, status, code, part=""):
    found = answer.json()
    assert answer.status_code == status and found["code"] == code, answer.text
    assert part in found["message"], answer.text
    assert found["request_id"] == answer.headers["x-request-id"], answer.text


def wrong_key(_):
    expect(post(body("x"), {"Authorization": "Bearer sk-no"}), 401, "InvalidApiKey")
    expect(requests.get(UPLOADS, timeout=10), 401, "InvalidApiKey")
    # A stranger's body is not read, however large it is said to be.
    headers = {"Content-Length": "100000000"}
    expect(requests.post(GENERATION, headers=headers, timeout=10), 401, "InvalidApiKey")


def missing_keys(_):
    expect(post({}), 400, "BadRequest.EmptyModel")
    expect(post({"model": "qwen3-asr-flash"}), 400, "BadRequest.EmptyInput")
    expect(post(body("x", "qwen-vl-max")), 404, "ModelNotFound")
    expect(post(body("x", "fun-asr-realtime")), 400, "InvalidParameter", "url error")
    expect(post(body("")), 400, "InvalidParameter", "empty")
    asynchronous = KEY | {"X-DashScope-Async": "enable"}
    expect(post(body("x"), asynchronous), 403, "AccessDenied", "asynchronous")
    broken = requests.post(GENERATION, data="{", headers=KEY, timeout=10)
    expect(broken, 400, "InvalidParameter", "body format")


def bad_audio(_):
    expect(post(body("data:audio/wav;base64,%%%%")), 400, "InvalidParameter", "URL")
    expect(post(body("AAAA")), 400, "InvalidParameter", "URL")
    not_audio = data_uri(b"<html>nothing to hear</html>")
    expect(post(body(not_audio)), 400, "InvalidParameter", "cannot be opened")
    # An error before the first event of a stream is an ordinary answer.
    stream = KEY | {"X-DashScope-SSE": "enable"}
    expect(post(body(not_audio), stream), 400, "InvalidParameter", "cannot be opened")
    expect(post(body(data_uri(wav(0.5)))), 400, "InvalidFile.AudioLengthError", "1s and 300s")
    expect(post(body(data_uri(wav(301)))), 400, "InvalidFile.AudioLengthError", "1s and 300s")
    expect(post(body(data_uri(bytes(8_000_000)))), 400, "InvalidParameter", "10485760'")
    expect(post(body(data_uri(bytes(13_000_000)))), 400, "BadRequest.TooLarge")


def silence(_):
    answer = post(body(data_uri(wav(2))))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["output"]["choices"][0]["message"]["content"] == [{"text": ""}], found
    assert found["usage"]["seconds"] == 2, found


def private_url(_):
    port = BASE.rsplit(":", 1)[1]
    for url in (
        f"{BASE}/health",
        f"http://localhost:{port}/health",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://2130706433/",
        "http://[::ffff:7f00:1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/a.wav",
    ):
        begun = time.monotonic()
        expect(post(body(url)), 400, "InvalidFile.DownloadFailed", "cannot be downloaded")
        assert time.monotonic() - begun < 3, f"{url} was tried"
    expect(post(body("file:///etc/passwd")), 400, "InvalidParameter", "URL")


def policy():
    asked = {"action": "getPolicy", "model": "qwen3-asr-flash"}
    answer = requests.get(UPLOADS, params=asked, headers=KEY, timeout=10)
    assert answer.status_code == 200 and "output" not in answer.json(), answer.text
    return answer.json()["data"]


def upload(data, name, bytes_, **changed):
    form = {
        "OSSAccessKeyId": data["oss_access_key_id"],
        "Signature": data["signature"],
        "policy": data["policy"],
        "key": f"{data['upload_dir']}/{name}",
        "success_action_status": "200",
    }
    form |= changed
    return requests.post(data["upload_host"], data=form, files={"file": bytes_}, timeout=30)


def uploads(path):
    resolve = KEY | {"X-DashScope-OssResourceResolve": "enable"}
    data = policy()
    name = "a name, 数.wav"
    answer = upload(data, name, Path(path).read_bytes())
    assert answer.status_code == 200 and not answer.content, answer.text
    reference = f"oss://{data['upload_dir']}/{name}"
    answer = post(body(reference), resolve)
    assert answer.status_code == 200, answer.text
    expect(post(body(reference)), 400, "InvalidParameter.DataInspection")
    for unknown in (reference + "x", "oss://dashscope-instant/../../mynah.sqlite", "oss://"):
        expect(post(body(unknown), resolve), 400, "InvalidFile.DownloadFailed")
    other = {"key": f"{policy()['upload_dir']}/{name}"}
    expect(upload(data, name, b"x", **other), 403, "AccessDenied")
    expect(upload(data, name, b"x", Signature="AAAA"), 403, "AccessDenied")
    expect(upload(data, name, b"x"), 400, "InvalidParameter")
    expect(upload(data, "..", b"x", key="../../x"), 403, "AccessDenied")


def spoken(path, times):
    """A recording, many times over."""
    samples = Path(path).read_bytes()[44:] * times
    return data_uri(wav(0, 16000)[:40] + len(samples).to_bytes(4, "little") + samples)


def abandoned(path):
    """Clients that do not wait for their answers do not use up the places, nor the workers."""
    asked = body(spoken(path, 12))
    for _ in range(24):
        try:
            answer = requests.post(GENERATION, json=asked, headers=KEY, timeout=0.3)
            raise AssertionError(f"an answer already: {answer.text}")
        except requests.exceptions.ReadTimeout:
            pass
    begun = time.monotonic()
    answer = post(body(spoken(path, 1)))
    assert answer.status_code == 200, answer.text
    took = time.monotonic() - begun
    assert took < 30, f"an answer after {took:.0f} s"


def too_many(path):
    """Beyond the limit of 16 requests are refused at once, and not kept waiting."""
    asked = body(spoken(path, 12))

    def ask(_):
        try:
            return requests.post(GENERATION, json=asked, headers=KEY, timeout=3)
        except requests.exceptions.ReadTimeout:
            return None

    with ThreadPoolExecutor(20) as pool:
        answers = [answer for answer in pool.map(ask, range(20)) if answer is not None]
    assert len(answers) == 4, [answer.text for answer in answers]
    for answer in answers:
        expect(answer, 429, "Throttling.RateQuota")


SCENARIOS = {
    "wrong-key": wrong_key,
    "missing-keys": missing_keys,
    "bad-audio": bad_audio,
    "silence": silence,
    "private-url": private_url,
    "uploads": uploads,
    "abandoned": abandoned,
    "too-many": too_many,
}


def main():
    try:
        SCENARIOS[sys.argv[1]](sys.argv[2])
    except AssertionError as error:
        sys.exit(str(error))
    print(json.dumps({}))


main()
