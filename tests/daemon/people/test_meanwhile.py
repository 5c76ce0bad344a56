"""What is pushed between a request, its answer and the landing: kept where it may be, or asked."""

from datetime import timedelta

from daemon.clock import SystemClock


def denied(standing, mission="H-1"):
    """Return the codes of what does not count."""
    return [
        why.split(" does not count: ")[1].split(":")[0] for why in standing.rests[mission].denied
    ]


def revokes(home, path, *, by="alice"):
    """Take a permission back with a file of one's own."""
    named = path.removeprefix("waivers/").removesuffix(".yaml")
    rows = (line.split(": ", 1) for line in home.shows(path).splitlines())
    said = {row[0]: row[1] for row in rows if len(row) == 2}
    own = "99999999-2222-4333-8444-555555555555"
    text = (
        f'schema: 1\nkind: "revocation"\nid: "{own}"\nrepo: {said["repo"]}\nref: {said["ref"]}\n'
        f'revokes: "{named}"\nreason: "it was given by mistake, sorry for that"\n'
    )
    return home.signs({f"waivers/{own}.yaml": text}, by=by)


def test_what_is_taken_back_after_it_landed_changes_nothing(home):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    path, _ = home.filled("H-1", "approval")
    home.answers("H-1", "approval")
    home.runs()
    revokes(home, path)
    home.wishes("H-2")
    assert home.runs().doubts == []
    assert (home.ended("H-1"), home.ended("H-2")) == (("PASS", "landed"), ("PASS", "landed"))


class At:
    """A clock that stands still, *off* from what it is."""

    def __init__(self, **off):
        self.at = SystemClock().now() + timedelta(**off)

    def now(self):
        return self.at


def test_an_answer_that_comes_too_late_counts_no_more_until_it_is_given_anew(home):
    home.wishes("H-1", requires_approval=True)
    home.runs()
    home.answers("H-1", "approval")
    assert denied(home.runs(clock=At(days=8))) == ["expired"]
    later = (SystemClock().now() + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def anew(text):
        lines = [line for line in text.splitlines() if not line.startswith(("id:", "expires:"))]
        own = "99999999-2222-4333-8444-555555555555"
        return "\n".join([*lines, f'id: "{own}"', f'expires: "{later}"', ""])

    _, text = home.filled("H-1", "approval")
    home.signs({"waivers/99999999-2222-4333-8444-555555555555.yaml": anew(text)})
    home.runs(clock=At(days=8))
    assert home.ended("H-1") == ("PASS", "landed")
