"""Lists: filters, orders, and the safe regular expressions in both."""
