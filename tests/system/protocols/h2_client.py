#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests of httpx over HTTP/2, all of one connection: h2_client.py CERTIFICATE ORIGIN."""
import sys

import httpx

with httpx.Client(http2=True, http1=False, verify=sys.argv[1], trust_env=False) as client:
    for i in range(4):
        assert client.get(f"{sys.argv[2]}/httpx/get/{i}?one={i}&two=x").http_version == "HTTP/2"
        client.post(f"{sys.argv[2]}/httpx/post/{i}", content=b"x" * (i * 20000))
    client.get(f"{sys.argv[2]}/status/404")
