"""Everything for a trial on one machine: parties with their keys, what they agree on, servers, and signed facts."""
