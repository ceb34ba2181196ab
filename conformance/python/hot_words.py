"""Hot words with the unmodified client: made, listed, queried, replaced, used live, deleted.

    python hot_words.py vocabularies|phrases|v2-vocabularies|v2-phrases|temporary-key a.wav

`MYNAH_OTHER_KEY` is another key of the same server, to which the lists do not exist. Prints a
report of the live recognition as `read_output.py` does.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import warnings

import dashscope
from dashscope.audio.asr import AsrPhraseManager, Recognition, VocabularyService

URL = os.environ["MYNAH_URL"]
KEY = os.environ["DASHSCOPE_API_KEY"]
OTHER_KEY = os.environ["MYNAH_OTHER_KEY"]
BASE = URL.replace("ws", "http", 1).split("/api-ws/")[0] + "/api/v1"

# The 2.x client warns that it is a preview.
warnings.simplefilter("ignore", FutureWarning)
dashscope.api_key = KEY
dashscope.base_http_api_url = BASE
dashscope.base_websocket_api_url = URL

MODEL = "fun-asr-realtime"
WORDS = [
    {"text": "workhouse", "weight": 4, "lang": "en"},
    {"text": "通义千问", "weight": 5, "lang": "zh"},
    {"text": "Model Studio"},
]
PHRASES = {"workhouse": 5, "通义千问": -2, "Model Studio": 90}
UNKNOWN = "The Required resource not exist."


def expect(what, expected, got):
    if expected != got:
        sys.exit(f"{what}: expected {expected!r}, got {got!r}")


def refused(what, call, *parts):
    """The call must raise, and the error's text name all the parts."""
    try:
        answer = call()
    except Exception as error:
        for part in parts:
            if part not in str(error):
                sys.exit(f"{what}: {part!r} is not in {error!r} {error}")
    else:
        sys.exit(f"{what}: not refused but {answer!r}")


def recognize(path, model=MODEL, phrase_id=None, api_key=KEY, **parameters):
    """Recognises a file as a live stream; the report of it."""
    dashscope.api_key = api_key
    recognition = Recognition(
        model=model, format="wav", sample_rate=16000, callback=None, **parameters
    )
    result = recognition.call(path, phrase_id=phrase_id)
    expect("status of the recognition", 200, result.status_code)
    return {
        "sentences": [sentence["text"] for sentence in result.get_sentence()],
        "interims": 0,
        "usage_seconds": None,
        "request_id": recognition.get_last_request_id(),
        "first_delay_ms": recognition.get_first_package_delay(),
        "last_delay_ms": recognition.get_last_package_delay(),
    }


def vocabularies(path):
    service = VocabularyService()
    made = service.create_vocabulary(target_model=MODEL, prefix="meet1", vocabulary=WORDS)
    expect("begin of the id", "vocab-meet1-", made[:12])
    found = service.query_vocabulary(made)
    expect("words", WORDS, found["vocabulary"])
    expect("status", "OK", found["status"])
    expect("target_model", MODEL, found["target_model"])
    time.strptime(found["gmt_create"], "%Y-%m-%d %H:%M:%S")
    for prefix in (None, "", "meet1"):
        lists = service.list_vocabularies(prefix=prefix)
        expect("lists", [made], [one["vocabulary_id"] for one in lists])
        expect("status in the list", "OK", lists[0]["status"])
    expect("lists of another prefix", [], service.list_vocabularies(prefix="meet2"))
    expect("second page", [], service.list_vocabularies(page_index=1))
    service.update_vocabulary(made, WORDS[:1])
    expect("words after the update", WORDS[:1], service.query_vocabulary(made)["vocabulary"])
    if not service.get_last_request_id():
        sys.exit("no request id")
    report = recognize(path, vocabulary_id=made)
    expect("with phrase_id", report["sentences"], recognize(path, phrase_id=made)["sentences"])
    foreign = VocabularyService(api_key=OTHER_KEY)
    for holder, name in ((foreign, made), (service, "vocab-meet1-0000")):
        for call in (
            lambda: holder.query_vocabulary(name),
            lambda: holder.update_vocabulary(name, WORDS),
            lambda: holder.delete_vocabulary(name),
        ):
            refused(name, call, "400", "BadRequest.ResourceNotExist", UNKNOWN)
    expect("lists of another key", [], foreign.list_vocabularies())
    # An id that means nothing here never fails a recognition.
    recognize(path, vocabulary_id="vocab-meet1-0000", phrase_id="nonsense")
    acts(service, path)
    mistakes(service)
    service.delete_vocabulary(made)
    refused("the deleted list", lambda: service.query_vocabulary(made), UNKNOWN)
    return report


def acts(service, path):
    """A word is written as its list has it, unless the list is for another model."""
    words = [{"text": "work house", "weight": 5}]
    for target_model, expected in ((MODEL + "-2025-11-07", True), ("fun-asr", False)):
        made = service.create_vocabulary(target_model, "acts", words)
        text = " ".join(recognize(path, vocabulary_id=made)["sentences"]).lower()
        expect(f"a list for {target_model}: {text}", expected, "work house" in text)
        service.delete_vocabulary(made)


def mistakes(service):
    def create(prefix="p", target_model=MODEL, vocabulary=WORDS):
        return lambda: service.create_vocabulary(target_model, prefix, vocabulary)

    refused("a prefix", create(prefix="Meet-1"), "400", "InvalidParameter", "input.prefix")
    refused("a model", create(target_model="nonsense"), "404", "ModelNotFound", "nonsense")
    refused("no words", create(vocabulary=[]), "InvalidParameter", "input.vocabulary")
    refused("a word", create(vocabulary=[{"text": "字" * 16}]), "input.vocabulary[0].text")
    made = []
    while len(made) < 20:
        try:
            made.append(create()())
        except Exception as error:
            if "Throttling.AllocationQuota" not in str(error):
                raise
            break
    expect("lists of a key", 10, len(made) + 1)
    expect("all lists", 10, len(service.list_vocabularies(page_size=100)))
    for name in made:
        service.delete_vocabulary(name)


