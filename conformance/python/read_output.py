"""Reads what one of the vendor's programs printed, and says it as JSON for the conformance run.

    python read_output.py call|microphone|file|java < output.txt

The answer is a report: the final sentences, how many interim texts there were, the request id,
both delays in milliseconds and the last usage in seconds.
"""

import ast
import json
import re
import sys

METRIC = re.compile(
    r"\[Metric\] requestId: (\S+), first package delay ms: (\S+), last package delay ms: (\S+)"
)
TEXT = re.compile(r"RecognitionCallback text:  (.*)$")
END = re.compile(r"RecognitionCallback sentence end, request_id:(\S+), usage:(.*)$")


def read_call(output):
    """The list that `Recognition.call` gives back is printed as Python prints it."""
    printed = output.split("Recognition result:\n", 1)[1].splitlines()[0]
    return [sentence["text"] for sentence in ast.literal_eval(printed)], 0, None


def read_stream(output):
    """Each text is printed as it comes; a line about the sentence's end follows the final one."""
    finals, interims, seconds, text = [], 0, None, None
    for line in output.splitlines():
        if match := TEXT.search(line):
            text, interims = match.group(1), interims + 1
        elif match := END.search(line):
            finals.append(text)
            interims -= 1
            seconds = ast.literal_eval(match.group(2))["duration"]
    return finals, interims, seconds


def read_java(output):
    """The JSON text that the Java client gives back holds interim results too."""
    line = output.split("Recognition result: ", 1)[1].splitlines()[0]
    results = json.loads(line)["sentences"]
    finals = [result["text"] for result in results if result["sentence_end"]]
    return finals, len(results) - len(finals), None


READERS = {"call": read_call, "microphone": read_stream, "file": read_stream, "java": read_java}


def main():
    output = sys.stdin.read()
    sentences, interims, seconds = READERS[sys.argv[1]](output)
    request_id, first, last = METRIC.search(output).groups()
    report = {
        "sentences": sentences,
        "interims": interims,
        "usage_seconds": seconds,
        "request_id": request_id,
        "first_delay_ms": float(first),
        "last_delay_ms": float(last),
    }
    print(json.dumps(report))


main()
