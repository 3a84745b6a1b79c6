// libinih as Debian builds it.
#pragma once

#include <ini.h>

// The two facts of that build which the Swift face relies on.
_Static_assert(INI_HANDLER_LINENO == 0, "the handler takes four arguments");
_Static_assert(INI_ALLOW_NO_VALUE == 0, "a key without a value is refused, never NULL");
