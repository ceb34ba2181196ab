"""Runs one scenario of a bare client; prints a report when there is text to score.

    MYNAH_URL=... DASHSCOPE_API_KEY=... MYNAH_RECORDING=a.wav python run.py NAME
"""

import json
import os
import sys

import bad_input
import plain_http
import protocol

GROUPS = {
    "raw": protocol.SCENARIOS,
    "http": plain_http.SCENARIOS,
    "bad": bad_input.SCENARIOS,
}


def main():
    for group, scenarios in GROUPS.items():
        for scenario in scenarios:
            name = f"{group}/{scenario.__name__.replace('_', '-')}"
            if sys.argv[1] == name:
                try:
                    task = scenario(os.environ["MYNAH_RECORDING"])
                except AssertionError as error:
                    sys.exit(str(error))
                print(json.dumps(task.report() if task else {}))
                return
    sys.exit(f"there is no scenario {sys.argv[1]}")


main()
