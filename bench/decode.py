"""Decodes the answer in a file with xmlrpc.client and prints the milliseconds that it took."""

import sys
import time
import xmlrpc.client

with open(sys.argv[1], "rb") as file:
    answer = file.read()

started = time.perf_counter()
xmlrpc.client.loads(answer)
print((time.perf_counter() - started) * 1000)
