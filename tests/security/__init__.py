"""What attackers send, written anew from the public literature: each is refused, or passes with one reading."""
