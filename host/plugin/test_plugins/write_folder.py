# SPDX-License-Identifier: Apache-2.0
"""Writes the C++ file that tells tests where the test plugins are: write_folder.py FOLDER OUTPUT"""
import json
import sys

folder, output = sys.argv[1:]
with open(output, "w", encoding="utf-8") as file:
    file.write(
        "// Written by write_folder.py.\n"
        "namespace loom::host {\n"
        "extern const char* const test_plugin_folder;\n"
        f"const char* const test_plugin_folder = {json.dumps(folder, ensure_ascii=False)};\n"
        "}  // namespace loom::host\n"
    )
