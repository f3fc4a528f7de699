// SPDX-License-Identifier: GPL-2.0-or-later
/* What the frames of one stack show of an inbound request that is being handled: the rules of evidence `route`. */
#include "attribute/rules.h"

static unsigned int traits_at(const struct na_frame_view *frames, size_t i)
{
	return frames[i].statement->traits;
}

/* Index of the outermost frame with this trait further in than `end`; NA_NO_FRAME. */
static size_t outermost(const struct na_frame_view *frames, size_t end, unsigned int trait)
{
	while (end-- > 0)
		if (traits_at(frames, end) & trait)
			return end;
	return NA_NO_FRAME;
}

/* A server that handles a request and answers it in one go, in a thread that does nothing else meanwhile. */
static bool is_serving(const struct na_frame_view *frames, size_t count, bool main_thread)
{
	unsigned int root = main_thread ? NA_TRAIT_PROGRAM | NA_TRAIT_SERVER : NA_TRAIT_THREADING;

	return (traits_at(frames, count - 1) & root) && outermost(frames, count, NA_TRAIT_SERVING) != NA_NO_FRAME;
}

bool na_rules_is_servers_thread(const struct na_frame_view *frames, size_t count, enum na_stack_status status)
{
	size_t outer = count;

	while (outer && (traits_at(frames, outer - 1) & NA_TRAIT_THREADING))
		outer--;
	return status == NA_STACK_COMPLETE && outer && outer < count && (traits_at(frames, outer - 1) & NA_TRAIT_SERVER);
}

static bool is_controller(const struct na_statement *statement)
{
	if (statement->traits & NA_TRAIT_NATIVE)
		return statement->says == NA_SAYS_ADDON;
	if (!(statement->traits & NA_TRAIT_METHOD))
		return false;
	return statement->says == NA_SAYS_ADDON || (statement->says == NA_SAYS_ODOO && statement->addon);
}

void na_rules_of_route(struct na_sight *sight, const struct na_frame_view *frames, size_t count,
		       enum na_stack_status status, bool main_thread)
{
	size_t serving, route;

	*sight = (struct na_sight){ .controller = NA_NO_FRAME };
	if (!count || status != NA_STACK_COMPLETE || !is_serving(frames, count, main_thread))
		return;
	sight->serving = true;
	serving = outermost(frames, count, NA_TRAIT_SERVING);
	route = outermost(frames, serving, NA_TRAIT_ROUTE);
	if (route == NA_NO_FRAME)
		return;
	sight->handling = true;
	/* where native code could not be followed, it may lie between the two, and be the controller */
	for (size_t i = 0; i < count; i++)
		if ((traits_at(frames, i) & NA_TRAIT_NATIVE) && frames[i].statement->says == NA_SAYS_UNDESCRIBED)
			return;
	/* somebody else may call a controller's method: then it is not what handles the request */
	if (route && (traits_at(frames, route + 1) & NA_TRAIT_DISPATCH) && is_controller(frames[route - 1].statement))
		sight->controller = route - 1;
}
