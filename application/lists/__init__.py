"""Which fields each list can be filtered, sorted and searched by."""
