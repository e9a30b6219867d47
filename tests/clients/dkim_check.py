"""Checks a DKIM signature (RFC 6376, relaxed/relaxed, rsa-sha256) as a receiver does, with the key of a TXT record.

It shares nothing with the program that signs: regular expressions over bytes, and the package `cryptography`.
"""

import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")


def tags(text):
    pairs = (pair.split(b"=", 1) for pair in text.split(b";") if pair.strip())
    return {name.strip(): re.sub(rb"\s+", b"", value) for name, value in pairs}


def relaxed(name, value):
    return name.lower() + b":" + re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" \t")


def check(mail, look_up):
    """Whether the signature fits. `look_up` takes a name and answers with its TXT record."""
    head, body = mail.split(b"\r\n\r\n", 1)
    headers = HEADER.findall(head + b"\r\n")
    signature = next((value for name, value in headers if name.lower() == b"dkim-signature"), None)
    if signature is None:
        return False
    said = tags(signature)
    if (said[b"v"], said[b"a"], said[b"c"]) != (b"1", b"rsa-sha256", b"relaxed/relaxed"):
        return False
    body = re.sub(rb"[ \t]+(?=\r\n|$)", b"", re.sub(rb"[ \t]+", b" ", body))
    body = re.sub(rb"(\r\n)*$", b"", body) + b"\r\n"
    if base64.b64encode(hashlib.sha256(body).digest()) != said[b"bh"]:
        return False
    left, signed = list(headers), []
    for wanted in said[b"h"].split(b":"):
        # From the bottom up, each one once; a header that is not there counts as nothing.
        at = next((nth for nth in reversed(range(len(left))) if left[nth][0].lower() == wanted.lower()), None)
        if at is not None:
            signed.append(relaxed(*left.pop(at)) + b"\r\n")
    unsigned = re.sub(rb"(;[ \t\r\n]*b=)[^;]*", rb"\1", signature)
    signed.append(relaxed(b"DKIM-Signature", unsigned))
    record = tags(look_up((said[b"s"] + b"._domainkey." + said[b"d"] + b".").decode()))
    key = serialization.load_der_public_key(base64.b64decode(record[b"p"]))
    try:
        key.verify(base64.b64decode(said[b"b"]), b"".join(signed), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return b"from" in said[b"h"].lower().split(b":")
