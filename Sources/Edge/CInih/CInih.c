// A C target needs a source; the static assertions of its header are checked here.
#include "CInih.h"
