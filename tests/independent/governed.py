"""What the policy has to do with it: under which one a landing was judged, what is said twice."""


def governed(served, story):
    judged_under_what_it_lands_under(served, story)
    nothing_is_said_twice(served, story)


def judged_under_what_it_lands_under(served, story):
    """Nothing lands by what gates said under another policy (DESIGN 7)."""
    judged = None
    for fact in story.facts:
        if fact["kind"] == "gates-judged":
            judged = fact["policy"]
        if fact["kind"] == "landing-started":
            same = fact["policy"] == judged
            served.must(same, story.mission, f"{fact['seq']} lands under another policy")


def nothing_is_said_twice(served, story):
    """No builder is given the same again that failed by its fault, unless a person gave more."""
    prompts, failed = {}, set()
    for fact in story.facts:
        body = fact["payload"]
        match fact["kind"]:
            case "attempt-started":
                again = body.get("prompt") in failed
                served.must(not again, story.mission, f"{fact['seq']} says what was said before")
                prompts[body["n"]] = body.get("prompt")
            case "failure-classified" if body["origin"] == "item":
                failed.add(prompts.get(body["n"]))
                failed.discard(None)
            case "candidate-conflicted":
                failed.add(prompts.get(body["n"]))
                failed.discard(None)
            case "person-answered" if body["answer"] in ("resume", "grant"):
                return
