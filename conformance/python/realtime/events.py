"""Checks the events of a real-time session as they come, and reports what was said.

Whatever client reads them, the events of every dialect keep the same promises: each item goes
through its stages in order and ends exactly once, text that was confirmed stays, all deltas make
the transcript, and nothing follows `session.finished`.
"""

import json

TRANSCRIPTION = "conversation.item.input_audio_transcription."
STAGES = {
    "input_audio_buffer.speech_started": (None, 1),
    "input_audio_buffer.speech_stopped": (1, 2),
    "conversation.item.created": (3, 4),
    "conversation.item.added": (3, 4),
    "conversation.item.done": (4, 5),
    TRANSCRIPTION + "completed": (4, 6),
    TRANSCRIPTION + "failed": (4, 6),
}
SESSION_EVENTS = {
    "session.created",
    "session.updated",
    "transcription_session.created",
    "transcription_session.updated",
    "input_audio_buffer.cleared",
    "session.finished",
    "error",
}


def require(condition, message):
    if not condition:
        raise AssertionError(message)


class Events:
    def __init__(self):
        self.stages = {}
        self.texts = {}
        self.previous = ""
        self.session = None
        self.types = []
        self.errors = []
        self.transcripts = []
        self.languages = []
        self.interims = 0

    def see(self, event):
        """Takes an event as a dictionary and returns its type."""
        kind = event["type"]
        require(event["event_id"].startswith("event_"), f"event_id of {event}")
        require(self.types[-1:] != ["session.finished"], f"{kind} after session.finished")
        require(self.types or kind.endswith("session.created"), f"{kind} comes first")
        self.types.append(kind)
        if kind in STAGES:
            self.step(event, *STAGES[kind])
        elif kind == "input_audio_buffer.committed":
            item = event["item_id"]
            require(self.stages.get(item, 2) == 2, f"{item} is committed while spoken")
            require((event["previous_item_id"] or "") == self.previous, "previous_item_id is wrong")
            self.stages[item], self.previous = 3, item
        elif kind.startswith(TRANSCRIPTION):
            self.grow(event)
        else:
            require(kind in SESSION_EVENTS, f"unknown event {kind}")
        if kind.endswith("session.created") or kind.endswith("session.updated"):
            self.session = event["session"]
        if kind == "error":
            keys = {"type", "code", "message", "param", "event_id"}
            require(set(event["error"]) == keys, f"keys of {event}")
            self.errors.append(event["error"])
        return kind

    def step(self, event, before, after):
        item = event["item_id"] if "item_id" in event else event["item"]["id"]
        stage = self.stages.get(item)
        # OpenAI's items are done before they are completed; the others have no such event.
        in_order = stage == before or (after == 6 and stage == 5)
        require(in_order, f"{event['type']} of an item in stage {stage}")
        self.stages[item] = after
        if event["type"].endswith(".completed"):
            told = self.texts.get(item)
            if "emotion" in event:
                require(event["emotion"] == "neutral", f"emotion of {event}")
                self.languages.append(event["language"])
            else:
                require((told or "") == event["transcript"], f"deltas {told!r} of {event}")
            require(event["usage"]["type"] == "duration", f"usage of {event}")
            self.transcripts.append(event["transcript"])

    def grow(self, event):
        item = event["item_id"]
        require(item in self.stages and self.stages[item] < 6, f"text of no open item: {event}")
        self.interims += 1
        told = self.texts.get(item, "")
        if event["type"].endswith(".delta"):
            self.texts[item] = told + event["delta"]
            return
        require(event["type"].endswith(".text"), f"unknown event {event['type']}")
        require(event["text"].startswith(told), f"{event['text']!r} takes back {told!r}")
        require(event["text"] + event["stash"], "an empty preview")
        self.texts[item] = event["text"]

    def print_report(self):
        """Prints what the conformance run scores; every committed item must have ended."""
        require(not self.errors, f"errors: {self.errors}")
        require(all(stage == 6 for stage in self.stages.values()), f"open items: {self.stages}")
        print(
            json.dumps(
                {
                    "sentences": self.transcripts,
                    "interims": self.interims,
                    "usage_seconds": None,
                    "request_id": self.session["id"],
                    "first_delay_ms": 0.0,
                    "last_delay_ms": 0.0,
                }
            )
        )
