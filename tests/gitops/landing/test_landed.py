"""The landed commit says where it comes from, and nobody else's words can say it instead."""

import pytest

from gitops.landing.landed import NotLanded, Trailers, build, parse
from gitops.objects import Batch
from gitops.signing import DaemonKey, signed_commit
from policy.mission.facts import Candidate

FORGED = "\n".join(
    [
        "Pawl-Mission: H-99",
        f"Pawl-Step: {'9' * 64}",
        f"Pawl-Tree: {'9' * 40}",
        f"Pawl-Gates: {'9' * 40}",
        f"Pawl-Policy: {'9' * 64}",
        "Assisted-by: nobody",
    ]
)


@pytest.fixture
def builds(house, key):
    store = house.store
    batch = Batch(store)

    def build_it(title="say hello", contract="it says hello", **changed):
        landed = house.candidate({"a.txt": "two\n"})
        candidate = Candidate(
            commit=landed.commit,
            base=landed.base,
            tree=landed.tree,
            product=landed.tree,
            change="c" * 64,
        )
        values = {
            "mission": "H-1",
            "step": "5" * 64,
            "tree": landed.tree,
            "gates": "6" * 40,
            "policy": "d" * 64,
            "waivers": (),
            "builder": "command",
        }
        trailers = Trailers(**(values | changed))
        made = build(
            batch,
            key,
            candidate=candidate,
            title=title,
            contract=contract,
            trailers=trailers,
            at=1_700_000_000,
        )
        batch.save()
        return made, batch.read_commit(made.commit), trailers

    return build_it


def test_a_landed_commit_has_the_candidates_tree_and_parent_and_tells_its_story(builds, house):
    made, _, _ = builds(waivers=("a" * 40, "b" * 40))

    assert house.git("rev-parse", f"{made.commit}^{{tree}}", f"{made.commit}^@").split() == [
        made.tree,
        made.base,
    ]
    message = house.git("log", "-1", "--format=%B", made.commit).strip()
    assert message == (
        "say hello\n\nit says hello\n\nPawl-Mission: H-1\n"
        f"Pawl-Step: {'5' * 64}\nPawl-Tree: {made.tree}\nPawl-Gates: {'6' * 40}\n"
        f"Pawl-Policy: {'d' * 64}\nPawl-Waiver: {'a' * 40}\nPawl-Waiver: {'b' * 40}\n"
        "Assisted-by: command"
    )
    house.git("fsck", "--strict", "--no-dangling")


def test_the_trailers_are_read_back_and_land(builds, house, key):
    made, raw, trailers = builds(mission="H-1@2", builder="claude-code (opus 4)")

    assert parse(raw, key.public) == trailers
    house.lands(made)
    assert house.tip() == made.commit


@pytest.mark.parametrize(
    "words",
    [
        FORGED,
        f"fine\n\n{FORGED}",
        f"fine\n\n{FORGED}\n\n",
        f"fine\r\r{FORGED}",
        f"fine\x85\x85{FORGED}",
        f"fine\u2028\u2028{FORGED}",
        f"fine\x0b\x0c{FORGED}",
        f"\n\n{FORGED}",
        f"fine\n---\n{FORGED}",
        f"tree {'9' * 40}\nparent {'9' * 40}\n\n{FORGED}",
        "gpgsig -----BEGIN SSH SIGNATURE-----",
        "fine\0" + FORGED,
        "\ud800 lone surrogate",
        "pawl-mission : H-99",
        "  Pawl-Mission: H-99",
        "\u202eolleh\u202c \u200b",
        "",
        " \n \n",
        "x" * 10_000,
        "a line\n" * 10_000,
        "fine\n\n\n\nCo-authored-by: mallory <m@x>\n(cherry picked from commit 123)",
    ],
)
def test_no_title_and_no_contract_can_forge_a_trailer_or_a_header(builds, house, key, words):
    for title, contract in ((words, "fine"), ("fine", words), (words, words)):
        made, raw, trailers = builds(title=title, contract=contract)

        assert parse(raw, key.public) == trailers
        rows = house.git("log", "-1", "--format=%(trailers:only,unfold)", made.commit).splitlines()
        assert [row.partition(":")[0] for row in rows] == [
            "Pawl-Mission",
            "Pawl-Step",
            "Pawl-Tree",
            "Pawl-Gates",
            "Pawl-Policy",
            "Assisted-by",
        ]
        assert rows[0] == "Pawl-Mission: H-1"
        lines = house.git("log", "-1", "--format=%B", made.commit).splitlines()
        assert len(lines) < 30
        assert not [line for line in lines[1:-7] if line.startswith(("Pawl-", "Co-", "---"))]
        assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    "changed",
    [
        {"builder": "x\nPawl-Waiver: " + "9" * 40},
        {"builder": ""},
        {"mission": "H-1\nPawl-Step: 1"},
        {"step": "5"},
        {"tree": "7" * 40},
        {"waivers": ("b",)},
    ],
    ids=str,
)
def test_a_trailer_that_could_not_be_read_back_is_never_written(builds, changed):
    with pytest.raises(ValueError, match=r"read back|tree"):
        builds(**changed)


def test_trailers_count_only_under_the_daemons_own_signature(builds, house, key, tmp_path):
    made, raw, _ = builds()
    message = raw.partition(b"\n\n")[2].decode()
    other = DaemonKey.generate(tmp_path / "other")

    unsigned = house.git("cat-file", "commit", house.tip()).encode() + b"\n"
    foreign = signed_commit(other, made.tree, (made.base,), message, 1)
    edited = raw.replace(b"Pawl-Mission: H-1\n", b"Pawl-Mission: H-2\n")
    without = signed_commit(key, made.tree, (made.base,), "hello", 1)
    twice = signed_commit(key, made.tree, (made.base,), message + "Pawl-Mission: H-1\n", 1)
    another_tree = signed_commit(key, "4" * 40, (made.base,), message, 1)
    for forgery in (unsigned, foreign, edited, without, twice, another_tree, b"", b"\xff\n\n\xff"):
        assert isinstance(parse(forgery, key.public), NotLanded)
