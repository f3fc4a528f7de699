#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Checks a netaudit export with a POSIX shell, gzip and openssl (3.0 or later): a second opinion, written independently
# of the others and slow (some 100 records a second at best). Usage: netaudit-verify.sh FINGERPRINT FILE [--witness KEY]
# FINGERPRINT comes from you, never from the file, and so does KEY, a witness's public key (NAME+KEYID+BASE64), which then
# must have cosigned a head. Exit status: 0 verified, 1 changed, cut off or forged, 2 usage, 3 cannot read, 4 verified
# with remarks. The format is docs/export-format.md.
set -eu
LC_ALL=C
export LC_ALL

usage() {
	echo "usage: netaudit-verify.sh FINGERPRINT FILE [--witness KEY] (64 lower-case hex digits, an export, NAME+KEYID+BASE64)" >&2
	exit 2
}
broken() { echo "BROKEN: $*"; exit 1; }

is_number() { case $1 in '' | *[!0-9]* | 0?* | ???????????????????*) return 1 ;; esac; }
is_hash() { case $1 in *[!0-9a-f]*) return 1 ;; esac; [ ${#1} = 64 ]; }

is_name() { case $1 in *[!!-~]* | *+* | '') return 1 ;; esac; [ ${#1} -le 128 ]; }

case $# in 2) watched='' ;; 4) [ "$3" = --witness ] && [ -n "$4" ] || usage; watched=$4 ;; *) usage ;; esac
is_hash "$1" || usage
command -v openssl >/dev/null && command -v gzip >/dev/null || { echo "nothing can be said: openssl or gzip is missing" >&2; exit 3; }
[ -r "$2" ] && [ -f "$2" ] || { echo "nothing can be said: $2 cannot be read" >&2; exit 3; }
place=$(mktemp -d) || exit 3
trap 'rm -rf "$place"' EXIT
trap 'exit 3' INT TERM HUP

# Hex digits to bytes, by way of printf's octal escapes.
bytes() {
	# shellcheck disable=SC2046,SC2059 # one argument for each byte; the escapes are the format
	printf "$(printf '\\%03o' $(printf %s "$1" | sed 's/../ 0x&/g'))"
}
sha256() { openssl dgst -sha256 -r | cut -c1-64; }
node() { bytes "01$1$2" | sha256; }

# The frontier: "LEVEL:HASH" of perfect trees from left to right, blanks between and before.
size=0
frontier=
append() {
	[ $((size % (1 << $1))) = 0 ] || broken "no perfect tree of level $1 can follow record $size"
	level=$1 hash=$2
	size=$((size + (1 << level)))
	while [ "${frontier##* }" != "" ]; do
		top=${frontier##* }
		[ "${top%%:*}" = "$level" ] || break
		hash=$(node "${top#*:}" "$hash")
		level=$((level + 1))
		frontier=${frontier% *}
	done
	frontier="$frontier $level:$hash"
}
root() {
	rest=${frontier% *} at=${frontier##*:}
	while [ -n "$rest" ]; do
		top=${rest##* }
		at=$(node "${top#*:}" "$at")
		rest=${rest% *}
	done
	echo "$at"
}

# unpack BASE64 BYTES: into $place/line, if it is the one spelling of so many bytes
unpack() {
	printf %s "$1" | openssl base64 -d -A >"$place/line" 2>/dev/null || return 1
	[ "$(openssl base64 -A -in "$place/line")" = "$1" ] && [ "$(wc -c <"$place/line")" -eq "$2" ]
}
# part SKIP COUNT: bytes of $place/line as hex digits
part() { dd if="$place/line" bs=1 skip="$1" count="$2" 2>/dev/null | od -An -v -tx1 | tr -d ' \n'; }
# key_id NAME TYPE KEY: what a note says of a key
key_id() { { printf '%s\n' "$1"; bytes "$2$3"; } | sha256 | cut -c1-8; }
# by_key KEY TEXT-FILE: whether the last 64 bytes of $place/line are its signature of the file
by_key() {
	tail -c 64 "$place/line" >"$place/signature"
	bytes "302a300506032b6570032100$1" >"$place/key"
	openssl pkeyutl -verify -pubin -keyform DER -inkey "$place/key" -rawin -in "$2" \
		-sigfile "$place/signature" >/dev/null 2>&1
}
# signed NAME KEY SIGNATURE64: whether the note's body in $place/body is signed by it
signed() { unpack "$3" 68 && [ "$(part 0 4)" = "$(key_id "$1" 01 "$2")" ] && by_key "$2" "$place/body"; }

# member NAME: the text or number under that name in $body, which has it once at most outside of its texts
member() {
	case $body in *"\"$1\":"*) ;; *) return 1 ;; esac
	value=${body#*"\"$1\":"}
	case $value in '"'*) value=${value#?} value=${value%%'"'*} ;; *) value=${value%%[,\}]*} ;; esac
	echo "$value"
}

witness_name='' witness_key='' witness_id='' seen=0 seen_at=0
if [ -n "$watched" ]; then
	witness_name=${watched%%+*} witness_id=${watched#*+} witness_id=${witness_id%%+*}
	is_name "$witness_name" && unpack "${watched#*+*+}" 33 && [ "$(part 0 1)" = 04 ] || usage
	witness_key=$(part 1 32)
	[ "$witness_id" = "$(key_id "$witness_name" 04 "$witness_key")" ] || usage
fi

fingerprint=$1
# Unpacked once for each question and never kept: a small file may hold more than any disk does.
text() { gzip -dc <"$1" 2>/dev/null; }
is_empty() { [ "$(dd bs=1 count=1 2>/dev/null | wc -c)" -eq 0 ]; }
text "$2" | cut -b 65665- | tr -d '\n' | is_empty || broken "a line is too long"
text "$2" | tr -dc '\000' | is_empty || broken "a line has a NUL in it"
gzip -t <"$2" 2>/dev/null || broken "the packed file is damaged or cut off"
mkfifo "$place/text"
text "$2" >"$place/text" &
exec <"$place/text"

take() { IFS= read -r line || broken "it does not begin as an export does"; }
take; [ "$line" = netaudit-export/v1 ] || broken "it does not begin as an export does"
take; origin=${line#origin }
is_name "$origin" || broken "the origin is not one word of visible ASCII"
[ "$line" = "origin $origin" ] || broken "it does not begin as an export does"
take; identity=${line#identity }
[ "$line" = "identity $identity" ] && is_hash "$identity" || broken "it does not begin as an export does"
take; once=${line#first-once }
[ "$line" = "first-once $once" ] && is_hash "$once" || broken "it does not begin as an export does"
[ "$({ printf 'netaudit/fingerprint/v1\n'; bytes "$identity$once"; } | sha256)" = "$fingerprint" ] ||
	broken "its keys are not those of the given fingerprint: it is of another journal"
row=$({ printf 'netaudit/genesis/v1\n%s' "$origin"; bytes "$identity$once"; } | sha256)
take; asked=${line#asked }
[ "$line" = "asked $asked" ] && [ -n "$asked" ] && [ ${#asked} -le 512 ] || broken "it does not begin as an export does"
take; scope=${line%% *} last=${line##* } first=${line#* } first=${first%% *}
[ "$line" = "$scope $first $last" ] && is_number "$first" && is_number "$last" && [ "$first" -gt 0 ] &&
	[ "$first" -le $((last + 1)) ] || broken "the span is none"
case $scope in complete | filtered) ;; *) broken "it does not begin as an export does" ;; esac

due='' next_identity=$identity newest=start
number=0 records=0 heads=0 witnesses=0 rotations=0 gaps=0 losses=0 unclean=0 signatures=0
previous_note=0000000000000000000000000000000000000000000000000000000000000000

on_record() {
	seq=${rest%% *} rest=${rest#* }
	link=${rest%% *} body=${rest#* }
	is_number "$seq" && [ "$seq" -eq $((size + 1)) ] || broken "a record '$seq' where record $((size + 1)) was due"
	[ -z "$due" ] || broken "record $size: its signed head is missing"
	case $body in '{'*'}') ;; *) broken "record $seq: not a record" ;; esac
	if [ -n "$row" ]; then
		[ "$link" = - ] || broken "record $seq: the hash of the row before it is needless"
	else
		is_hash "$link" || broken "record $seq: the hash of the row before it is missing"
		row=$link
	fi
	row=$({ printf 'netaudit/row/v1\n'; bytes "$(printf %016x "$seq")$row"; printf %s "$body"; } | sha256)
	append 0 "$(bytes "00$row" | sha256)"
	records=$((records + 1))
	case $(member kind) in
	head)
		[ "$(member number)" = "$number" ] || broken "record $seq: not head number $number, which was due"
		[ "$(member previous_note)" = "$previous_note" ] || broken "record $seq: names another head before it"
		due=$(member next_key) && is_hash "$due" || broken "record $seq: a head record without a key"
		if next=$(member next_identity); then
			is_hash "$next" || broken "record $seq: its next identity is no key"
			next_identity=$next rotations=$((rotations + 1))
		fi
		;;
	gap) gaps=1 ;;
	lost) losses=1 ;;
	start) [ "$(member clean)" = true ] || unclean=1 ;;
	esac
}

on_skip() {
	level=${rest%% *} root_hash=${rest#* }
	is_number "$level" && [ "$level" -lt 60 ] && is_hash "$root_hash" || broken "not a line of an export"
	[ -z "$due" ] || broken "record $size: its signed head is missing"
	[ "$size" -lt $((1 << 61)) ] || broken "no journal has so many records"
	[ "$scope" = filtered ] || [ $((size + (1 << level))) -lt "$first" ] || [ "$size" -ge "$last" ] ||
		broken "records after $size are left out of a span that is said to be complete"
	append "$level" "$root_hash"
	row=
}

on_head() {
	head_size=${rest%% *} rest=${rest#* }
	root64=${rest%% *} rest=${rest#* }
	one=${rest%% *} two=${rest#* }
	[ -n "$due" ] && [ "$head_size" = "$size" ] || broken "head at $head_size: it does not follow its own record"
	[ "$(bytes "$(root)" | openssl base64 -A)" = "$root64" ] || broken "the records up to $size are not those that were signed"
	printf '%s\n%s\n%s\n' "$origin" "$size" "$root64" >"$place/body"
	signed "$origin" "$identity" "$one" || broken "head at $size: not signed by the identity key"
	signed "$origin/once" "$once" "$two" || broken "head at $size: not signed by its one-time key"
	signatures=$((signatures + 2))
	previous_note=$({ cat "$place/body"; printf '\n\342\200\224 %s %s\n\342\200\224 %s/once %s\n' "$origin" "$one" "$origin" "$two"; } | sha256)
	once=$due identity=$next_identity due='' number=$((number + 1)) heads=$((heads + 1))
}

on_witness() {
	name=${rest%% *} cosignature=${rest#* }
	is_name "$name" && unpack "$cosignature" 76 || broken "not a line of an export"
	witnesses=$((witnesses + 1))
	[ "$name" = "$witness_name" ] && [ "$(part 0 4)" = "$witness_id" ] || return 0
	when=$(printf %u "0x$(part 4 8)")
	{ printf 'cosignature/v1\ntime %s\n' "$when"; cat "$place/body"; } >"$place/cosigned"
	by_key "$witness_key" "$place/cosigned" || broken "head at $size: not cosigned by the witness $name, whose name is under it"
	seen=$size seen_at=$when
}

while IFS= read -r line; do
	word=${line%% *} rest=${line#* }
	case $word in
	record) on_record ;;
	skip) on_skip ;;
	head) on_head ;;
	witness)
		case $newest in head | witness) on_witness ;; *) broken "a witness without a head" ;; esac
		;;
	end)
		case $newest in head | witness) ;; *) broken "it ends without a signed head" ;; esac
		[ "$line" = "end $records $heads" ] && [ "$last" -le "$size" ] || broken "its end is wrong"
		;;
	*) broken "not a line of an export" ;;
	esac
	[ "$newest" != end ] || broken "something follows its end"
	newest=$word
done
[ "$newest" = end ] && [ -z "$line" ] || broken "it ends before its end: something was cut off"
[ "$signatures" -ge 2 ] && [ "$signatures" = $((2 * heads)) ] || broken "no signature was checked"

[ -z "$watched" ] || [ "$seen" != 0 ] || broken "no head in it is cosigned by the witness"

remarks=$([ $((gaps + losses + unclean)) = 0 ] || echo ' with remarks')
echo "verified$remarks: journal $origin, key $fingerprint"
echo "$heads signed heads, $signatures signatures, the newest over records 1 to $size"
if [ "$scope" = complete ]; then
	echo "complete: every record from $first to $last is in the file"
else
	echo "filtered: $records genuine records; it proves what is in it, not what is absent"
fi
[ $gaps = 0 ] || echo "remark: gaps: spans in which something may have been missed"
[ $losses = 0 ] || echo "remark: losses: events were lost, counted and recorded as such"
[ $unclean = 0 ] || echo "remark: unclean stops of the daemon"
checked='not checked: no key was given'
[ -z "$watched" ] || checked='those of the given one are right'
echo "identity key changed $rotations times; $witnesses cosignatures of witnesses ($checked)"
[ -z "$watched" ] || echo "the witness $witness_name saw records 1 to $seen, $seen_at seconds after 1970"
printf 'asked for (a claim, not proved): %s\n' "$(printf %s "$asked" | tr -c ' -~' '?')"
[ -z "$remarks" ] || exit 4
