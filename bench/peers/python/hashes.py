"""Hashes a password for each line that it reads by libargon2, and says how many milliseconds that took."""

import sys
import time

from argon2 import PasswordHasher

memory_kib, passes, lanes = map(int, sys.argv[1:])
hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)
for _ in sys.stdin:
    started = time.perf_counter()
    hasher.hash("fenêtre sirop balcon 47 tambour")
    print((time.perf_counter() - started) * 1e3, flush=True)
