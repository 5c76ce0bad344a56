import unittest

from till.receipt import Receipt


def lunch(**changes):
    receipt = Receipt(**changes)
    receipt.add("soup", 650)
    receipt.add("bread", 235)
    return receipt


class Total(unittest.TestCase):
    def test_lines_add_up(self):
        self.assertEqual(lunch().total(), 885)

    def test_a_discount_is_taken_off(self):
        self.assertEqual(lunch(discount=85).total(), 800)


class Discount(unittest.TestCase):
    def test_a_discount_never_makes_a_total_negative(self):
        self.assertEqual(lunch(discount=1000).total(), 0)


class Shares(unittest.TestCase):
    def test_shares_pay_for_everything_with_the_tip(self):
        self.assertEqual(sum(lunch().shares(4, tip=115)), 1000)

    def test_an_odd_cent_is_paid_by_somebody(self):
        self.assertEqual(sorted(lunch().shares(2, tip=0)), [442, 443])
