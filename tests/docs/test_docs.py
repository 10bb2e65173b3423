"""What the documentation says in C compiles, the reference is what the header says, and links lead somewhere.

Needs Python's standard library and a C compiler.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
CC = shlex.split(os.environ.get("CC", "cc"))
STRICT = "-std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only".split()
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bindings/**/*.md"), *ROOT.glob("examples/**/*.md")]
    if "target" not in path.parts
)
# What a block that is no whole file may take for granted.
BEFORE = '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include "diffusion.h"\n'


def blocks(page, language):
    """The blocks of code in a page: (line, text)."""
    text = page.read_text(encoding="utf-8")
    for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.M | re.S):
        yield text.count("\n", 0, match.start()) + 2, match[1]


def compile_c(source, what):
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "block.c"
        file.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [*CC, *STRICT, f"-I{ROOT / 'include'}", str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            check=False,
        )
    if done.returncode != 0:
        raise AssertionError(f"{what}:\n{done.stdout}")


def anchors(page):
    """The places in a page that GitHub makes of its headings."""
    found = set()
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-1")
    return found


class Docs(unittest.TestCase):
    def test_every_block_of_c_compiles(self):
        seen = 0
        for page in PAGES:
            if page.name == "reference.md":
                continue
            for line, text in blocks(page, "c"):
                with self.subTest(page=page.relative_to(ROOT), line=line):
                    compile_c(text if "#include" in text else BEFORE + text, f"{page.name}, line {line}")
                    seen += 1
        self.assertGreater(seen, 10)

    def test_the_references_declarations_are_the_headers(self):
        """A declaration that says something else than the header is an error of the compiler's."""
        text = "\n".join(text for _, text in blocks(ROOT / "docs/reference.md", "c"))
        functions = "\n".join(part for part in re.findall(r"[^;]+;", text) if "typedef" not in part)
        self.assertGreater(functions.count(";"), 200)
        compile_c(BEFORE + functions, "docs/reference.md")

    def test_the_reference_is_fresh(self):
        subprocess.run([sys.executable, ROOT / "scripts/reference.py", "--check"], check=True)

    def test_links_lead_somewhere(self):
        for page in PAGES:
            text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
            text = re.sub(r"`[^`\n]*`", "code", text)
            for link in {*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)}:
                if re.match(r"[a-z]+:", link):
                    continue
                with self.subTest(page=str(page.relative_to(ROOT)), link=link):
                    path, _, anchor = unquote(link).partition("#")
                    to = (page.parent / path).resolve() if path else page
                    self.assertTrue(to.exists(), "there is no such file")
                    if anchor and to.suffix == ".md":
                        self.assertIn(anchor, anchors(to), "there is no such heading")


if __name__ == "__main__":
    unittest.main()
