#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparison notices every way in which a journal can be wrong about who made a call, with made-up records."""
import contextlib
import copy
import io
import unittest

import compare
import hostile

PORTS, NETWORK = {80, 53}, 7
STYLES = ("requests", "udp", "model", "pooled_connection", "pool_plain")


def entry(number, token, protocol="tcp", dport=80, use=0):
    return {"t": 1000 * number + use, "protocol": protocol, "sport": 40000 + number, "dport": dport, "token": token,
            "use": use}


def record(number, addons, protocol="tcp", dport=80, kind="open", **more):
    return {"kind": kind, "t": 1000 * number - 1, "flow": f"{number:016x}", "direction": "outbound", "netns": NETWORK,
            "protocol": protocol, "sport": 40000 + number, "dport": dport, "author": "addon", "addon": addons[0],
            "addons": addons, "evidence": "python-stack", **more}


class Compared(unittest.TestCase):
    def setUp(self):
        self.plan, self.truth, self.records, self.record_tokens = [], [], [], []
        for addon in compare.PACKAGINGS:
            for style in STYLES:
                for _ in range(2):
                    self.add(addon, style, len(self.plan) + 1)

    def add(self, addon, style, number):
        token = f"corpus.{addon}.{style}.http.t_{number}"
        self.plan.append(token)
        if style == "udp":
            self.truth.append(entry(number, token, "udp", 53))
            self.records.append(record(number, [addon], "udp", 53, "datagram"))
        elif style == "pooled_connection":
            self.truth += [entry(number, f"corpus.corpus_pool.opened.http.t_{number}"), entry(number, token, use=1)]
            self.records += [record(number, ["corpus_pool", addon]),
                             dict(record(number, [addon], kind="author"), t=1000 * number + 1)]
        else:
            self.truth.append(entry(number, token))
            self.records.append(record(number, [addon, "corpus_caller"] if style == "model" else [addon, "web"]))
        self.record_tokens += [token] * (len(self.records) - len(self.record_tokens))

    def problems(self):
        with contextlib.redirect_stdout(io.StringIO()):
            return compare.compare(self.plan, self.truth, self.records, PORTS, NETWORK)

    def told(self, *parts):
        """Some problem mentions all of these."""
        found = self.problems()
        self.assertTrue(any(all(part in problem for part in parts) for problem in found), found)

    def test_what_is_right_passes(self):
        self.assertEqual([], self.problems())

    def test_another_addon(self):
        self.records[0].update(addon="corpus_pool", addons=["corpus_pool"])
        self.told("1 calls have a wrong author")

    def test_odoo_base_and_libraries_are_wrong(self):
        for change in ({"author": "odoo"}, {"author": "library"}, {"addon": "base", "addons": ["base"]}):
            self.records[0] = dict(record(1, ["corpus_source"]), **change)
            self.told("1 calls have a wrong author")

    def test_an_addon_in_the_chain_that_was_not_there(self):
        self.records[0]["addons"] = ["corpus_source", "corpus_pool"]
        self.told("1 calls have a wrong author")

    def test_a_chain_in_the_wrong_order(self):
        model = next(body for body in self.records if "corpus_caller" in body["addons"])
        model["addons"] = model["addons"][::-1]
        self.told("cells below 95 %")

    def test_a_chain_that_hides_an_addon(self):
        model = next(body for body in self.records if "corpus_caller" in body["addons"])
        model["addons"] = model["addons"][:1]
        self.told("cells below 95 %")

    def test_unknown_lowers_its_cell_and_the_whole(self):
        self.records[0].update(author="unknown", author_reason="nobody looked")
        self.told("1 cells below 95 %")
        self.told("named overall")

    def test_a_limit_needs_its_own_reason(self):
        pooled = [body for body, text in zip(self.records, self.record_tokens) if ".pool_plain." in text]
        for body in pooled:
            body.update(author="unknown", author_reason=compare.POOL)
        self.assertEqual([], self.problems())
        pooled[0]["author_reason"] = "nobody looked"
        self.told("1 cells below 95 %")

    def test_a_limit_is_no_excuse_elsewhere(self):
        self.records[0].update(author="unknown", author_reason=compare.POOL)
        self.told("1 cells below 95 %")

    def test_no_author(self):
        del self.records[0]["author"]
        self.told("1 cells below 95 %")

    def test_a_missing_record(self):
        self.records.pop(0)
        self.told("missing: corpus.corpus_source.requests.http.t_1")

    def test_a_second_user_that_is_not_told(self):
        self.records = [body for body in self.records if body["kind"] != "author"]
        self.told("3 cells below 95 %")

    def test_a_second_user_that_is_the_first(self):
        user = next(body for body in self.records if body["kind"] == "author")
        user.update(addon="corpus_pool", addons=["corpus_pool"])
        self.told("1 calls have a wrong author")

    def test_an_extra_record(self):
        self.records.append(record(900, ["corpus_source"]))
        self.told("extra")

    def test_a_record_of_another_network_is_not_ours(self):
        self.records.append(dict(record(900, ["corpus_source"]), netns=NETWORK + 1))
        self.assertEqual([], self.problems())

    def test_a_record_of_somebody_elses_port(self):
        self.records[0]["sport"] = 12345
        self.told("missing")
        self.told("extra")

    def test_ports_used_again_are_told_apart_by_time(self):
        self.truth.append(dict(self.truth[0], t=900_000, token="corpus.corpus_native.udp.http.t_99"))
        self.plan.append("corpus.corpus_native.udp.http.t_99")
        self.records.append(dict(self.records[0], t=899_999, flow="f" * 16, addon="corpus_native",
                                 addons=["corpus_native"]))
        self.assertEqual([], self.problems())
        self.records[-1]["t"] = 1
        self.told("2 calls have a wrong author")

    def test_a_close_that_names_another(self):
        self.records.append(dict(copy.deepcopy(self.records[0]), kind="close", t=990_000, addon="corpus_native"))
        self.told("and later of")

    def test_a_call_that_never_arrived(self):
        self.plan.append("corpus.corpus_source.requests.http.t_77")
        self.told("t_77 reached a peer 0 times")

    def test_a_call_that_arrived_twice(self):
        self.truth.append(dict(self.truth[0], t=950_000, sport=41_000))
        self.told("reached a peer 2 times")

    def test_a_connection_that_did_not_say_whose_it_is(self):
        self.truth.append(entry(800, None))
        self.told("did not say whose it is")

    def test_nothing_at_all(self):
        self.plan, self.truth, self.records = [], [], []
        self.told("no call was made")


