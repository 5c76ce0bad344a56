"""What the daemon keeps beside the repository stays bounded."""

import yaml


def test_base_trees_beyond_those_the_host_keeps_are_removed(house):
    host = house.outside.config / "host.yaml"
    settings = yaml.safe_load(host.read_text())
    host.write_text(yaml.safe_dump({**settings, "trees_kept": 2}))
    for name in ("H-1", "H-2", "H-3"):
        house.wishes(name)
    house.runs()
    assert house.ended("H-3") == ("PASS", "landed")
    layers = house.outside.state / "sandbox" / "layers"
    kept = [path for path in layers.iterdir() if path.is_dir()]
    assert len(kept) <= 4, "two trees, and what they lie on"
    assert list((house.outside.state / "sandbox" / "runs").iterdir()) == []
