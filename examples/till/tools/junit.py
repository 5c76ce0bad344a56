"""Run unittest tests and write a JUnit report: `junit.py REPORT [module[.Class]...]`.

Standard library only. The report appears in one piece at the end, so half a run leaves none.
"""

import os
import sys
import time
import traceback
import unittest
from xml.etree import ElementTree


class Cases(unittest.TestResult):
    """Each test as a `testcase`, in the order they ran."""

    def __init__(self):
        super().__init__()
        self.cases = []

    def startTest(self, test):
        super().startTest(test)
        self.began = time.perf_counter()

    def case(self, test, tag=None, text=""):
        classname, _, name = test.id().rpartition(".")
        seconds = time.perf_counter() - getattr(self, "began", time.perf_counter())
        element = ElementTree.Element(
            "testcase", classname=classname, name=name, time=f"{seconds:.3f}"
        )
        if tag:
            message = text.strip().rpartition("\n")[2]
            ElementTree.SubElement(element, tag, message=message).text = text
        self.cases.append(element)

    def addSuccess(self, test):
        self.case(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.case(test, "failure", "".join(traceback.format_exception(*err)))

    def addError(self, test, err):
        super().addError(test, err)
        self.case(test, "error", "".join(traceback.format_exception(*err)))

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.case(test, "failure", "".join(traceback.format_exception(*err)))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.case(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.case(test, "skipped", "expected failure")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.case(test, "failure", "unexpected success")

    def write(self, path):
        failures = sum(case.find("failure") is not None for case in self.cases)
        errors = sum(case.find("error") is not None for case in self.cases)
        skipped = sum(case.find("skipped") is not None for case in self.cases)
        suite = ElementTree.Element(
            "testsuite",
            name="unittest",
            tests=str(len(self.cases)),
            failures=str(failures),
            errors=str(errors),
            skipped=str(skipped),
        )
        suite.extend(self.cases)
        part = f"{path}.part"
        ElementTree.ElementTree(suite).write(part, encoding="utf-8", xml_declaration=True)
        os.replace(part, path)


def main(report, names):
    sys.path.insert(0, os.getcwd())
    loader = unittest.TestLoader()
    suite = (
        loader.loadTestsFromNames(names) if names else loader.discover("tests", top_level_dir=".")
    )
    cases = Cases()
    suite.run(cases)
    cases.write(report)
    bad = [
        case
        for case in cases.cases
        if case.find("failure") is not None or case.find("error") is not None
    ]
    for case in bad:
        print("FAILED", f"{case.get('classname')}::{case.get('name')}")
    print(f"{cases.testsRun} tests, {len(bad)} failed")
    return 1 if bad or not cases.testsRun else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
