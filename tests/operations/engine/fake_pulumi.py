"""A stand-in for the `pulumi` command, in the shapes that the real one prints. What it is to say stands in a folder.

`$FAKE_PULUMI/calls.jsonl` gets what it was asked; `stacks.json`, `preview.json`, `export.json`, `events.jsonl`,
`outputs.json` and `fail.json` say what it answers.
"""

import json
import os
import sys
from pathlib import Path

FOLDER = Path(os.environ["FAKE_PULUMI"])
SEEN = ("PULUMI_BACKEND_URL", "PULUMI_HOME", "PULUMI_CONFIG_PASSPHRASE_FILE", "SDE_LOCAL_AZURE")


def told(name, otherwise):
    file = FOLDER / name
    return json.loads(file.read_text()) if file.exists() else otherwise


def option(arguments, name):
    return arguments[arguments.index(name) + 1] if name in arguments else None


def fail(text, code=255):
    print(text, file=sys.stderr)
    sys.exit(code)


def main(arguments):
    arguments = [a for a in arguments if a != "--non-interactive"]
    with (FOLDER / "calls.jsonl").open("a") as calls:
        print(json.dumps({"arguments": arguments, **{k: os.environ.get(k) for k in SEEN}}), file=calls)
    if arguments == ["version"]:
        print("v3.274.1")  # old enough to write its events into a file
        return
    stacks, name = told("stacks.json", []), option(arguments, "--stack")
    if arguments[:2] == ["stack", "init"]:
        (FOLDER / "stacks.json").write_text(json.dumps([*stacks, arguments[2]]))
        return
    if name is not None and name not in stacks:
        fail(f"error: no stack named '{name}' found")
    if log := option(arguments, "--event-log"):
        events = FOLDER / "events.jsonl"
        Path(log).write_text((events.read_text() if events.exists() else "") + '{"cancelEvent": {}}\n')
    if saved := option(arguments, "--save-plan"):
        urns = [step["urn"] for step in told("preview.json", {}).get("steps", [])]
        Path(saved).write_text(json.dumps(told("saved.json", {"resourcePlans": dict.fromkeys(urns)})))
    what = " ".join(arguments[:2]) if arguments[0] in ("stack", "state") else arguments[0]
    answers = {"preview": "preview.json", "stack export": "export.json", "stack output": "outputs.json"}
    if what in answers:
        print(json.dumps(told(answers[what], {}), indent=4))
    if what == "stack ls":
        print(json.dumps([{"name": s, "current": False, "updateInProgress": False} for s in stacks]))
    if what == "stack history":
        print(json.dumps([{"kind": "update", "startTime": "2026-01-02T03:04:05.000Z", "message": "", "environment": {},
                           "config": {}, "result": "succeeded"}]))  # fmt: skip
    for verb, text in told("fail.json", {}).items():
        if verb == what:
            fail(text)


main(sys.argv[1:])
