#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests of Python through a proxy: proxy_client.py PROXY CERTIFICATE URL..., all of one session."""
import sys

import requests

session = requests.Session()
session.trust_env = False
for url in sys.argv[3:]:
    session.get(url, proxies={"http": sys.argv[1], "https": sys.argv[1]}, verify=sys.argv[2], timeout=60)
