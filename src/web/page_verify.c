/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verifies the whole chain while the browser shows how far it is: the page grows, so no script is needed. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <time.h>

#include "report/html_text.h"
#include "web/pages.h"

struct work {
	struct na_verify_options options;
	struct na_verify_result result;
	struct na_verify_progress progress;
};

static void *verify(void *context)
{
	struct work *work = context;

	(void)na_verify(&work->options, &work->result);
	return NULL;
}

static void put_result(FILE *out, const struct na_verify_result *result)
{
	static const struct {
		const char *css, *words;
	} verdicts[] = {
		[NA_VERIFY_OK] = { "all-clear", "Audit chain verified OK" },
		[NA_VERIFY_TAMPERED] = { "alarm", "Audit chain BROKEN" },
		[NA_VERIFY_USAGE] = { "attention", "Nothing can be said" },
		[NA_VERIFY_UNREADABLE] = { "attention", "Nothing can be said" },
		[NA_VERIFY_NOTED] = { "attention", "Audit chain verified with remarks" },
	};

	fprintf(out, "<section class='verdict %s'><strong>%s</strong><p>", verdicts[result->verdict].css,
		verdicts[result->verdict].words);
	na_html_text(out, result->why);
	fputs("</p></section><table class=facts>", out);
	if (result->first_bad_seq)
		fprintf(out, "<tr><th>First bad record<td><a href='/record/%" PRIu64 "'>%" PRIu64 "</a>", result->first_bad_seq,
			result->first_bad_seq);
	fprintf(out, "<tr><th>Records checked<td>%" PRIu64 ", from %" PRIu64 " on<tr><th>Signed to record<td>%" PRIu64
		     "<tr><th>Not signed yet<td>%" PRIu64 "<tr><th>Gaps, losses, unclean starts<td>%" PRIu64 ", %" PRIu64
		     ", %" PRIu64 "<tr><th>Origin<td>", result->records, result->checked_from, result->head_size,
		result->unsigned_records, result->gaps, result->losses, result->unclean_starts);
	na_html_text(out, result->origin);
	fputs("<tr><th>Key<td><code>", out);
	na_html_text(out, result->fingerprint);
	fputs("</code></table><p class=faint>The key is the journal's own: compare it with the fingerprint you wrote down. "
	      "<code>netaudit verify</code> says what each remark is.</p>", out);
}

unsigned int na_web_verify(const struct na_web_settings *settings, const struct na_web_question *question, FILE *out)
{
	struct na_cli cli = *settings->cli;
	struct work work = { .options = { .path = na_cli_journal(&cli, cli.state_dir), .progress = &work.progress } };
	struct timespec until;
	pthread_t thread;

	(void)question;
	na_web_begin(out, "Verify", "/verify");
	fputs("<ul class=faint>", out);
	clock_gettime(CLOCK_REALTIME, &until);
	if (pthread_create(&thread, NULL, verify, &work)) {
		(void)verify(&work);
	} else {
		until.tv_sec++;
		while (pthread_timedjoin_np(thread, NULL, &until) == ETIMEDOUT) {
			fprintf(out, "<li>%" PRIu64 " of %" PRIu64 " records", (uint64_t)work.progress.done,
				(uint64_t)work.progress.total);
			if (fflush(out))
				return 0;	/* nobody is there any more: the process ends, and the thread with it */
			until.tv_sec++;
		}
	}
	fputs("</ul>", out);
	put_result(out, &work.result);
	na_web_end(out);
	return 200;
}
