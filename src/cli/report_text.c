/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Trust Report as text: verdict, chips, causes, three cards, two lists side by side, add-on by destination. */
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/report.h"

#define NAME_BYTES 256
#define ROWS_MOST 12		/* of a list; --json has all */
#define BAR 12

static const enum na_colour level_colours[] = {
	[NA_ALL_CLEAR] = NA_GREEN, [NA_ATTENTION] = NA_YELLOW, [NA_ALARM] = NA_RED,
};

static const char *escaped(char out[NAME_BYTES], const char *text)
{
	na_escape(out, NAME_BYTES, text, strlen(text));
	return out;
}

/* The text in a column of `width`, cut with an ellipsis where it is longer. */
static void put_column(const char *text, size_t width)
{
	size_t shown = 0, i = 0;

	for (; text[i]; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80 && ++shown > width - (na_display_width(text) > width ? 2 : 0))
			break;
		putchar(text[i]);
	}
	if (text[i])
		fputs("..", stdout);
	for (shown = na_display_width(text); shown < width; shown++)
		putchar(' ');
}

static size_t terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 80;
}

static void title(const struct na_cli *cli, const char *text)
{
	printf("\n%s%s%s\n", na_colour(cli, NA_BOLD), text, na_colour(cli, NA_PLAIN));
}

/* ---- verdict and chips ---- */

static void print_verdict(const struct na_cli *cli, const struct na_report *report)
{
	static const char *const words[] = {
		[NA_ALL_CLEAR] = "ALL-CLEAR  nothing was found that you have to look at",
		[NA_ATTENTION] = "ATTENTION  something is not proven; see below",
		[NA_ALARM] = "ALARM  something is wrong; see below",
	};
	char since[NA_HUMAN_BYTES], until[NA_HUMAN_BYTES];

	na_local_time(since, report->since);
	na_local_time(until, report->until);
	printf("%s%s%s%s\n", na_colour(cli, NA_BOLD), na_colour(cli, level_colours[report->verdict]), words[report->verdict],
	       na_colour(cli, NA_PLAIN));
	printf("Trust Report, %.16s to %.16s\n", since, until);
}

static void chip_detail(char out[NAME_BYTES], const struct na_report *report, const struct na_chip *chip)
{
	char count[NA_HUMAN_BYTES], time[NA_HUMAN_BYTES];
	int64_t coverage = na_report_coverage(report);

	out[0] = '\0';
	if (!strcmp(chip->id, "chain") && report->verified.head_size)
		(void)snprintf(out, NAME_BYTES, "to record %s at %.19s",
			       na_human_count(count, (int64_t)report->verified.head_size),
			       na_local_time(time, report->verified.head_t));
	else if (!strcmp(chip->id, "coverage"))
		(void)snprintf(out, NAME_BYTES, "%" PRId64 ".%" PRId64 " %% of the time the daemon ran%s", coverage / 10, coverage % 10,
			       report->stopped_us ? "; it was stopped for a while" : "");
}

static void print_chips(const struct na_cli *cli, const struct na_report *report)
{
	static const char *const marks[] = { [NA_ALL_CLEAR] = "ok", [NA_ATTENTION] = "!", [NA_ALARM] = "!!" };
	static const char *const signs[] = { [NA_ALL_CLEAR] = "\xe2\x9c\x93", [NA_ATTENTION] = "!", [NA_ALARM] = "\xe2\x9c\x97" };

	putchar('\n');
	for (size_t i = 0; i < na_chip_count; i++) {
		enum na_level level = na_chip_level(report, &na_chips[i]);
		char detail[NAME_BYTES];

		chip_detail(detail, report, &na_chips[i]);
		printf("  %s", na_colour(cli, level_colours[level]));
		put_column(cli->utf8 ? signs[level] : marks[level], 2);
		printf("%s ", na_colour(cli, NA_PLAIN));
		put_column(na_chips[i].title, 30);
		printf("%s%s%s\n", na_colour(cli, NA_FAINT), detail, na_colour(cli, NA_PLAIN));
	}
}

static void print_findings(const struct na_cli *cli, const struct na_report *report)
{
	char text[NAME_BYTES * 3], time[NA_HUMAN_BYTES];
	size_t of_rule = 0;

	if (report->finding_count)
		title(cli, "Causes");
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct na_finding *finding = &report->findings[i];
		const struct na_rule *rule = finding->rule;

		of_rule = i && finding[-1].rule == rule ? of_rule + 1 : 1;
		if (of_rule == ROWS_MOST + 1)
			printf("  ... and more of '%s'; --json has all\n", rule->title);
		if (of_rule > ROWS_MOST)
			continue;
		na_escape(text, sizeof(text), finding->text, strlen(finding->text));
		printf("  %s%-9s%s %s\n", na_colour(cli, finding->ack ? NA_FAINT : level_colours[rule->level]),
		       finding->ack ? "known" : na_level_name(rule->level), na_colour(cli, NA_PLAIN), text);
		printf("            %s", na_colour(cli, NA_FAINT));
		if (finding->since)
			printf("since %.16s  ", na_local_time(time, finding->since));
		na_escape(text, sizeof(text), finding->command, strlen(finding->command));
		printf("%s  %s%s\n", text, of_rule == 1 ? rule->advice : "", na_colour(cli, NA_PLAIN));
	}
	if (report->finding_count)
		printf("  %swhat each means, and what ends it: docs/alarms.md%s\n", na_colour(cli, NA_FAINT), na_colour(cli, NA_PLAIN));
}

