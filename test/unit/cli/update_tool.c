// SPDX-License-Identifier: Apache-2.0
// limpet update with the key of the tests pinned, for test/system/tool/update.
#include <stdio.h>
#include <string.h>

#include "limpet/cmd.h"
#include "limpet/ui.h"

int main(int argc, char **argv)
{
    lp_ui_init();
    argc = lp_ui_parse(argc, argv);
    if (argc > 1 && strcmp(argv[1], "update") == 0) {
        return lp_cmd_update(argc - 1, argv + 1);
    }
    puts("limpet 0.1.0");
    return 0;
}
