"""What people decided: who signed it, where it lies, that it counts once and for what it says."""

import tempfile


def decided(served, stories, line):
    """Check each answer of each mission, and that no permission was used twice."""
    used = {}
    on_line = [one.oid for one in line]
    for story in stories.values():
        for fact in story.facts:
            if fact["kind"] != "person-answered":
                continue
            body = fact["payload"]
            mark = (story.mission, fact["seq"])
            blob = body["permission"]
            served.must(
                blob not in used, story.mission, f"{blob} was used before: {used.get(blob)}"
            )
            used[blob] = mark
            served.must(body["commit"] in on_line, story.mission, f"{blob} is not on the target")
            brought(served, story, body)
    for one in line:
        for blob in one.trailers.get("Pawl-Waiver", []) if "Pawl-Mission" in one.trailers else []:
            mission = one.says("Pawl-Mission")
            if stands(served, one, blob):
                continue
            served.must(used.get(blob, ("",))[0] == mission, mission, f"used {blob} of nobody's")


def stands(served, landing, blob):
    """Whether *blob* is a standing waiver that lay there when that was landed."""
    there = served.files(served.commit(landing.parents[0]).tree, "waivers/")
    kinds = [row for row in served.blob(blob).decode().splitlines() if row.startswith("kind: ")]
    known = [row.split(": ")[1].strip('"') for row in kinds] == ["standing-waiver"]
    return known and blob in {oid for _, oid in there.values()}


def brought(served, story, body):
    """The commit brings exactly that file, which answers that request; an approver signed it."""
    commit, blob = served.commit(body["commit"]), body["permission"]
    if not served.must(len(commit.parents) == 1, story.mission, f"{commit.oid} is a merge"):
        return
    changes = served.changes(commit.parents[0], commit.oid)
    strays = [path for path in changes if not path.startswith("waivers/")]
    served.must(not strays, story.mission, f"{commit.oid} changes {strays} beside its permission")
    here = [path for path, (_, now) in changes.items() if now[1] == blob]
    served.must(here, story.mission, f"{commit.oid} does not bring {blob}")
    said = dict(
        row.split(": ", 1) for row in served.blob(blob).decode().splitlines() if ": " in row
    )
    words = {key: value.strip().strip('"') for key, value in said.items()}
    served.must(
        words.get("kind") == body["answer"], story.mission, f"{blob} is no {body['answer']}"
    )
    served.must(words.get("mission") == story.mission, story.mission, f"{blob} is of another one")
    asked = [fact["payload"] for fact in story.facts if fact["kind"] == "person-asked"]
    shown = {one["request"]: one["shown"] for one in asked}
    answers = words.get("request") == shown.get(body["request"])
    served.must(answers, story.mission, f"{blob} answers another request than {body['request']}")
    signed = body["principal"] is None or verifies(served, commit, body["principal"])
    served.must(signed, story.mission, f"{commit.oid} is not signed by {body['principal']}")
    unsigned = body["principal"] is not None or served.mode == "unsigned-local"
    served.must(unsigned, story.mission, f"{commit.oid} was believed without a signature")


def verifies(served, commit, principal):
    """Whether git says so, by the approvers of the commit before."""
    approvers = served.files(served.commit(commit.parents[0]).tree, ".pawl/approvers")
    lines = served.blob(approvers[".pawl/approvers"][1]).splitlines(keepends=True)
    mine = [line for line in lines if line.startswith(f"{principal} ".encode())]
    with tempfile.NamedTemporaryFile() as signers:
        signers.writelines(mine)
        signers.flush()
        ask = ("-c", f"gpg.ssh.allowedSignersFile={signers.name}", "verify-commit")
        try:
            served.git(*ask, commit.oid)
        except RuntimeError:
            return False
    return bool(mine)