/* Whom an add-on has reached for the first time. In a journal that is younger than the period all would be. */
static void print_firsts(const struct na_cli *cli, const struct na_report *report)
{
	char name[NAME_BYTES], time[NA_HUMAN_BYTES];

	if (report->first_count)
		title(cli, "New in this period");
	for (size_t i = 0; i < report->first_count && i < ROWS_MOST; i++) {
		const struct na_report_first *first = &report->firsts[i];

		printf("  %.16s  ", na_local_time(time, first->t));
		put_column(first->addon[0] ? escaped(name, first->addon) : "(no add-on)", 22);
		putchar(' ');
		put_column(escaped(name, first->destination), 32);
		printf(" %s\n", na_bucket_name(first->bucket));
	}
	if (report->first_count > ROWS_MOST)
		printf("  ... %zu more; --json has them\n", report->first_count - ROWS_MOST);
}

/* ---- cards and lists ---- */

static void print_card(const struct na_cli *cli, const char *name, const struct na_sums *sums)
{
	char calls[NA_HUMAN_BYTES], out[NA_HUMAN_BYTES], in[NA_HUMAN_BYTES];

	printf("  %s%-12s%s %10s calls  %8s sent  %8s received\n", na_colour(cli, NA_BOLD), name, na_colour(cli, NA_PLAIN),
	       na_human_count(calls, sums->calls), na_human_bytes(out, sums->bytes_out), na_human_bytes(in, sums->bytes_in));
}

static void print_cards(const struct na_cli *cli, const struct na_report *report)
{
	struct na_sums all = { 0 };

	for (int i = 0; i < NA_BUCKET_COUNT; i++) {
		all.calls += report->total[i].calls;
		all.bytes_out += report->total[i].bytes_out;
		all.bytes_in += report->total[i].bytes_in;
	}
	title(cli, "Calls out");
	print_card(cli, "Total", &all);
	print_card(cli, "Vendor", &report->total[NA_BUCKET_VENDOR]);
	print_card(cli, "Third party", &report->total[NA_BUCKET_THIRD_PARTY]);
}

struct list {
	const char *title;
	unsigned int buckets;		/* bits */
	const struct na_report_destination *row[ROWS_MOST];
	size_t rows, more;
};

static void fill_list(struct list *list, const struct na_report *report)
{
	for (size_t i = 0; i < report->destination_count; i++) {
		if (!(list->buckets & 1u << report->destinations[i].bucket))
			continue;
		if (list->rows < ROWS_MOST)
			list->row[list->rows++] = &report->destinations[i];
		else
			list->more++;
	}
}

static void print_cell(const struct na_cli *cli, const struct list *list, size_t i, size_t width)
{
	char name[NAME_BYTES], text[NAME_BYTES * 2], bytes[NA_HUMAN_BYTES];
	const struct na_report_destination *row = i < list->rows ? list->row[i] : NULL;
	int64_t most = list->rows ? list->row[0]->sums.bytes_out : 0;
	int64_t filled = row && most ? (row->sums.bytes_out * BAR + most - 1) / most : 0;

	if (!row) {
		put_column(i == 0 ? "none" : i == list->rows && list->more ? "... --json has all" : "", width);
		return;
	}
	escaped(name, row->destination[0] ? row->destination : row->component);
	if (row->component[0] && row->destination[0])
		(void)snprintf(text, sizeof(text), "%s (%s)", name, row->component);
	else
		(void)snprintf(text, sizeof(text), "%s", name);
	put_column(text, width - BAR - 20);
	printf(" %s", na_colour(cli, row->bucket == NA_BUCKET_THIRD_PARTY ? NA_BLUE : NA_YELLOW));
	for (int64_t j = 0; j < BAR; j++)
		fputs(j >= filled ? " " : cli->utf8 ? "\xe2\x96\x88" : "#", stdout);
	printf("%s %7s %8" PRId64 "x ", na_colour(cli, NA_PLAIN), na_human_bytes(bytes, row->sums.bytes_out),
	       row->sums.calls + row->sums.exchanges);
}

