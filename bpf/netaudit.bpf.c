// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
/* The home of all maps, settings and the licence; the programs are in the files beside it. */
#define NA_DEFINE
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
