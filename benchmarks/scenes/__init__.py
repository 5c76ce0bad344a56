"""What is measured on: served repositories, backlogs, ledgers of any size."""
