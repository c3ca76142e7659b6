"""Messages to and from the domain: the one place where what arrives is checked, and what leaves is spelled."""
