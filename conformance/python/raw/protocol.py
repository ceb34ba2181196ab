"""Scenarios of the ordinary flow, beyond what the official clients do."""

import json
import struct
import time
import uuid

import websocket

from wire import KEY, URL, Task, action, connect, expect, require, samples


def recognized(path, ws=None, task_id=None, pcm=None, **parameters):
    task = Task(ws, task_id, **parameters).start()
    task.audio(samples(path) if pcm is None else pcm)
    task.finish()
    return task.until_finished()


def own_task_id(path):
    """A dashed id is echoed as it was given."""
    return recognized(path, task_id=str(uuid.uuid4()))


def pace(path):
    """At real-time pace interims come while the speech lasts, and the end comes soon."""
    task = Task().start()
    task.audio(samples(path), pace=0.1)
    stopped = time.monotonic()
    task.finish()
    task.until_finished()
    waited = time.monotonic() - stopped
    require(task.interims >= 3, f"only {task.interims} interims in a whole recording")
    require(waited < 5.0, f"{waited:.1f} s from finish-task to task-finished")
    return task


def word_times(path):
    """Words follow each other inside of their sentence, and sentences do."""
    task, heard_ms = recognized(path), 0
    for sentence in task.finals:
        require(sentence["words"], "a sentence without words")
        require(heard_ms <= sentence["begin_time"], "a sentence begins before the last one ends")
        heard_ms = sentence["begin_time"]
        for word in sentence["words"]:
            begin, end = word["begin_time"], word["end_time"]
            require(
                heard_ms <= begin <= end <= sentence["end_time"],
                f"{word['text']!r} from {begin} to {end} ms, but its sentence lasts from "
                f"{sentence['begin_time']} to {sentence['end_time']} ms, and the word before it "
                f"begins at {heard_ms} ms",
            )
            heard_ms = begin
        heard_ms = sentence["end_time"]
    return task


def audio_before_started(path):
    """Nobody waits for task-started: audio and even finish-task come right behind run-task."""
    task = Task()
    task.send(task.run)
    task.audio(samples(path))
    task.finish()
    return task.until_finished()


def reuse(path):
    """Two tasks on one connection; late frames of the first are dropped without a word."""
    ws = connect()
    first = recognized(path, ws)
    ws.send_binary(bytes(3200))
    first.finish()
    second = recognized(path, ws)
    expect("the second result", first.sentences, second.sentences)
    return second


def same_id_on_a_new_connection(path):
    """The official client restarts with the same id on a new socket."""
    task_id = uuid.uuid4().hex
    recognized(path, task_id=task_id)
    return recognized(path, task_id=task_id)


def key_in_query(path):
    """Browsers cannot set headers."""
    return recognized(path, connect(f"{URL}/?api_key={KEY}", headers=[]))


def lower_case_bearer(path):
    return recognized(path, connect(headers=[f"Authorization: bearer {KEY}"]))


def trailing_slash(path):
    return recognized(path, connect(URL + "/"))


def foreign_origin(path):
    """Bearer-authenticated calls come with any Origin."""
    return recognized(path, connect(origin="http://example.com"))


def unknown_parameters(path):
    """What the official clients add without meaning it."""
    noise = {"stream": True, "pre_task_id": "x", "source_language": None, "speaker_count": 2}
    return recognized(path, diarization_enabled=False, **noise)


def inline_vocabulary(path):
    """Words in the call itself, beside a list that does not exist."""
    words = {"Kestrel": 4, "通义千问": 50, "Fjordline": -3}
    model = "qwen-audio-3.1-asr-flash-streaming"
    return recognized(path, model=model, vocabulary=words, vocabulary_id="vocab-x-0")


def context_update(path):
    """A continue-task in the middle has no answer and does no harm."""
    task, pcm = Task().start(), samples(path)
    task.audio(pcm[:32000])
    content = [{"type": "input_text", "text": "terms: Kestrel, Fjordline"}]
    context = {"context": [{"role": "user", "content": content}]}
    task.send(action("continue-task", task.id, context))
    task.audio(pcm[32000:])
    task.finish()
    return task.until_finished()


def second_run_task(path):
    """A task on a connection that still has one."""
    task = Task().start()
    task.send({**task.run, "header": {**task.run["header"], "task_id": uuid.uuid4().hex}})
    # Which of the two ids the failure carries is not documented.
    header = json.loads(task.next_message())["header"]
    expect("event", "task-failed", header["event"])
    message = "Invalid action('run-task')! Please follow the protocol!"
    expect("error_message", message, header["error_message"])
    expect("after task-failed", None, task.next_message())


def ping(path):
    """Pings are answered while audio is being decoded."""
    task = Task().start()
    task.audio(samples(path))
    task.ws.ping("still there")
    asked, pong = time.monotonic(), None
    while pong is None:
        opcode, data = task.ws.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_PONG:
            pong = data
    require(time.monotonic() - asked < 15.0, "the pong took too long for the official client")
    expect("pong", b"still there", pong)


def silence(path):
    """Audio without speech ends well and empty."""
    task = Task().start()
    task.audio(bytes(3 * 32000))
    task.finish()
    expect("sentences of silence", [], task.until_finished().sentences)


def wav_as_pcm(path):
    """A whole WAV file in a stream declared raw: its header must be harmless."""
    with open(path, "rb") as file:
        return recognized(path, pcm=file.read())


def pcm_as_wav(path):
    """Raw samples in a stream declared WAV."""
    return recognized(path, format="wav")


def wav_cut_anywhere(path):
    """A WAV stream whose header and samples are cut at odd places."""
    task = Task(format="wav").start()
    with open(path, "rb") as file:
        while piece := file.read(37 if file.tell() < 1000 else 3333):
            task.ws.send_binary(piece)
    task.finish()
    return task.until_finished()


def telephone(path):
    """The 8 kHz family with 8 kHz audio."""
    pcm = samples(path)
    wide = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    narrow = [(a + b) // 2 for a, b in zip(wide[::2], wide[1::2])]
    pcm = struct.pack(f"<{len(narrow)}h", *narrow)
    return recognized(path, pcm=pcm, model="paraformer-realtime-8k-v2", sample_rate=8000)


SCENARIOS = [
    own_task_id,
    pace,
    word_times,
    audio_before_started,
    reuse,
    same_id_on_a_new_connection,
    key_in_query,
    lower_case_bearer,
    trailing_slash,
    foreign_origin,
    unknown_parameters,
    inline_vocabulary,
    context_update,
    second_run_task,
    ping,
    silence,
    wav_as_pcm,
    pcm_as_wav,
    wav_cut_anywhere,
    telephone,
]
