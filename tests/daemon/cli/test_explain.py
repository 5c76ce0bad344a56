"""`explain` of everything: what holds an open mission up is told there as well."""


def test_a_held_mission_says_in_the_list_why_it_rests(served):
    served.git("reset", "-q", "--hard")
    served.write("README.md", "an edit nobody has committed\n")
    assert served.pawl("once").code == 9
    said = served.pawl("explain").out
    (row,) = [line for line in said.splitlines() if line.startswith("HELLO-1")]
    assert "is open; held: " in row
    assert "README.md" in row
    entry = served.pawl("explain", "--json").json["items"]["HELLO-1"]
    assert (entry["reason"], entry["rests"]["reason"]) == ("running", "held")
    assert entry["rests"]["why"] in row
    assert entry["rests"]["why"] in served.pawl("explain", "HELLO-1").out
    served.git("checkout", "-q", "README.md")
    assert served.pawl("once").code == 0
    assert "rests" not in served.pawl("explain", "--json").json["items"]["HELLO-1"]
