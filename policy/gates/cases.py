"""A test's one name, whoever names it: an item, a policy, a report.

Apart from the reports it is found in: who only names tests reads no XML.
"""


def case_id(name: str) -> str:
    """Return *name* as `classname::name`; pytest's node ids become what its reports say.

    `tests/test_a.py::TestC::test_b[x]` is `tests.test_a.TestC::test_b[x]`. Idempotent.
    """
    address, bracket, parameters = name.partition("[")
    parts = address.split("::")
    if parts[0].endswith(".py"):
        parts[0] = parts[0].removesuffix(".py").removeprefix("./").replace("/", ".")
    elif len(parts) > 1:
        return name
    return ".".join(parts[:-1]) + "::" + parts[-1] + bracket + parameters
