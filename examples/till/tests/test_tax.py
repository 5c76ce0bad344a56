import unittest

from till import tax


class Contained(unittest.TestCase):
    def test_nineteen_percent(self):
        self.assertEqual(tax.contained(11900, 19), 1900)

    def test_is_rounded_to_the_nearest_cent(self):
        self.assertEqual(tax.contained(100, 7), 7)


class Lines(unittest.TestCase):
    def test_a_receipt_knows_the_tax_in_it(self):
        self.assertEqual(tax.of_lines([("soup", 1190), ("bread", 2380)], 19), 570)
