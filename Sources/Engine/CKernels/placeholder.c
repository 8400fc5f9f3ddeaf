#include "CKernels.h"
void walt_kernels(void) {}
