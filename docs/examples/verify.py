# curl -s http://127.0.0.1:7400/v1/events > log.ndjson && python3 verify.py log.ndjson
import hashlib, json, sys

previous, position = bytes(32), 1
for line in open(sys.argv[1], "rb"):
    line = line.rstrip(b"\n")
    told, event = json.loads(line), line[line.index(b'"event":') + 8 : -1]  # the bytes, not what json makes of them
    computed = hashlib.sha256(previous + event).digest()
    if told["position"] != position or told["hash"] != computed.hex():
        sys.exit(f"the log was altered at position {position}")
    previous, position = computed, position + 1
print(f"{position - 1} events are unaltered; the last hash is {previous.hex()}")
