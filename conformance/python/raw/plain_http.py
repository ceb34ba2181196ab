"""Scenarios over plain HTTP: faults that every route answers alike, and the limit on starts."""

import http.client
import json
import time
from urllib.parse import urlsplit

from wire import KEY, URL, Task, expect, require

PLACE = urlsplit(URL)
CUSTOMIZATION = "/api/v1/services/audio/asr/customization"
LIST = {"model": "speech-biasing", "input": {"action": "list_vocabulary"}}
STARTS_MAX = 200


def ask(method, path, body=None, key=KEY, **headers):
    """Status and JSON body of an answer, whose request id must be in its head too."""
    connection = http.client.HTTPConnection(PLACE.hostname, PLACE.port, timeout=10)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    expect("content type", "application/json", answer.headers["content-type"])
    body = json.loads(answer.read())
    expect("x-request-id", body["request_id"], answer.headers["x-request-id"])
    return answer.status, body


def refused(answer, status, code, message):
    got, body = answer
    expect("status", status, got)
    expect("code", code, body["code"])
    expect("message", message, body["message"])


def unknown_path(path):
    for unknown in ("/", "/api/v1", "/api/v1/nonsense", CUSTOMIZATION + "/x"):
        refused(ask("POST", unknown, "{}"), 404, "NotFound", "Request path not found.")


def wrong_method(path):
    for method, known in (
        ("GET", CUSTOMIZATION),
        ("PUT", "/api/v1/fine-tunes"),
        ("POST", "/api/v1/fine-tunes/outputs/x"),
        ("GET", "/api/v1/tokens"),
    ):
        text = f"Request method '{method}' is not supported."
        refused(ask(method, known), 400, "InvalidParameter", text)


def wrong_body(path):
    text = "Required body invalid, please check the request body format."
    for body in ("", "{", "[]", "null", '"x"', b"\xff", "[" * 10_000):
        refused(ask("POST", CUSTOMIZATION, body), 400, "InvalidParameter", text)
        refused(ask("POST", "/api/v1/fine-tunes", body), 400, "InvalidParameter", text)
    text = "Payload Too Large."
    refused(ask("POST", CUSTOMIZATION, " " * (2 << 20)), 400, "BadRequest.TooLarge", text)


def missing_parts(path):
    def post(body):
        return ask("POST", CUSTOMIZATION, json.dumps(body))

    text = 'Required parameter "model" missing from request.'
    for body in ({"input": {}}, {**LIST, "model": ""}, {**LIST, "model": None}):
        refused(post(body), 400, "BadRequest.EmptyModel", text)
    text = "Required input parameter missing from request."
    for body in ({"model": "x"}, {"model": "x", "input": None}):
        refused(post(body), 400, "BadRequest.EmptyInput", text)
    refused(post({"model": "x", "input": []}), 400, "InvalidParameter", "input json error.")


def keys(path):
    body = json.dumps(LIST)
    text = "Invalid API-key provided."
    refused(ask("POST", CUSTOMIZATION, body, key="sk-0"), 401, "InvalidApiKey", text)
    text = "No API-key provided."
    refused(ask("POST", CUSTOMIZATION, body, key=None), 401, "InvalidApiKey", text)
    for headers in ({"Content_Type": "text/plain"}, {"X_DashScope_Anything": "1"}, {}):
        status, answer = ask("POST", CUSTOMIZATION, body, **headers)
        expect("status", 200, status)
        require("code" not in answer, "a code in a good answer")


def asynchronous(path):
    answer = ask("POST", CUSTOMIZATION, json.dumps(LIST), X_DashScope_Async="enable")
    text = "current user api does not support asynchronous calls."
    refused(answer, 403, "AccessDenied", text)


def start_rate(path):
    """More than 20 tasks a second of one model are refused; another model and a pause are fine."""

    def start(model):
        task = Task(model=model)
        task.send(task.run)
        header = task.event()["header"]
        task.ws.close()
        return header

    for _ in range(STARTS_MAX):
        header = start("paraformer-realtime-v1")
        if header["event"] == "task-failed":
            break
    else:
        raise AssertionError(f"{STARTS_MAX} tasks were started")
    expect("code", "Throttling.RateQuota", header["error_code"])
    text = "Requests rate limit exceeded, please try again later."
    expect("text", text, header["error_message"])
    expect("another model", "task-started", start("paraformer-realtime-v2")["event"])
    time.sleep(1.1)
    expect("after a second", "task-started", start("paraformer-realtime-v1")["event"])


SCENARIOS = [
    unknown_path,
    wrong_method,
    wrong_body,
    missing_parts,
    keys,
    asynchronous,
    start_rate,
]