static void print_lists(const struct na_cli *cli, const struct na_report *report)
{
	struct list vendors = { "Vendors, and who may be one",
				1u << NA_BUCKET_VENDOR | 1u << NA_BUCKET_SUSPECTED_VENDOR | 1u << NA_BUCKET_UNKNOWN |
					1u << NA_BUCKET_SELF, { NULL }, 0, 0 };
	struct list others = { "Third parties and Odoo's services",
			       1u << NA_BUCKET_THIRD_PARTY | 1u << NA_BUCKET_ODOO, { NULL }, 0, 0 };
	size_t width = terminal_width();
	size_t half = width >= 120 ? (width - 6) / 2 : width - 4;

	fill_list(&vendors, report);
	fill_list(&others, report);
	if (width >= 120) {
		printf("\n%s  ", na_colour(cli, NA_BOLD));
		put_column(vendors.title, half + 2);
		printf("%s%s\n", others.title, na_colour(cli, NA_PLAIN));
	}
	for (size_t i = 0; width >= 120 && i <= ROWS_MOST; i++) {
		if (i && i >= vendors.rows + (vendors.more > 0) && i >= others.rows + (others.more > 0))
			break;
		fputs("  ", stdout);
		print_cell(cli, &vendors, i, half);
		fputs("  ", stdout);
		print_cell(cli, &others, i, half);
		putchar('\n');
	}
	for (int side = 0; width < 120 && side < 2; side++) {
		const struct list *list = side ? &others : &vendors;

		title(cli, list->title);
		for (size_t i = 0; i == 0 || i < list->rows + (list->more > 0); i++) {
			fputs("  ", stdout);
			print_cell(cli, list, i, half);
			putchar('\n');
		}
	}
}

static const char *who(const struct na_report_call *call)
{
	return call->addon[0] ? call->addon : !strcmp(call->author, "odoo") ? "(Odoo itself)" :
	       !strcmp(call->author, "library") ? "(a library)" : call->author[0] ? "(unknown)" : "(not Odoo)";
}

/* Which add-on talks to whom: internal destinations are left to --json. */
static void print_matrix(const struct na_cli *cli, const struct na_report *report)
{
	char name[NAME_BYTES], bytes[NA_HUMAN_BYTES];
	size_t shown = 0;

	for (size_t i = 0; i < report->call_count && shown <= 2 * (size_t)ROWS_MOST; i++) {
		const struct na_report_call *call = &report->calls[i];

		if (call->inbound || call->bucket == NA_BUCKET_INTERNAL)
			continue;
		if (shown++ == 0)
			title(cli, "Add-on by destination");
		if (shown > 2 * (size_t)ROWS_MOST) {
			puts("  ... --json has all");
			break;
		}
		fputs("  ", stdout);
		put_column(escaped(name, who(call)), 22);
		putchar(' ');
		put_column(escaped(name, call->destination[0] ? call->destination : call->component), 32);
		printf(" %-16s %7s sent %6" PRId64 " calls %6" PRId64 " exchanges\n", na_bucket_name(call->bucket),
		       na_human_bytes(bytes, call->sums.bytes_out), call->sums.calls, call->sums.exchanges);
	}
}

/* ---- in a pipe ---- */

static void put_facts(const struct na_report *report)
{
	char text[NAME_BYTES * 3], subject[NAME_BYTES], name[NAME_BYTES], addon[NAME_BYTES];

	printf("verdict\t%s\n", na_level_name(report->verdict));
	for (size_t i = 0; i < na_chip_count; i++)
		printf("chip\t%s\t%s\n", na_chips[i].id, na_level_name(na_chip_level(report, &na_chips[i])));
	for (size_t i = 0; i < report->finding_count; i++) {
		const struct na_finding *finding = &report->findings[i];

		na_escape(text, sizeof(text), finding->text, strlen(finding->text));
		printf("finding\t%s\t%s\t%s\t%s\t%s\n", finding->ack ? "acknowledged" : na_level_name(finding->rule->level),
		       finding->rule->id, escaped(subject, finding->subject), text, finding->command);
	}
	for (size_t i = 0; i < report->first_count; i++) {
		const struct na_report_first *first = &report->firsts[i];

		printf("new\t%s\t%s\t%s\t%" PRId64 "\n", na_bucket_name(first->bucket), escaped(name, first->destination),
		       escaped(addon, first->addon), first->t);
	}
	for (int i = 0; i < NA_BUCKET_COUNT; i++)
		printf("total\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n", na_bucket_name((enum na_bucket)i), report->total[i].calls,
		       report->total[i].bytes_out, report->total[i].bytes_in);
	for (size_t i = 0; i < report->call_count; i++) {
		const struct na_report_call *call = &report->calls[i];

		printf("call\t%s\t%s\t%s\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\n",
		       call->inbound ? "inbound" : "outbound", na_bucket_name(call->bucket), call->component,
		       escaped(name, call->destination), escaped(addon, who(call)), call->sums.calls, call->sums.exchanges,
		       call->sums.bytes_out, call->sums.bytes_in);
	}
}

void na_report_text(const struct na_cli *cli, const struct na_report *report)
{

	if (!cli->terminal) {
		put_facts(report);
		return;
	}
	print_verdict(cli, report);
	print_chips(cli, report);
	print_findings(cli, report);
	print_firsts(cli, report);
	print_cards(cli, report);
	print_lists(cli, report);
	print_matrix(cli, report);
}
