/* The header itself: of this repository, or where it is installed. Nothing of it is written down twice. */
#if __has_include("../../../../include/diffusion.h")
#include "../../../../include/diffusion.h"
#else
#include <diffusion.h>
#endif
