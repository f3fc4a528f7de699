# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares who the journal says made each call with who did.

A *call* of the truth is a token that reached a peer; its flow is found among the records by protocol and both ports,
and by order in time where a port was used again. Every flow gets one verdict:

    named     the record names the add-on, and its chain begins with the add-ons of the truth
    unknown   the record says that it does not know, or has no author, or a chain that lacks an add-on
    wrong     the record names anybody else: another add-on, Odoo, a library
    limit     unknown, for the very reason that docs/attribution.md gives for calls like this one (LIMITS)

Cells (style, packaging, role) weigh the same, whatever their number of calls. Nothing may be wrong; the shares of
named calls that are asked for are those of THRESHOLDS. The overall share is printed with the limits counted as the
misses they are, and without them; the second one has to reach its threshold.
"""
import collections
import json

PACKAGINGS = {"corpus_source": "source", "corpus_bytecode": "bytecode", "corpus_native": "native"}
ALONE = (("named", "{}"), ("limit", "({})"))    # how the matrix shows a cell with nothing else
THRESHOLDS = {"overall": 0.995, "cell": 0.95}
CHAINS = {   # style: the add-ons on the stack, innermost first; {} is the one whose call it is
    "model": ["{}", "corpus_caller"], "server_action": ["{}", "corpus_caller"], "iap": ["iap", "{}"],
    "opened": ["corpus_pool", "{}"]}    # `opened` is the first use of a connection, `pooled_connection` the second
POOL, GREENLET = "work handed to a pool", "frames of libraries only"
LIMITS = {   # (style, role or None for all): the reason that the record has to give
    ("server_action_mail", None): "code of no known add-on", ("pool_plain", None): POOL,
    ("asyncio_executor", None): POOL, ("thread_plain", "gevent"): GREENLET, ("thread_of_thread", "gevent"): GREENLET,
    ("thread_then_curl", "gevent"): "who started this process is unknown"}
NESTED = {"websocket"}  # every add-on that listens there is on the stack as well
Token = collections.namedtuple("Token", "addon style role number")
Call = collections.namedtuple("Call", "token packaging verdict reason")


def parse(text):
    return Token(*text.split(".")[1:])


def key_of_truth(entry):
    return entry["protocol"], entry["sport"], entry["dport"]


def key_of_record(body):
    return body.get("protocol"), body.get("sport"), body.get("dport")


def connections(truth):
    """{key: one list of truth entries per connection, in order of time}; a use of 0 begins a connection."""
    found = collections.defaultdict(list)
    for entry in sorted(truth, key=lambda entry: entry["t"]):
        flows = found[key_of_truth(entry)]
        if entry["use"] == 0 or not flows:
            flows.append([])
        flows[-1].append(entry)
    return found


def flows(records, ports, network):
    """{key: one list per flow to one of the peers, in order of time}: what began it, then the authors told later."""
    found, flow_of = collections.defaultdict(list), {}
    for body in sorted(records, key=lambda body: body["t"]):
        flow = flow_of.get(body.get("flow"))
        if flow and body["kind"] == "author":
            flow.append(body)
        if not flow and body["kind"] in ("open", "datagram") and body.get("direction") == "outbound" and \
                body.get("netns") == network and body.get("dport") in ports:
            flow_of[body["flow"]] = [body]
            found[key_of_record(body)].append(flow_of[body["flow"]])
    return found


def judge(token, body, user):
    """(verdict, reason) of one record; `user` is the add-on that had the call made."""
    expected, author = [name.format(user) for name in CHAINS.get(token.style, ["{}"])], body.get("author")
    told = {"addon": body.get("addon"), None: "no author"}.get(author, author)
    where = f"{body.get('evidence')} {body.get('frame_file')}:{body.get('frame_line')} {body.get('frame_function')}"
    if author is None:
        return "unknown", "the record has no author"
    if author == "unknown":
        reason = body.get("author_reason", "no reason given")
        limit = LIMITS.get((token.style, token.role), LIMITS.get((token.style, None)))
        return "limit" if reason == limit else "unknown", reason
    if author != "addon" or told != expected[0]:
        return "wrong", f"{author} {told} by {where}"
    chain = body.get("addons", [told])
    ours = [name for name in chain if name.startswith("corpus_") or name in expected]
    if token.style in NESTED:
        ours = ours[:1]
    if ours == expected:
        return "named", ""
    if set(ours) - set(expected):
        return "wrong", f"chain {chain}, should be {expected}"
    return "unknown", f"chain {chain}, should begin with {expected}"


def judge_connection(entries, flow):
    """One call for each token of a connection: the first has the record that begins the flow, each other one a later
    record about another author."""
    tokens = [parse(entry["token"]) for entry in entries]
    user = tokens[-1].addon     # who uses a connection that another add-on opened
    packaging = PACKAGINGS.get(user, "source")
    yield Call(tokens[0], packaging, *(judge(tokens[0], flow[0], user) if flow else ("unknown", "there is no record")))
    for number, token in enumerate(tokens[1:], 1):
        verdict = "unknown", "no record says that another add-on uses the connection"
        if number < len(flow):
            verdict = judge(token, flow[number], user)
        yield Call(token, packaging, *verdict)


def join(truth, records, ports, network):
    """(calls with their verdicts, problems that are no verdict: what is missing, and what nobody made)."""
    calls, problems = [], []
    made, recorded = connections(truth), flows(records, ports, network)
    for key in sorted(set(made) | set(recorded), key=str):
        theirs, ours = made.get(key, []), recorded.get(key, [])
        for number in range(max(len(theirs), len(ours))):
            if number >= len(theirs):
                problems.append(f"extra: recorded and never made: {json.dumps(ours[number][0], sort_keys=True)}")
                continue
            entries = theirs[number]
            if entries[0]["token"] is None:
                problems.append(f"a connection that did not say whose it is: {entries[0]}")
                continue
            if number >= len(ours):
                problems.append(f"missing: {entries[0]['token']} from port {key[1]} to {key[2]}")
            calls += judge_connection(entries, ours[number] if number < len(ours) else [])
    return calls, problems


def complete(plan, truth):
    """Every planned call reached a peer exactly once, and nothing else did."""
    arrived = collections.Counter(entry["token"] for entry in truth if entry["token"])
    opened = {text for text in arrived if parse(text).style == "opened"}
    for text in plan:
        if arrived[text] != 1:
            yield f"the call {text} reached a peer {arrived[text]} times"
    for text in set(arrived) - set(plan) - opened:
        yield f"nobody planned the call {text}"


OWN_AUTHOR = ("exchange", "dns")     # a request on a connection of a pool is not of who opened it


def contradictions(records):
    """
    A flow has the author that its first record named, until a record says that another one uses it; what is said on it is
    of one of these, or of nobody that is known.
    """
    now, users, flows = {}, collections.defaultdict(set), [body for body in records if "flow" in body and "author" in body]
    for body in sorted(flows, key=lambda body: body["t"]):
        named = body["author"], body.get("addon")
        if body["kind"] in OWN_AUTHOR:
            continue
        users[body["flow"]].add(named)
        if body["kind"] == "author":
            now[body["flow"]] = None
        elif now.setdefault(body["flow"], named) not in (None, named):
            yield f"flow {body['flow']} is of {now[body['flow']]} and later of {named}"
    for body in flows:
        named = body["author"], body.get("addon")
        if body["kind"] in OWN_AUTHOR and body["author"] != "unknown" and body["flow"] in users and \
                named not in users[body["flow"]]:
            yield f"flow {body['flow']} is of {sorted(users[body['flow']], key=str)}, and a request on it of {named}"


def is_limit(counts):
    return counts["limit"] and not counts["unknown"] and not counts["wrong"]


def cells_of(calls):
    cells = collections.defaultdict(collections.Counter)
    for call in calls:
        cells[call.token.style, call.packaging, call.token.role][call.verdict] += 1
    return cells


def share(counts):
    return counts["named"] / sum(counts.values())


def mean(cells):
    return sum(map(share, cells.values())) / len(cells) if cells else 0


def matrix(cells):
    """One line per style, one column per packaging and role."""
    columns = sorted({(packaging, role) for _, packaging, role in cells},
                     key=lambda column: (list(PACKAGINGS.values()).index(column[0]), column[1]))
    yield " " * 20 + " ".join(f"{packaging[:6] + ' ' + role[:6]:>13}" for packaging, role in columns)
    for style in sorted({style for style, _, _ in cells}):
        texts = []
        for column in columns:
            counts = cells.get((style, *column))
            texts.append("" if counts is None else
                         next((form.format(counts[verdict]) for verdict, form in ALONE if set(counts) == {verdict}),
                              "/".join(str(counts[verdict]) for verdict in ("named", "unknown", "wrong"))))
        yield f"{style:20}" + " ".join(f"{text:>13}" for text in texts)


def misses(calls):
    """Every call that was not named; those of one style and reason together, with the cells they are in."""
    groups, cells = collections.defaultdict(collections.Counter), collections.defaultdict(set)
    for call in calls:
        cells[call.token.style].add(f"{call.packaging} {call.token.role}")
        if call.verdict != "named":
            groups[call.verdict, call.token.style, call.reason][f"{call.packaging} {call.token.role}"] += 1
    for (verdict, style, reason), places in sorted(groups.items(), reverse=True):
        where = "everywhere" if set(places) == cells[style] else ", ".join(sorted(places))
        yield f"{verdict} {sum(places.values())}x {style}: {reason}: {where}"


def compare(plan, truth, records, ports, network, title=""):
    """Prints everything about one run; returns the problems that make the test fail."""
    calls, problems = join(truth, records, ports, network)
    return [*problems, *contradictions(records), *report(plan, truth, calls, title)]


def report(plan, truth, calls, title):
    """The same about calls that were joined before."""
    problems = list(complete(plan, truth))
    cells = cells_of(calls)
    if not cells:
        return [*problems, "no call was made"]
    print(f"{title}: {len(calls)} calls in {len(cells)} cells; named, or named/unknown/wrong, or (limit)")
    print("\n".join(matrix(cells)))
    print("\n".join(misses(calls)))
    asked = {cell: counts for cell, counts in cells.items() if not is_limit(counts)}
    everywhere = mean(cells)
    overall = mean(asked)
    wrong = sum(call.verdict == "wrong" for call in calls)
    worst = min(asked, key=lambda cell: share(asked[cell]), default=next(iter(cells)))
    print(f"{title}: {len(calls)} calls, {100 * overall:.2f} % named (cells weighted equally; {100 * everywhere:.2f} % with "
          f"the {len(cells) - len(asked)} limits), worst cell {', '.join(worst)} {100 * share(cells[worst]):.0f} %, {wrong} wrong")
    if wrong:
        problems.append(f"{wrong} calls have a wrong author")
    if overall < THRESHOLDS["overall"]:
        problems.append(f"{100 * overall:.2f} % named overall, {100 * THRESHOLDS['overall']:.1f} % are asked for")
    low = [cell for cell in asked if share(asked[cell]) < THRESHOLDS["cell"]]
    if low:
        problems.append(f"{len(low)} cells below {100 * THRESHOLDS['cell']:.0f} %")
    return problems
