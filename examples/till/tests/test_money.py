import unittest

from till import money


class Parse(unittest.TestCase):
    def test_two_decimals(self):
        self.assertEqual(money.parse("12.50"), 1250)

    def test_whole_amount(self):
        self.assertEqual(money.parse("7"), 700)

    def test_leading_zero_of_the_cents(self):
        self.assertEqual(money.parse("3.05"), 305)


class ParseOneDecimal(unittest.TestCase):
    def test_one_decimal_is_tens_of_cents(self):
        self.assertEqual(money.parse("12.5"), 1250)


class ParseComma(unittest.TestCase):
    def test_comma_is_a_decimal_point(self):
        self.assertEqual(money.parse("12,50"), 1250)


class Show(unittest.TestCase):
    def test_cents_have_two_digits(self):
        self.assertEqual(money.show(305), "3.05")

    def test_whole_amounts_show_their_cents(self):
        self.assertEqual(money.show(700), "7.00")


class ShowNegative(unittest.TestCase):
    def test_a_refund_has_one_sign_in_front(self):
        self.assertEqual(money.show(-305), "-3.05")


class Split(unittest.TestCase):
    def test_no_cent_is_lost(self):
        self.assertEqual(sum(money.split(1000, 3)), 1000)

    def test_shares_differ_by_one_cent_at_most(self):
        self.assertEqual(sorted(money.split(1000, 3)), [333, 333, 334])
