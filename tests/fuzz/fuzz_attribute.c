/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzzes the rules of attribution: whatever frames say, a name is only given where a frame proves it. */
#include <attribute/names.h>
#include <attribute/rules.h>
#include <attribute/text.h>

#include "fuzz.h"

static const struct na_addon addons[] = { { .name = "n" }, { .name = "m" }, { .name = "base", .base = true } };

static struct na_statement take_statement(struct fuzz_input *input)
{
	uint8_t byte = fuzz_byte(input);
	uint16_t traits;
	struct na_statement statement = { .says = byte % (NA_SAYS_ADDON + 1), .evidence = NA_EVIDENCE_PYTHON_STACK };

	fuzz_take(input, &traits, sizeof(traits));
	statement.traits = traits & 0x3ff;
	if (statement.says != NA_SAYS_LIBRARY && statement.says != NA_SAYS_ODOO)	/* as na_frame_says() has it */
		statement.traits &= NA_TRAIT_BODY | NA_TRAIT_COMPREHENSION | NA_TRAIT_PROGRAM | NA_TRAIT_NATIVE;
	if (statement.says == NA_SAYS_ADDON || statement.says == NA_SAYS_CLAIM || statement.says == NA_SAYS_CONFLICT)
		statement.addon = &addons[byte >> 4 & 1];
	if (statement.says == NA_SAYS_CONFLICT)
		statement.other = &addons[!(byte >> 4 & 1)];
	if (statement.says == NA_SAYS_ODOO && byte & 0x10)
		statement.addon = &addons[2];
	return statement;
}

/* A name that was asked for: any bytes become a short text that ends. */
static void check_name(struct fuzz_input *input)
{
	struct na_name_event event = { 0 };
	char name[NA_NAME_TEXT_BYTES];

	fuzz_take(input, &event.host, sizeof(event.host));
	fuzz_take(input, event.host_text, sizeof(event.host_text));
	na_name_of_event(name, &event);
	REQUIRE(strnlen(name, sizeof(name)) < sizeof(name));
	(void)na_name_is_address(name);
}

/* Nothing that leaves the author open lies between the one who is named and the call. */
static void check_named(const struct na_verdict *verdict, const struct na_frame_view *frames)
{
	const struct na_statement *deciding;

	REQUIRE(verdict->deciding < NA_STACK_FRAMES);
	deciding = frames[verdict->deciding].statement;
	REQUIRE(deciding && deciding->says == NA_SAYS_ADDON && deciding->addon == verdict->addon && !verdict->addon->base);
	for (size_t i = 0; i < verdict->deciding; i++) {
		const struct na_statement *inner = frames[i].statement;
		bool text = inner->traits & (NA_TRAIT_BODY | NA_TRAIT_COMPREHENSION);

		REQUIRE(!(inner->traits & (NA_TRAIT_FINALIZER | NA_TRAIT_POOL)));
		REQUIRE(inner->says == NA_SAYS_LIBRARY || inner->says == NA_SAYS_ODOO || text);
		REQUIRE(inner->says != NA_SAYS_CONFLICT);
		REQUIRE(inner->says != NA_SAYS_CLAIM || !strcmp(inner->addon->name, verdict->addon->name));
	}
}

static void check_frames(struct fuzz_input *input)
{
	struct na_statement statements[NA_STACK_FRAMES];
	struct na_frame_view frames[NA_STACK_FRAMES] = { 0 };
	enum na_stack_status status = fuzz_byte(input) % (NA_STACK_CODE_LOST + 1);
	uint8_t facts = fuzz_byte(input);
	const struct na_attribution parent = { .author = facts >> 6, .addon = facts >> 6 == NA_AUTHOR_ADDON ? addons : NULL };
	struct na_origin origin = {
		.server = facts & 1, .odoo_scope = facts & 2, .main_thread = facts & 4, .inbound = facts & 8,
		.executed = facts & 16, .process_parent = facts & 32 ? &parent : NULL,
	};
	struct na_verdict verdict;
	const struct na_attribution *answer;
	size_t count = 0;

	origin.thread = fuzz_byte(input) % (NA_STARTER_UNKNOWN + 1);
	origin.thread_parent = origin.thread == NA_STARTER_ADDON ? &parent : NULL;
	for (; count < NA_STACK_FRAMES && input->left; count++) {
		statements[count] = take_statement(input);
		frames[count] = (struct na_frame_view){ &statements[count], fuzz_byte(input) & NA_FRAME_ENTRY };
	}
	na_rules_of_frames(&verdict, frames, count, status);
	if (facts & 0x40)
		na_rules_of_witness(&verdict, NA_WITNESS_DISAGREES);
	REQUIRE(verdict.deciding == NA_NO_FRAME || verdict.deciding < count);
	REQUIRE(verdict.chain_count <= NA_ATTRIBUTION_CHAIN);
	if (verdict.author == NA_AUTHOR_ADDON)
		check_named(&verdict, frames);
	answer = na_rules_of_origin(&verdict, &origin, status);
	REQUIRE(!answer || answer == &parent);
	REQUIRE(answer || verdict.author != NA_AUTHOR_UNKNOWN || verdict.reason);
	REQUIRE(verdict.author != NA_AUTHOR_LIBRARY || !origin.odoo_scope);
	REQUIRE(!(facts & 0x40) || (verdict.author == NA_AUTHOR_UNKNOWN && !verdict.addon && !answer) ||
		status == NA_STACK_NO_PYTHON || status == NA_STACK_NO_STATE);
	na_rules_of_starter(frames, count, verdict.author);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, size };
	struct na_code_text header;
	char out[NA_TEXT_UTF8_BYTES], *text;

	switch (fuzz_byte(&input) & 3) {
	case 1:
	case 3:
		check_frames(&input);
		return 0;
	case 2:
		check_name(&input);
		return 0;
	default:
		break;
	}
	fuzz_take(&input, &header, sizeof(header));
	text = fuzz_exact(input.at, input.left);
	REQUIRE(na_text_decode(out, &header, text, input.left) == strlen(out));
	free(text);
	return 0;
}
