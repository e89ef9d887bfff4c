"""Four published recovery-code APIs, each on its exact wire contract and on one policy."""