class Answers(unittest.TestCase):
    """What the records of hostile cases are compared with."""

    def test_the_right_answers(self):
        conflict = {"author": "unknown", "author_reason": "file and globals name different add-ons",
                    "addons": [hostile.M, hostile.N], "disagree": True}
        self.assertEqual([], hostile.differences(hostile.CONFLICT, conflict))
        for name in ("author", "author_reason", "addons", "disagree"):
            self.assertEqual(1, len(hostile.differences(hostile.CONFLICT, dict(conflict, **{name: None}))), name)

    def test_every_case_is_answered_and_every_answer_has_a_case(self):
        with open(hostile.os.path.join(hostile.lab.HERE, "hostile", hostile.SELF), encoding="utf-8") as file:
            cases = {line.split("(")[0][len("def case_"):] for line in file if line.startswith("def case_")}
        elsewhere = {name for name in hostile.ANSWERS if name.startswith("pretender")} | set(hostile.AGAIN.values())
        self.assertEqual(cases, set(hostile.ANSWERS) - elsewhere)

    def test_a_pretender_is_never_odoo_nor_an_addon(self):
        for author, wrong in (("unknown", 0), ("library", 0), ("odoo", 1), ("addon", 1), (None, 1)):
            self.assertEqual(wrong, len(hostile.differences(hostile.ANSWERS["pretender"], {"author": author})))


if __name__ == "__main__":
    unittest.main()
