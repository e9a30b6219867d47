# A consumer that misses nothing and takes nothing twice: counts shipped orders in SQLite.
#   python3 follow.py http://127.0.0.1:7400 shipped.db
import json, sqlite3, sys, time, urllib.request

server, database = sys.argv[1:3]
stop_at = int(sys.argv[3]) if len(sys.argv) > 3 else None  # for tests: a position to stop at
table = sqlite3.connect(database)
table.execute("CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL)")
table.execute("CREATE TABLE IF NOT EXISTS shipped (order_id INTEGER PRIMARY KEY, shipments INTEGER NOT NULL)")
table.execute("INSERT OR IGNORE INTO place VALUES (1, 0)")

def apply(event):
    if event["type"] == "UnitsShipped":
        table.execute(
            "INSERT INTO shipped VALUES (?, 1) ON CONFLICT (order_id) DO UPDATE SET shipments = shipments + 1",
            [event["data"]["order_id"]],
        )

while True:
    (position,) = table.execute("SELECT position FROM place").fetchone()
    if stop_at is not None and position >= stop_at:
        break
    try:
        with urllib.request.urlopen(f"{server}/v1/events?after={position}&follow=true", timeout=60) as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # broken off in the middle
                told = json.loads(line)
                with table:  # what follows from the event and the place stand or fall together
                    apply(told["event"])
                    table.execute("UPDATE place SET position = ?", [told["position"]])
                if told["position"] == stop_at:
                    break
    except OSError as error:
        print(f"trying again: {error}", file=sys.stderr)
        time.sleep(1)
