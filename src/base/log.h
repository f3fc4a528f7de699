/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line per event on standard error, for people and for the systemd journal.
 *
 * When standard error is the systemd journal (JOURNAL_STREAM names it) each line starts with the
 * sd-daemon(3) priority prefix "<N>"; on a terminal or file it starts with the program's name.
 * A line is one write(2), so lines of several processes do not mix. Control characters that reach
 * the formatted line are escaped: a log line cannot be forged by what it quotes.
 */
#ifndef NETAUDIT_BASE_LOG_H
#define NETAUDIT_BASE_LOG_H

/* The numbers are syslog priorities, which is what the prefix wants. */
enum na_log_level { NA_LOG_ERROR = 3, NA_LOG_WARNING = 4, NA_LOG_NOTICE = 5, NA_LOG_INFO = 6, NA_LOG_DEBUG = 7 };

/* `name` appears before each line, must outlive the process's logging, and may be changed after fork. */
void na_log_open(const char *name, enum na_log_level most_verbose);
void na_log(enum na_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define na_log_error(...) na_log(NA_LOG_ERROR, __VA_ARGS__)
#define na_log_warning(...) na_log(NA_LOG_WARNING, __VA_ARGS__)
#define na_log_notice(...) na_log(NA_LOG_NOTICE, __VA_ARGS__)
#define na_log_info(...) na_log(NA_LOG_INFO, __VA_ARGS__)
#define na_log_debug(...) na_log(NA_LOG_DEBUG, __VA_ARGS__)

#endif
