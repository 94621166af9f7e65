# SPDX-License-Identifier: Apache-2.0
"""What C headers declare, as text that can be compared: see broken()."""
import itertools
import re
import subprocess

IN_ARRAYS = ("loom_option_spec",)  # Structures whose size is the distance to the next.
TOKEN = re.compile(r'\w+|"(?:[^"\\]|\\.)*"|\S')


def declarations(include, header, macros):
    """{name: what it is} of everything that the header under `include` declares, and of macros that begin with
    `macros`. A structure is the list of its members, an enumeration that of its constants."""
    preprocess = ["gcc", "-std=c11", "-E", "-I", str(include), "-include", header, "-x", "c", "/dev/null"]
    own = "".join(_lines_below(subprocess.run(preprocess, check=True, capture_output=True, text=True).stdout, include))
    found = {}
    for words in _split(TOKEN.findall(own), ";"):
        if "{" not in words:
            found[" ".join(words)] = []
            continue
        begin, end = words.index("{"), len(words) - words[::-1].index("}")
        is_enum = "enum" in words[:begin]
        members = _split(words[begin + 1:end - 1], "," if is_enum else ";")
        # All enumerations without a name are one.
        found.setdefault(" ".join(words[:begin] + words[end:]), []).extend(" ".join(member) for member in members)
    defined = subprocess.run([*preprocess, "-dM"], check=True, capture_output=True, text=True).stdout
    for name, text in re.findall(rf"(?m)^#define ({macros}\w*(?:\([^)]*\))?) ?(.*)$", defined):
        found["#define " + name] = [" ".join(TOKEN.findall(text))]
    return found


def broken(old, new):
    """What code that was compiled with `old` would find changed in `new`, in words. New declarations are no change,
    nor are new members behind the old ones of a structure that begins with its size."""
    faults = []
    for name, members in old.items():
        if name not in new:
            faults.append(f"gone or changed: {name}")
        elif name.startswith("#define") and new[name] != members:
            faults.append(f"{name}: {members[0]} became {new[name][0]}")
        elif "enum" in name.split():
            faults += [f"{name}: {member} is gone or changed" for member in members if member not in new[name]]
        else:
            may_grow = members[:1] == ["uint32_t size"] and not any(f"struct {each}" in name for each in IN_ARRAYS)
            pairs = itertools.zip_longest(members, new[name][:len(members)] if may_grow else new[name], fillvalue="nothing")
            faults += [f"{name}: {before} became {after}" for before, after in pairs if before != after]
    return faults


def _lines_below(text, folder):
    """Those that the line markers say are from files below the folder."""
    inside = False
    for line in text.splitlines(keepends=True):
        if line.startswith("# "):
            inside = line.split('"')[1].startswith(str(folder))
        elif inside:
            yield line


def _split(words, separator):
    """At separators that stand in no bracket."""
    parts, part, depth = [], [], 0
    for word in words:
        depth += (word in "({[") - (word in ")}]")
        if word == separator and depth == 0:
            parts.append(part)
            part = []
        else:
            part.append(word)
    return [part for part in [*parts, part] if part]