def phrases(path):
    model = "paraformer-realtime-v1"

    def output(answer):
        expect("status", 200, answer.status_code)
        return answer.output

    made = output(AsrPhraseManager.create_phrases(model, PHRASES))
    expect("state of the job", "SUCCEEDED", made["status"])
    phrase_id = made["finetuned_output"]
    changed = output(AsrPhraseManager.update_phrases(model, phrase_id, PHRASES))
    expect("id after the update", phrase_id, changed["finetuned_output"])
    found = output(AsrPhraseManager.query_phrases(phrase_id))
    expect("model", model, found["model"])
    expect("job", changed["job_id"], found["job_id"])
    lists = output(AsrPhraseManager.list_phrases())
    listed = [one["finetuned_output"] for one in lists["finetuned_outputs"]]
    expect("lists", ([phrase_id], 1), (listed, lists["total"]))
    foreign = AsrPhraseManager.query_phrases(phrase_id, api_key=OTHER_KEY)
    expect("another key", (400, UNKNOWN), (foreign.status_code, foreign.message))
    report = recognize(path, model=model, phrase_id=phrase_id)
    gone = output(AsrPhraseManager.delete_phrases(phrase_id))
    expect("deleted", phrase_id, gone["finetuned_output"])
    gone = AsrPhraseManager.query_phrases(phrase_id)
    expect("code", "BadRequest.ResourceNotExist", gone.code)
    wrong = AsrPhraseManager.create_phrases("paraformer-v2", PHRASES)
    expect("a later model", (404, "ModelNotFound"), (wrong.status_code, wrong.code))
    return report


def v2_client(key=KEY):
    from dashscope.v2 import Client

    return Client(api_key=key, base_url=BASE)


def v2_vocabularies(path):
    lists = v2_client().audio.vocabularies
    made = lists.create(target_model=MODEL, prefix="v2", vocabulary=WORDS).vocabulary_id
    expect("words", WORDS, lists.get(made).vocabulary)
    expect("lists", [made], [one["vocabulary_id"] for one in lists.list(prefix="v2").vocabularies])
    lists.update(made, vocabulary=WORDS[:1])
    expect("words after the update", WORDS[:1], lists.get(made).vocabulary)
    report = recognize(path, vocabulary_id=made)
    foreign = v2_client(OTHER_KEY).audio.vocabularies
    refused("another key", lambda: foreign.get(made), UNKNOWN)
    refused("another key", lambda: foreign.delete(made), UNKNOWN)
    lists.delete(made)
    refused("the deleted list", lambda: lists.get(made), UNKNOWN)

    def wrong():
        return lists.create(target_model=MODEL, prefix="-", vocabulary=WORDS)

    refused("a prefix", wrong, "input.prefix")
    return report


def v2_phrases(path):
    lists = v2_client().audio.phrases
    model = "paraformer-realtime-v1"
    made = lists.create(model=model, phrases=PHRASES)
    expect("state of the job", "SUCCEEDED", made.status)
    lists.update(made.phrase_id, model=model, phrases=PHRASES)
    expect("id", made.phrase_id, lists.get(made.phrase_id).phrase_id)
    page = lists.list(page_no=1, page_size=1)
    expect("lists", [made.phrase_id], [one.phrase_id for one in page.phrases])
    expect("second page", [], lists.list(page_no=2, page_size=1).phrases)
    report = recognize(path, model=model, phrase_id=made.phrase_id)
    foreign = v2_client(OTHER_KEY).audio.phrases
    refused("another key", lambda: foreign.get(made.phrase_id), UNKNOWN)
    lists.delete(made.phrase_id)
    refused("the deleted list", lambda: lists.get(made.phrase_id), UNKNOWN)
    return report


def token(key, query="", body=None):
    """Asks for a temporary key: status and body of the answer."""
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{BASE}/tokens{query}", body, headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def temporary_key(path):
    status, made = token(KEY, "?expire_in_seconds=1800")
    expect("status", 200, status)
    expect("keys of the answer", {"token", "expires_at"}, set(made))
    expect("begin of the key", "st-", made["token"][:3])
    expect("life", 1800, 5 * round((made["expires_at"] - time.time()) / 5))
    status, short = token(KEY, body=b"{}")
    expect("life by default", 60, 5 * round((short["expires_at"] - time.time()) / 5))
    # It acts for the key that made it, over HTTP and on the socket.
    mine = VocabularyService(api_key=KEY)
    name = mine.create_vocabulary(MODEL, "temp", WORDS)
    temporary = VocabularyService(api_key=made["token"])
    expect("lists", [name], [one["vocabulary_id"] for one in temporary.list_vocabularies("temp")])
    report = recognize(path, api_key=made["token"], vocabulary_id=name)
    temporary.delete_vocabulary(name)
    for bad in ("0", "1801", "soon"):
        status, answer = token(KEY, f"?expire_in_seconds={bad}")
        expect(f"a life of {bad}", (400, "InvalidParameter"), (status, answer["code"]))
    for stranger in ("sk-0", "st-0", made["token"]):
        status, answer = token(stranger)
        expect("a stranger", (401, "InvalidApiKey"), (status, answer["code"]))
    return report


def main():
    shape, path = sys.argv[1:]
    shapes = (vocabularies, phrases, v2_vocabularies, v2_phrases, temporary_key)
    by_name = {shape.__name__.replace("_", "-"): shape for shape in shapes}
    print(json.dumps(by_name[shape](path)))


main()
