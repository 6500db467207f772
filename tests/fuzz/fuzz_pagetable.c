/* SPDX-License-Identifier: GPL-2.0-only */
/* Page-table updates of two hostile domains: no sequence may leave a count wrong or a rule broken. */
#include "tests/unit/pt-model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    model_reset();
    model_own(0, 1, MODEL_FRAMES / 2 - 1);
    model_own(1, MODEL_FRAMES / 2, MODEL_FRAMES / 2);
    model_run(data, size < 1200 ? size : 1200);
    model_destroy();
    return 0;
}
